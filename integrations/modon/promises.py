"""What Modon's document promises, and what its other programs rely on, tried from outside."""

import re
from typing import Any
from urllib.parse import quote, urlencode

from integrations.conformance import Broken, Caller, Promises, like, want
from integrations.http import Reply


def authorize(token: Any, url: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    return f"{url}{'&' if '?' in url else '?'}token={quote(str(token))}", headers


PROMISES = Promises("modon", authorize)

BASE = "/v1/merchant"
FORM = "application/x-www-form-urlencoded"
NUMBER = re.compile(r"\d+")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
UNSET_TIME = "0000-00-00 00:00:00"
NONE = "لا یوجد"
NO_ACCESS = {"status": False, "errNum": "21", "msg": "ليس لديك صلاحية الوصول"}
MISSING = "999999999999"
# The cities that programs send by number, and the region "other" of each.
OTHERS = {
    1: 5755, 2: 5407, 3: 5408, 4: 5409, 5: 5429, 6: 5411, 7: 5746, 8: 5413, 9: 5414, 10: 5426, 11: 5753, 12: 5417,
    13: 5418, 14: 5419, 15: 5420, 16: 5421, 17: 5428, 18: 5423,
}  # fmt: skip


# The document's.
SAMPLE: dict[str, Any] = {
    "client_name": "client name",
    "client_mobile": "+9647700000000",
    "client_mobile2": "+9647700000000",
    "city_id": "1",
    "region_id": "1",
    "location": "market",
    "type_name": "ملابس",
    "items_number": "1",
    "price": "25000",
    "package_size": "1",
    "merchant_notes": "عدم فتح القطعة",
    "replacement": "0",
}


def fields(caller: Caller, **changes: Any) -> dict[str, Any]:
    """The document's sample, as an order of its own."""
    sent = SAMPLE | {"company_order_id": caller.number()} | changes
    return {name: value for name, value in sent.items() if value is not None}


def multipart(sent: dict[str, Any]) -> tuple[bytes, str]:
    """A body as browsers and curl write it, and its content type."""
    parts = "".join(
        f'--wAsL\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in sent.items()
    )
    return f"{parts}--wAsL--\r\n".encode(), "multipart/form-data; boundary=wAsL"


def get(caller: Caller, call: str, who: str = "me", **query: Any) -> Reply:
    return caller.call("GET", f"{BASE}/{call}" + (f"?{urlencode(query)}" if query else ""), who=who)


def post(caller: Caller, call: str, sent: dict[str, Any], who: str = "me") -> Reply:
    """As a multipart form, as in the document."""
    body, content_type = multipart(sent)
    return caller.call("POST", f"{BASE}/{call}", body, content_type=content_type, who=who)


def data(reply: Reply, wanted: Any = None) -> Any:
    """What a successful answer has."""
    found = want(reply, 200, {"status": True, "errNum": "S000", "msg": "ok", "data": lambda value: True})["data"]
    if wanted is not None:
        like(found, wanted, "$.data")
    return found


def refused(reply: Reply, status: int = 400) -> None:
    """With errNum "999", and a text that no program takes for an expired token."""
    text = want(reply, status, {"status": False, "errNum": "999", "msg": str})["msg"]
    if any(word in text.lower() for word in ("token", "login", "auth", "دخول")):
        raise Broken(f"programs take this for an expired token: {text}")


def create(caller: Caller, **changes: Any) -> dict[str, Any]:
    found = data(post(caller, "create-order", fields(caller, **changes)))
    return found[0] if isinstance(found, list) else found


def row(caller: Caller, number: str) -> dict[str, Any]:
    [found] = data(get(caller, "get-orders-by-ids-bulk", ids=number))
    return found


def numbers(rows: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in rows]


def same(found: Any, wanted: Any) -> None:
    if found != wanted:
        raise Broken(f"wanted {wanted!r}, got {found!r}")


# --- Reference data -------------------------------------------------------------------------------------------------
@PROMISES("A list of cities in the format [{id, city_name}], texts both; no parameters, no body, no token")
def cities_answer(caller: Caller) -> None:
    data(get(caller, "citys", who="nobody"), [{"id": NUMBER, "city_name": str}, ...])


@PROMISES("The 18 cities that programs send by number are there")
def cities_known(caller: Caller) -> None:
    found = numbers(data(get(caller, "citys", who="nobody")))
    if missing := [str(number) for number in OTHERS if str(number) not in found]:
        raise Broken(f"missing: {', '.join(missing)}")


@PROMISES("A list of regions within the specified city in the format [{id, region_name}]")
def regions_answer(caller: Caller) -> None:
    data(get(caller, "regions", who="nobody", city_id=1), [{"id": NUMBER, "region_name": str}, ...])


@PROMISES("Each city has the region “other” that programs send by number")
def regions_known(caller: Caller) -> None:
    for city, other in OTHERS.items():
        if str(other) not in numbers(data(get(caller, "regions", who="nobody", city_id=city))):
            raise Broken(f"city {city} has no region {other}")


@PROMISES("city_id (int) [Required]")
def regions_city_required(caller: Caller) -> None:
    refused(get(caller, "regions", who="nobody"))
    refused(get(caller, "regions", who="nobody", city_id="x"))


@PROMISES("A list of available package sizes in the format [{id, size}]; 1 is عادي")
def sizes_answer(caller: Caller) -> None:
    found = data(get(caller, "package-sizes", who="nobody"), [{"id": NUMBER, "size": str}, ...])
    same([one["size"] for one in found if one["id"] == "1"], ["عادي"])


@PROMISES("Cities, regions and package sizes tolerate any token, even a stale one")
def reference_data_stale_token(caller: Caller) -> None:
    for path in ("citys?token=@@stale", "regions?city_id=1&token=@@stale", "package-sizes?token=@@stale"):
        data(caller.call("GET", f"{BASE}/{path}", who="nobody"))


@PROMISES("The list of statuses has {id, status} for 0 to 44")
def statuses_answer(caller: Caller) -> None:
    found = data(get(caller, "statuses"), [{"id": NUMBER, "status": str}, ...])
    same(sorted(map(int, numbers(found)))[:45], list(range(45)))
    texts = {one["id"]: one["status"] for one in found}
    same(texts["2"], "تم استلام الطلب من قبل المندوب")
    same(texts["1"], "فعال ( قيد التجهير)")


# --- Create ---------------------------------------------------------------------------------------------------------
CREATED = {
    "client_name": "client name",
    "client_mobile": "+9647700000000",
    "client_mobile2": "+9647700000000",
    "city_id": "1",
    "region_id": "1",
    "type_id": 1,
    "merchant_mobile": str,
    "items_number": "1",
    "price": "25000",
    "package_size": "1",
    "cash_fee": 0,
    "location": "market",
    "merchant_id": NUMBER,
    "current_city": NUMBER,
    "merchant_city": NUMBER,
    "company_price": int,
    "merchant_price": int,
    "type_name": "ملابس",
    "merchant_created_at": TIME,
    "merchant_notes": "عدم فتح القطعة",
    "qr_id": int,
    "pickup_id": NUMBER,
    "pickup_created_at": str,
    "id": NUMBER,
    "qr_link": re.compile(r"https?://.*/merchant/print-single-tcpdf\?id=\d+&token=.+"),
}


@PROMISES("create-order answers an array of one order, with the document's fields, texts and numbers")
def create_answers(caller: Caller) -> None:
    data(post(caller, "create-order", fields(caller)), [CREATED])


@PROMISES("merchant_price is the order price without delivery fee; company_price the delivery fee of this order")
def create_prices(caller: Caller) -> None:
    made = create(caller, price="40000")
    same(made["merchant_price"], 40000 - made["company_price"])
    same(row(caller, made["id"])["delivery_price"], str(made["company_price"]))


@PROMISES("cash_fee is set if the order price exceeds 1'000'000 IQD")
def create_cash_fee(caller: Caller) -> None:
    same(create(caller, price="1000000")["cash_fee"], 0)
    if create(caller, price="1000001")["cash_fee"] <= 0:
        raise Broken("there is none above 1,000,000")


@PROMISES("qr_id is the main identifier of the order; id is the same as a text, in lists too")
def create_identifier(caller: Caller) -> None:
    made = create(caller)
    same(made["id"], str(made["qr_id"]))
    same(row(caller, made["id"])["id"], made["id"])


@PROMISES("Bodies may be multipart, urlencoded or JSON, whatever they are announced as")
def create_any_body(caller: Caller) -> None:
    sent = fields(caller)
    for body, content_type in (
        multipart(sent),
        (urlencode(sent).encode(), FORM),
        (urlencode(sent).encode(), "application/json"),
        (urlencode(sent).encode(), "text/plain"),
    ):
        data(caller.call("POST", f"{BASE}/create-order", body, content_type=content_type), [CREATED])
    as_numbers = sent | {"city_id": 1, "region_id": 1, "items_number": 1, "price": 25000, "package_size": 1}
    data(caller.call("POST", f"{BASE}/create-order", as_numbers), [CREATED])


@PROMISES("An unreadable body is a 400 in the same shape, never a 415")
def create_unreadable(caller: Caller) -> None:
    for body, content_type in ((b'{"client_name": ', "application/json"), (b"\xff\xfe", "image/png"), (b"", "a/b")):
        refused(caller.call("POST", f"{BASE}/create-order", body, content_type=content_type))


def _required(name: str) -> None:
    def keep(caller: Caller) -> None:
        refused(post(caller, "create-order", fields(caller, **{name: None})))
        refused(post(caller, "create-order", fields(caller, **{name: ""})))

    keep.__name__ = f"create_{name}_required"
    PROMISES(f"create-order: {name} is required")(keep)


for _name in (
    "client_name", "client_mobile", "city_id", "region_id", "type_name", "items_number", "price", "package_size",
    "replacement",
):  # fmt: skip
    _required(_name)


@PROMISES("client_mobile has the form +9647XXXXXXXXX")
def create_mobile(caller: Caller) -> None:
    for wrong in ("07700000000", "+964770000000", "+96477000000000", "+9657700000000"):
        refused(post(caller, "create-order", fields(caller, client_mobile=wrong)))


@PROMISES("region_id must be of this city, city_id and package_size must exist")
def create_places(caller: Caller) -> None:
    for wrong in ({"region_id": str(OTHERS[2])}, {"city_id": MISSING}, {"package_size": MISSING}):
        refused(post(caller, "create-order", fields(caller, **wrong)))


@PROMISES("location may be absent, and an empty client_mobile2 is none")
def create_optional(caller: Caller) -> None:
    made = create(caller, location=None, client_mobile2="", merchant_notes=None)
    same((made["location"], made["client_mobile2"]), ("", ""))


@PROMISES("Unknown fields are ignored")
def create_unknown_fields(caller: Caller) -> None:
    create(caller, colour="green")


@PROMISES("An Idempotency-Key: the same order is answered again, and another body refused (ours)")
def create_idempotent(caller: Caller) -> None:
    headers, sent = {"Idempotency-Key": caller.number()}, fields(caller)
    first, second = (
        data(caller.call("POST", f"{BASE}/create-order", sent, headers=headers), [CREATED]) for _ in range(2)
    )
    same(second, first)
    refused(caller.call("POST", f"{BASE}/create-order", sent | {"price": "1"}, headers=headers))


@PROMISES("qr_link is the receipt PDF link: it answers 200 with a PDF, and does not carry the key")
def create_receipt(caller: Caller) -> None:
    link = create(caller)["qr_link"]
    if str(caller.credential) in link or quote(str(caller.credential)) in link:
        raise Broken("the key is in the link")
    path = link[link.index("/merchant/print-single-tcpdf") :]
    for who, where in (("nobody", path), ("me", path.partition("&token=")[0])):
        reply = caller.call("GET", where, who=who)
        if reply.status != 200 or not reply.body.startswith(b"%PDF"):
            raise Broken(f"{reply.status}: {reply.body[:100]!r}")


# --- Orders ---------------------------------------------------------------------------------------------------------
ROW = {
    "client_name": "client name",
    "client_mobile": "+9647700000000",
    "items_number": "1",
    "created_at": TIME,
    "city_name": "بغداد",
    "region_name": str,
    "status_id": "1",
    "status": "فعال ( قيد التجهير)",
    "price": "25000",
    "location": "market",
    "issue_notes": NONE,
    "merchant_notes": NONE,
    "client_mobile2": "+9647700000000",
    "updated_at": TIME,
    "city_id": "1",
    "region_id": "1",
    "replacement": "0",
    "type_name": "ملابس",
    "id": NUMBER,
    "has_merchant_fin_record": 0,
    "deliver_confirmed_fin": 0,
    "delivery_price": NUMBER,
    "package_size": "عادي",
    "merchant_invoice_id": "-1",
    "urgent": "0",
    "urgent_datetime_to_deliver": UNSET_TIME,
    "deliver_estimation_datetime": UNSET_TIME,
    "qr_id?": NUMBER,
}


@PROMISES("Retrieve Orders returns all orders with their status, each with the document's fields")
def orders_answer(caller: Caller) -> None:
    number = create(caller, merchant_notes="")["id"]
    found = data(get(caller, "merchant-orders"), list)
    like([one for one in found if one["id"] == number], [ROW])


@PROMISES("The whole list is answered, newest first")
def orders_newest_first(caller: Caller) -> None:
    made = [create(caller)["id"] for _ in range(3)]
    found = numbers(data(get(caller, "merchant-orders")))
    same([number for number in found if number in made], made[::-1])


@PROMISES("Retrieve Specific Orders by IDs: details of the selected orders, by POST or GET")
def by_ids_answers(caller: Caller) -> None:
    first, second = (create(caller, merchant_notes=NONE)["id"] for _ in range(2))
    ids = f"{first},{second},{MISSING}"
    for reply in (post(caller, "get-orders-by-ids-bulk", {"ids": ids}), get(caller, "get-orders-by-ids-bulk", ids=ids)):
        same(sorted(numbers(data(reply, [ROW, ROW]))), sorted([first, second]))


@PROMISES("A maximum of 25 IDs is allowed—any additional IDs beyond this limit will be discarded")
def by_ids_limit(caller: Caller) -> None:
    number = create(caller)["id"]
    others = [str(int(MISSING) - one) for one in range(25)]
    same(data(post(caller, "get-orders-by-ids-bulk", {"ids": ",".join([*others, number])})), [])
    found = data(post(caller, "get-orders-by-ids-bulk", {"ids": ",".join([*others[1:], number])}))
    same(numbers(found), [number])


# --- Edit and delete ------------------------------------------------------------------------------------------------
@PROMISES("edit-order: the create fields and qr_id, while the status is 1; it answers the order")
def edit_answers(caller: Caller) -> None:
    number = create(caller)["id"]
    changes = {"price": "30000", "city_id": "5", "region_id": str(OTHERS[5]), "package_size": "1"}
    wanted = CREATED | changes | {"id": number, "qr_id": int(number)}
    data(post(caller, "edit-order", fields(caller, qr_id=number, **changes)), [wanted])
    like(row(caller, number), {"price": "30000", "city_id": "5", "city_name": "البصرة", ...: ...})


@PROMISES("edit-order of an unknown order is refused")
def edit_unknown(caller: Caller) -> None:
    refused(post(caller, "edit-order", fields(caller, qr_id=MISSING)))
    refused(post(caller, "edit-order", fields(caller)))


@PROMISES("An order that is still in the merchant's possession can be deleted, and is gone")
def delete_answers(caller: Caller) -> None:
    for call, name in (("delete_orders", "qr_ids"), ("delete-order", "qr_id")):
        number = create(caller)["id"]
        data(post(caller, call, {name: number}), [])
        same(data(get(caller, "get-orders-by-ids-bulk", ids=number)), [])
        same([one for one in numbers(data(get(caller, "merchant-orders"))) if one == number], [])


@PROMISES("The orders are named in qr_ids, ids, order_id or qr_id, one or several")
def delete_names(caller: Caller) -> None:
    for name in ("qr_ids", "ids", "order_id", "qr_id"):
        first, second = (create(caller)["id"] for _ in range(2))
        data(post(caller, "delete_orders", {name: f"{first},{second}"}), [])


@PROMISES("All orders are deleted or none; what is deleted cannot be deleted again")
def delete_all_or_none(caller: Caller) -> None:
    number = create(caller)["id"]
    refused(post(caller, "delete_orders", {"qr_ids": f"{number},{MISSING}"}))
    same(row(caller, number)["status_id"], "1")
    data(post(caller, "delete_orders", {"qr_ids": number}), [])
    refused(post(caller, "delete_orders", {"qr_ids": number}))


# --- Invoices -------------------------------------------------------------------------------------------------------
INVOICE = {
    "id": NUMBER,
    "merchant_price": NUMBER,
    "delivered_orders_count": NUMBER,
    "replacement_delivered_orders_count": NUMBER,
    "status": str,
    "merchant_id": NUMBER,
    "updated_at": TIME,
}


@PROMISES("get_merchant_invoices answers the merchant's invoices")
def invoices_answer(caller: Caller) -> None:
    data(get(caller, "get_merchant_invoices"), [INVOICE, ...])


@PROMISES("The orders of an unknown invoice are not answered, and it cannot be received")
def invoices_unknown(caller: Caller) -> None:
    for call in ("get_merchant_invoice_orders", "receive_merchant_invoice"):
        refused(get(caller, call, invoice_id=MISSING))
        refused(get(caller, call))


@PROMISES("Only the merchant token is accepted; with a merchant user token an authentication error is returned")
def invoices_user_token(caller: Caller) -> None:
    want(get(caller, "get_merchant_invoices", who="user"), 400, NO_ACCESS)
    for call in ("get_merchant_invoice_orders", "receive_merchant_invoice"):
        want(get(caller, call, who="user", invoice_id="1"), 400, NO_ACCESS)


@PROMISES("A merchant user's token opens everything else")
def user_token(caller: Caller) -> None:
    data(post(caller, "create-order", fields(caller), who="user"), [CREATED])
    data(get(caller, "statuses", who="user"))


# --- Access ---------------------------------------------------------------------------------------------------------
@PROMISES("Without a valid token: HTTP 400, errNum 21, “ليس لديك صلاحية الوصول”")
def no_access(caller: Caller) -> None:
    for call in ("merchant-orders", "statuses", "statuses?token=@@wrong", "get_merchant_invoices"):
        want(caller.call("GET", f"{BASE}/{call}", who="nobody"), 400, NO_ACCESS)
    want(post(caller, "create-order", fields(caller), who="nobody"), 400, NO_ACCESS)


@PROMISES("The token may be in the query (@@ raw or %40%40), in the body, or a Bearer")
def token_places(caller: Caller) -> None:
    token = str(caller.credential)
    for given in (quote(token, safe=""), quote(token, safe="@")):
        data(caller.call("GET", f"{BASE}/statuses?token={given}", who="nobody"))
    headers = {"Authorization": f"Bearer {token}"}
    data(caller.call("GET", f"{BASE}/statuses", who="nobody", headers=headers))
    data(post(caller, "create-order", fields(caller, token=token), who="nobody"), [CREATED])


@PROMISES("login with a wrong password is a 400 whose text no program takes for an expired token")
def log_in_wrong(caller: Caller) -> None:
    refused(post(caller, "login", {"username": f"nobody-{caller.number()}", "password": "wrong"}, who="nobody"))
    refused(post(caller, "login", {}, who="nobody"))


@PROMISES("Another merchant sees none of one's orders, and changes none")
def strangers(caller: Caller) -> None:
    number = create(caller)["id"]
    same(data(get(caller, "get-orders-by-ids-bulk", who="stranger", ids=number)), [])
    same([one for one in numbers(data(get(caller, "merchant-orders", who="stranger"))) if one == number], [])
    refused(post(caller, "edit-order", fields(caller, qr_id=number, price="1"), who="stranger"))
    refused(post(caller, "delete_orders", {"qr_ids": number}, who="stranger"))
    refused(caller.call("GET", f"/merchant/print-single-tcpdf?id={number}", who="stranger"))
    like(row(caller, number), {"price": "25000", "status_id": "1", ...: ...})


# --- All calls ------------------------------------------------------------------------------------------------------
@PROMISES("GETs ignore their body and its content type")
def gets_ignore_bodies(caller: Caller) -> None:
    for content_type in ("application/json", "multipart/form-data", "nonsense"):
        data(caller.call("GET", f"{BASE}/statuses", b"{", content_type=content_type))


@PROMISES("An unknown path and a wrong method are answered in the same shape")
def unknown_path(caller: Caller) -> None:
    refused(caller.call("GET", f"{BASE}/nothing"), 404)
    refused(caller.call("POST", f"{BASE}/citys"), 405)


@PROMISES("A trailing slash is answered and never redirected")
def trailing_slash(caller: Caller) -> None:
    data(post(caller, "create-order/", fields(caller)), [CREATED])
    data(get(caller, "citys/", who="nobody"))
