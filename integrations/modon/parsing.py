"""Bodies of any kind: the programs that call send multipart, urlencoded and JSON, and not always what they announce."""

import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopFutureHandlers
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.datastructures import MultiValueDict
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from integrations.bodies import MAX_FIELDS, check_storable, parse_form, parse_json, read_body
from integrations.dialect import IgnoreAccept

_BOUNDARY = re.compile(rb"--([0-9A-Za-z'()+_,./:=?-]{1,200})\r\n")


class AnyBodyParser(BaseParser):
    """The body's fields: text, or what JSON has. Raises `ParseError` and `TooLarge`."""

    media_type = "*/*"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = read_body(stream)
        fields = parse(body, (media_type or "").partition(";")[0].strip().lower())
        if not isinstance(fields, dict):
            raise exceptions.ParseError("The request body must have fields")
        return fields


def parse(body: bytes, announced: str) -> Any:
    """What the body looks like counts, and what it is announced as only where that leaves a doubt."""
    body = body.lstrip(b"\r\n")
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"{" or (announced == "application/json" and b"=" not in body):
        return parse_json(body)
    if boundary := _BOUNDARY.match(body):
        return _parse_multipart(body, boundary[1].decode())
    if announced == "multipart/form-data" and b"=" not in body and body.strip():
        raise exceptions.ParseError("The request body is not valid multipart")
    return parse_form(body)


class _NoFiles(FileUploadHandler):
    """No call takes a file: whatever comes is read past."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise StopFutureHandlers

    def file_complete(self, file_size: int) -> None:
        return None


def _parse_multipart(body: bytes, boundary: str) -> dict[str, str]:
    meta = {"CONTENT_TYPE": f'multipart/form-data; boundary="{boundary}"', "CONTENT_LENGTH": str(len(body))}
    fields: MultiValueDict
    try:
        fields, _ = MultiPartParser(meta, BytesIO(body), [_NoFiles()], "utf-8").parse()
        if len(fields) > MAX_FIELDS:
            raise ValueError("too many fields")
        found = {str(name): str(value) for name, value in fields.items()}
        check_storable(found)
    except (MultiPartParserError, SuspiciousOperation, ValueError) as error:
        raise exceptions.ParseError("The request body is not valid multipart") from error
    return found


class AnyType(IgnoreAccept):
    """One parser for all bodies, whatever the content type says."""

    def select_parser(self, request: Request, parsers: list[BaseParser]) -> BaseParser | None:
        return parsers[0]
