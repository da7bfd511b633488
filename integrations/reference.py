"""What each dialect's API is, as data: the source of its OpenAPI 3.1 document, of the reference page in the portal, and
of the check that no answer of ours has another shape.

A room's `reference.py` has one `REFERENCE`. Bodies are JSON Schemas (2020-12), written down rather than derived: a
dialect's shape is somebody else's shape, and what our code does is measured against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from integrations import registry

Schema = dict[str, Any]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
# What an operation or a field of an answer is marked with: the document's, or our addition to it.
ORIGIN = "x-wasl-origin"


@dataclass(frozen=True, slots=True)
class Call:
    """One endpoint. `path` is the documented one, with `{names}` (whose schemas are `parameters`); `answers` the bodies
    by status, beside the errors that every call of the room may have. `query` and `headers`: name → schema, optional
    unless in `required`. `ours`: not in the document. `open`: needs no credentials. A body is sent in any of
    `body_types`, like `sample`.
    """

    method: str
    path: str
    summary: str
    answers: Mapping[int, Schema]
    body: Schema | None = None
    body_types: tuple[str, ...] = (JSON,)
    body_optional: bool = False
    query: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    description: str = ""
    ours: bool = False
    open: bool = False
    answer_type: str = JSON
    sample: Any = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A room's API. `security` is the OpenAPI security scheme of its credentials, `errors` the bodies that any call may
    answer with, by status, `schemas` what the others refer to as `ref("Name")`."""

    title: str
    version: str
    description: str
    security: Schema
    schemas: Mapping[str, Schema]
    errors: Mapping[int, Schema]
    calls: tuple[Call, ...]


# --- Small words for schemas ----------------------------------------------------------------------------------------
def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def obj(
    properties: Mapping[str, Schema], *, optional: tuple[str, ...] = (), closed: bool = True, **more: Any
) -> Schema:
    """An object with these properties, all required but `optional`, and no others unless `closed` is False."""
    shape: Schema = {"type": "object", "properties": dict(properties)}
    if required := [name for name in properties if name not in optional]:
        shape["required"] = required
    if closed:
        shape["additionalProperties"] = False
    return shape | more


def body(properties: Mapping[str, Schema], *, required: tuple[str, ...] = (), **more: Any) -> Schema:
    """An object that a caller sends: unknown properties are ignored."""
    return obj(properties, optional=tuple(name for name in properties if name not in required), closed=False, **more)


def array(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def text(*, nullable: bool = False, **more: Any) -> Schema:
    return {"type": ["string", "null"] if nullable else "string", **more}


def const(value: Any) -> Schema:
    return {"const": value}


def one_of(*values: Any) -> Schema:
    return {"enum": list(values)}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def ours(schema: Schema) -> Schema:
    """The same, marked as our addition to the document."""
    about = schema.get("description", "")
    return {**schema, "description": f"{about} (Added by Wasl.)".strip(), ORIGIN: "wasl"}


NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
STRING: Schema = {"type": "string"}
ANY: Schema = {}
# Where the document has no such header.
OUR_IDEMPOTENCY_KEY = {
    "Idempotency-Key": ours(text(minLength=1, maxLength=255, description="The same answer again for the same key."))
}

_STATUS_TEXTS = {
    200: "Done",
    201: "Created",
    400: "The request is not right",
    401: "No valid credentials",
    403: "Not allowed",
    404: "Not found",
    405: "Wrong method",
    409: "Conflict",
    413: "The body is too large",
    415: "Wrong content type",
    429: "Too many calls",
    500: "A defect of ours",
    503: "Not ready",
}


# --- OpenAPI --------------------------------------------------------------------------------------------------------
@cache
def reference_of(dialect: str) -> Reference:
    """Raises KeyError for a name that is no dialect's."""
    return import_module(f"integrations.{registry.DIALECTS[dialect].name}.reference").REFERENCE


def base_url(dialect: str) -> str:
    """Where the dialect answers: at its own host if it has one, else under its path."""
    ours = urlsplit(settings.WASL_URL)
    for host, name in settings.DIALECT_HOSTS.items():
        if name == dialect:
            return f"{ours.scheme}://{host}" + (f":{ours.port}" if ours.port else "")
    return f"{settings.WASL_URL}/{dialect}"


@cache
def openapi(dialect: str) -> Schema:
    """The OpenAPI 3.1 document. Made once for each process and never changed."""
    room = reference_of(dialect)
    paths: dict[str, Schema] = {}
    for call in room.calls:
        paths.setdefault(call.path, {})[call.method] = _operation(room, call)
    return {
        "openapi": "3.1.0",
        "info": {"title": room.title, "version": room.version, "description": room.description},
        "servers": [{"url": base_url(dialect)}],
        "tags": [
            {"name": name, "description": about}
            for name, about in _TAGS.items()
            if any(_tag(call) == name for call in room.calls)
        ],
        "security": [{"credentials": []}],
        "paths": paths,
        "components": {"securitySchemes": {"credentials": room.security}, "schemas": dict(room.schemas)},
    }


_TAGS = {"Documented": "As the published document describes it.", "Added by Wasl": "Not in the document."}


def _tag(call: Call) -> str:
    return "Added by Wasl" if call.ours else "Documented"


def _operation(room: Reference, call: Call) -> Schema:
    answers = {**room.errors, **call.answers}
    if call.open:
        answers.pop(401, None) if 401 not in call.answers else None
    operation: Schema = {
        "operationId": f"{call.method}{call.path}".replace("/", "_").replace("{", "").replace("}", ""),
        "summary": call.summary,
        "tags": [_tag(call)],
        ORIGIN: "wasl" if call.ours else "document",
        "parameters": _parameters(call),
        "responses": {
            str(status): {
                "description": _STATUS_TEXTS.get(status, "Error"),
                "content": {call.answer_type if status < 300 else JSON: {"schema": answers[status]}},
            }
            for status in sorted(answers)
        },
    }
    if call.description:
        operation["description"] = call.description
    if call.open:
        operation["security"] = []
    if call.body is not None:
        operation["requestBody"] = {
            "required": not call.body_optional,
            "content": {
                kind: {"schema": call.body} | ({"example": call.sample} if call.sample is not None else {})
                for kind in call.body_types
            },
        }
    return operation


def _parameters(call: Call) -> list[Schema]:
    in_path = [part[1:-1] for part in call.path.split("/") if part.startswith("{")]
    return [
        *(
            {"name": name, "in": "path", "required": True, "schema": call.parameters.get(name, STRING)}
            for name in in_path
        ),
        *(
            {"name": name, "in": where, "required": name in call.required, "schema": schema}
            for where, given in (("query", call.query), ("header", call.headers))
            for name, schema in given.items()
        ),
    ]
