"""The page "Translate": a body of any dialect, as the order that we understand and as each carrier would be sent it."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from destinations.models import Destination, Role, Source
from integrations import accounts, previews, registry
from integrations.carrier import CarrierError
from integrations.muvx.carrier import MuvxCarrier
from integrations.translation import facts
from orders.models import JSONEncoder, Order
from tests.factories import MembershipFactory, Shop, make_shop
from tests.integrations.callers import CALLERS, Program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unlimited")]
DIALECTS = tuple(registry.DIALECTS)
OTHERS = [name for name in DIALECTS if name != "muvx"]


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def client(shop: Shop) -> Client:
    client = Client()
    client.force_login(MembershipFactory(merchant=shop.merchant, role=Role.VIEWER).user)
    return client


def timeless(body: str) -> str:
    """Without the times that are reckoned from now on."""
    return re.sub(r"20\d\d-\d\d-\d\dT[0-9:.]+Z", "…", body)


def for_muvx(response: Any) -> dict[str, Any]:
    """The body that Muvx would be sent."""
    [body] = [json.loads(one) for one in codes(response) if "integration_order_id" in one]
    return body


def codes(response: Any) -> list[str]:
    assert response.status_code == 200
    return [html.unescape(found) for found in re.findall(r'<pre class="code".*?>(.*?)</pre>', text(response), re.S)]


def text(response: Any) -> str:
    return response.content.decode()


def paste(client: Client, dialect: str, body: Any, **more: Any) -> Any:
    pasted = body if isinstance(body, str) else json.dumps(body, cls=JSONEncoder)
    return client.post("/translate/", {"dialect": dialect, "body": pasted, **more})


def understood(dialect: str, body: Any, source: Source) -> Order:
    found = previews.understand(dialect, json.dumps(body), source)
    assert not isinstance(found, previews.Refused), found
    return found[0]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_order_is_the_one_that_would_be_placed(dialect: str, shop: Shop) -> None:
    """The same facts, and the same body for the carrier, as of the order that is made of the same body."""
    shop.merchant.currency = "IQD" if dialect == "modon" else "KWD"
    shop.merchant.save()
    path, make = CALLERS[dialect].create
    body = make(shop.source)
    seen = understood(dialect, body, shop.source)
    assert not Order.objects.exists()
    response = Program(dialect, shop.source).send("post", path, body)
    assert 200 <= response.status_code < 300
    placed = Order.objects.get()
    placed.external_id = seen.external_id  # a number of ours, where the caller has none of its own
    assert facts(seen) == facts(placed)
    assert seen.extras.keys() == placed.extras.keys()
    assert [str(item) for item in seen.unsaved_items] == [str(item) for item in placed.items.all()]
    if dialect != "muvx":
        placed.uuid = seen.uuid
        for now, later in zip(previews.said(seen), previews.said(placed), strict=True):
            assert (timeless(now.body), now.problem, now.field) == (timeless(later.body), later.problem, later.field)
            if now.problem:
                continue
            assert now.report
            assert later.report
            assert now.report.summary == later.report.summary
            assert sorted(timeless(str(one)) for one in now.report.lines) == sorted(
                timeless(str(one)) for one in later.report.lines
            )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_sample_is_understood(dialect: str, client: Client) -> None:
    page = text(client.get("/translate/", {"dialect": dialect, "sample": "1"}))
    assert "The order as we understand it" in page, html.unescape(page)
    assert not Order.objects.exists()
    assert f'href="?dialect={dialect}&amp;sample=1"' in page


@pytest.mark.parametrize("dialect", OTHERS)
def test_what_another_carrier_would_be_sent(dialect: str, client: Client, shop: Shop) -> None:
    shop.merchant.currency = {"ideliver": "NGN", "modon": "IQD"}.get(dialect, "KWD")
    shop.merchant.save()
    response = client.get("/translate/", {"dialect": dialect, "sample": "1"})
    sent = for_muvx(response)
    assert {"pickup", "dropoff", "integration_order_id", "items"} <= sent.keys()
    assert "What became of the order" in text(response)


def test_the_body_and_what_is_lost_of_it(client: Client, shop: Shop) -> None:
    response = paste(client, "fuuffy", json.loads(previews.sample("fuuffy")))
    assert for_muvx(response)["dropoff"]["phone"] == json.loads(previews.sample("fuuffy"))["recipient"]["phone"]
    page = text(response)
    for shown in ("5 lost, 2 as text only", "Drop-off: E-mail", "Service", "Declared value, USD"):
        assert shown in html.unescape(page), shown


def test_a_refusal_by_the_carriers_own_rules_names_the_field(client: Client) -> None:
    response = client.get("/translate/", {"dialect": "ideliver", "sample": "1"})
    assert not [one for one in codes(response) if "integration_order_id" in one]
    assert "Would be refused: Cash on delivery" in text(response)
    assert "collects KWD, not NGN" in text(response)


def test_the_merchants_own_destination_counts(client: Client, shop: Shop) -> None:
    def connect(source: Source, currency: str) -> Destination:
        wanted = {"name": f"Muvx in {currency}", "credentials": {"api_key": "k"}, "choices": {"currency": currency}}
        return accounts.connect(source, "muvx", base_url="http://127.0.0.1:9", **wanted)  # type: ignore[arg-type]

    connect(make_shop().source, "USD")
    connect(shop.source, "NGN")
    response = client.get("/translate/", {"dialect": "ideliver", "sample": "1"})
    assert for_muvx(response)["cod_amount"] == 2500
    assert "Muvx in NGN" in text(response)
    assert "Muvx in USD" not in text(response)


@pytest.mark.parametrize("error", [ValueError("Model instances passed to related filters must be saved."), KeyError()])
def test_a_carrier_that_needs_more_is_no_500(client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def translate(self: Any, consignment: Any) -> Any:
        raise error

    monkeypatch.setattr(MuvxCarrier, "translate", translate)
    page = text(client.get("/translate/", {"dialect": "fuuffy", "sample": "1"}))
    assert "cannot be said without a connected destination" in page


def test_nothing_is_kept_of_what_a_carrier_does_meanwhile(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def translate(self: Any, consignment: Any) -> Any:
        Source.objects.update(name="changed")
        raise CarrierError("no", permanent=True) if self.destination.pk else ZeroDivisionError

    monkeypatch.setattr(MuvxCarrier, "translate", translate)
    client.get("/translate/", {"dialect": "fuuffy", "sample": "1"})
    shop.source.refresh_from_db()
    assert shop.source.name == "Shop"


# --- What is wrong with a body --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("dialect", "body", "status", "answer"),
    [
        ("muvx", {}, 400, {"success": False, "message": "Missing required field: integration_order_id"}),
        ("muvx", [], 400, {"success": False, "message": "The body must be a JSON object."}),
        ("ideliver", [], 400, {"error": "validation_error", "message": "The body must be a JSON object."}),
        ("magiclane", [], 400, {"message": "The body must be an array of orders."}),
        ("magiclane", {}, 400, {"message": "orders[0].location: The coordinates are not set."}),
        ("magiclane", 5, 400, {"message": "orders[0]: Must be an object."}),
        ("modon", {}, 400, {"status": False, "errNum": "999"}),
        ("modon", "[1]", 400, {"status": False, "msg": "The request body must have fields"}),
        ("muvx", '{"a": NaN}', 400, {"success": False, "error": "validation_error"}),
        ("muvx", "", 400, {"success": False, "error": "validation_error"}),
        ("modon", "{" * 3000, 400, {"status": False}),
        ("ideliver", "[" * 200_000, 400, {"error": "validation_error"}),
        ("muvx", "1e999", 400, {"success": False}),
        ("muvx", '"\\u0000"', 400, {"success": False}),
        ("muvx", '"\\ud800"', 400, {"success": False}),
        ("muvx", "x" * (settings.API_MAX_BODY + 1), 413, {"success": False, "error": "too_large"}),
        ("magiclane", "x" * (settings.API_MAX_BODY + 1), 413, {"message": "The request body is too large."}),
    ],
)
def test_errors_have_the_dialects_own_shape(
    client: Client, dialect: str, body: Any, status: int, answer: dict[str, Any]
) -> None:
    client.cookies["django_language"] = "ar"  # the documents' texts are English
    response = paste(client, dialect, body)
    [shown] = codes(response)
    found = json.loads(shown)
    assert {name: found.get(name) for name in answer} == answer, found
    assert f'<span class="badge tone-red">{status}</span>' in text(response)


def test_fuuffy_names_every_field_at_once(client: Client) -> None:
    [shown] = codes(paste(client, "fuuffy", {}))
    error = json.loads(shown)["error"]
    assert error["code"] == "validation_error"
    assert {"sender.name", "recipient.phone", "package.weight"} <= {one["field"] for one in error["details"]}


def test_of_several_orders_the_first_is_shown(client: Client, shop: Shop) -> None:
    one = json.loads(previews.sample("magiclane"))[0]
    page = text(paste(client, "magiclane", [one | {"alias": "FIRST"}, one | {"alias": "SECOND"}]))
    assert "The first of 2 orders." in page
    assert "<bdi>FIRST</bdi>" in page
    assert "<bdi>SECOND</bdi>" not in page
    assert "The order as we understand it" in text(paste(client, "magiclane", one)), "one order alone"
    [shown] = codes(paste(client, "magiclane", [one, {}]))
    assert "orders[1]" in shown


def test_what_is_pasted_is_shown_again_as_text(client: Client) -> None:
    page = text(paste(client, "muvx", '</textarea><script>"&'))
    assert "</textarea><script>" not in page
    assert "&lt;/textarea&gt;&lt;script&gt;&quot;&amp;</textarea>" in page


# --- Who and where --------------------------------------------------------------------------------------------------
def test_nobody_reads_as_a_strangers_source(client: Client, shop: Shop) -> None:
    stranger = make_shop().source
    Source.objects.filter(pk=stranger.pk).update(pickup_name="Secret store")
    Source.objects.filter(pk=shop.source.pk).update(pickup_name="Own store")
    other = Source.objects.create(merchant=shop.merchant, name="Second", pickup_name="Second store")
    sample = previews.sample("modon")
    page = text(paste(client, "modon", sample, source=str(stranger.pk)))
    assert "Secret store" not in page
    assert "Second store" in text(paste(client, "modon", sample, source=str(other.pk)))
    for strange in ("x", "-1", "9" * 40, "\x00"):
        assert paste(client, "modon", sample, source=strange).status_code == 200


def test_a_merchant_without_a_source_can_translate_too() -> None:
    client = Client()
    client.force_login(MembershipFactory().user)
    for dialect in DIALECTS:
        assert "The order as we understand it" in text(client.get("/translate/", {"dialect": dialect, "sample": "1"}))


def test_other_ways_to_ask(client: Client) -> None:
    assert client.get("/translate/").status_code == 200
    assert client.get("/translate/", {"dialect": "klingon"}).status_code == 404
    assert client.post("/translate/", {"dialect": "simulator", "body": "{}"}).status_code == 404
    assert client.put("/translate/").status_code == 405
    for response in (Client().get("/translate/"), Client().post("/translate/", {"dialect": "muvx", "body": "{}"})):
        assert response["Location"].startswith("/accounts/login/")
    assert 'href="/translate/"' in text(client.get("/orders/"))


# --- Anything may be pasted -----------------------------------------------------------------------------------------
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def _spoilt(sample: Any) -> Iterator[tuple[str | int, ...]]:
    """Every place in a body."""
    pairs = sample.items() if isinstance(sample, dict) else enumerate(sample) if isinstance(sample, list) else ()
    for name, inner in pairs:
        yield (name,)
        yield from ((name, *rest) for rest in _spoilt(inner))


@pytest.mark.parametrize("dialect", DIALECTS)
@hypothesis_settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_body_is_a_500(client: Client, dialect: str, data: st.DataObject) -> None:
    body = json.loads(previews.sample(dialect))
    where = data.draw(st.sampled_from([(), *_spoilt(body)]))
    value = data.draw(_JSON)
    if where:
        inner = body
        for step in where[:-1]:
            inner = inner[step]
        inner[where[-1]] = value
    else:
        body = value
    response = paste(client, dialect, json.dumps(body))
    assert response.status_code == 200
    assert "badge tone-red" in text(response) or "The order as we understand it" in text(response)
    assert not Order.objects.exists()
