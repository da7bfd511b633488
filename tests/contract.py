"""What every dialect promises, whatever its words: subclass `DialectContract` in the dialect's own test module."""

import json
from typing import Any, ClassVar

import pytest
from django.test import Client

from integrations import keys
from tests.factories import Shop, make_shop


def strict(body: bytes) -> Any:
    """Parses an answer, which must be JSON without NaN and the like."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(body, parse_constant=refuse)


class DialectContract:
    """Bad credentials, unknown paths, wrong methods and bodies: each answered in the dialect's own shape.

    A subclass sets the paths and implements `headers` and `check_error`.
    """

    create_path: ClassVar[str]
    unknown_path: ClassVar[str]
    sample: ClassVar[Any]
    wrong_type_status: ClassVar[int] = 415

    def headers(self, shop: Shop) -> dict[str, str]:
        raise NotImplementedError

    def check_error(self, response: Any, status: int) -> dict[str, Any]:
        """Asserts status and shape; returns the body."""
        raise NotImplementedError

    def post(self, client: Client, path: str, body: Any, **extra: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(path, data, content_type=extra.pop("content_type", "application/json"), **extra)

    @pytest.fixture
    def shop(self, db: None) -> Shop:
        return make_shop()

    def test_no_key(self, client: Client, shop: Shop) -> None:
        self.check_error(self.post(client, self.create_path, self.sample), 401)

    def test_revoked_key(self, client: Client, shop: Shop) -> None:
        keys.revoke(shop.key)
        self.check_error(self.post(client, self.create_path, self.sample, headers=self.headers(shop)), 401)

    def test_key_of_an_inactive_merchant(self, client: Client, shop: Shop) -> None:
        shop.merchant.is_active = False
        shop.merchant.save()
        self.check_error(self.post(client, self.create_path, self.sample, headers=self.headers(shop)), 401)

    def test_unknown_path(self, client: Client, db: None) -> None:
        self.check_error(client.get(self.unknown_path), 404)
        self.check_error(client.post(self.unknown_path), 404)

    def test_wrong_method(self, client: Client, shop: Shop) -> None:
        self.check_error(client.put(self.create_path, headers=self.headers(shop)), 405)

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[1,", b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b"[" * 100_000],
    )
    def test_broken_json(self, client: Client, shop: Shop, body: bytes) -> None:
        self.check_error(self.post(client, self.create_path, body, headers=self.headers(shop)), 400)

    @pytest.mark.parametrize("body", [[], "text", 1, None, True])
    def test_json_of_a_wrong_kind(self, client: Client, shop: Shop, body: Any) -> None:
        self.check_error(self.post(client, self.create_path, body, headers=self.headers(shop)), 400)

    def test_wrong_content_type(self, client: Client, shop: Shop) -> None:
        response = self.post(client, self.create_path, b"a=1", headers=self.headers(shop), content_type="text/plain")
        self.check_error(response, self.wrong_type_status)

    def test_too_large(self, client: Client, shop: Shop) -> None:
        padding = "x" * 1_000_000
        body = [*self.sample, padding] if isinstance(self.sample, list) else {**self.sample, "padding": padding}
        self.check_error(self.post(client, self.create_path, body, headers=self.headers(shop)), 413)

    def test_a_crash(self, client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        def crash(*args: Any, **kwargs: Any) -> None:
            raise RuntimeError("a secret detail")

        monkeypatch.setattr("orders.actions.place_orders", crash)
        response = self.post(client, self.create_path, self.sample, headers=self.headers(shop))
        self.check_error(response, 500)
        assert b"secret detail" not in response.content

    def test_trailing_slash_is_answered_and_not_redirected(self, client: Client, shop: Shop) -> None:
        response = self.post(client, self.create_path + "/", self.sample, headers=self.headers(shop))
        assert 200 <= response.status_code < 300

    def test_a_strange_host(self, client: Client, shop: Shop) -> None:
        headers = {**self.headers(shop), "host": "evil.example"}
        self.check_error(self.post(client, self.create_path, self.sample, headers=headers), 400)
