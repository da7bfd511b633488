"""How long the dialects' lists take with 200,000 orders of 50 merchants, beside the same lists with 2,000.

    .venv/bin/python -m tests.bench.lists

The installation is that of `create_orders`; one connection asks. Exits with 1 when the middle time of a page is more
than three times that with few orders. A whole list is longer by its nature: there it is the time for each order.
"""

import os
import sys
import time
import urllib.request
from typing import Any
from urllib.parse import quote

import django

from tests.bench.installation import WEB, installation

PORT = 8495
MERCHANTS, FEW, MANY = 50, 2_000, 200_000
WANTED = 3
ASKED = 40

PAGES = {
    "ideliver newest": ("ideliver", "/v1/orders?limit=50"),
    "ideliver status": ("ideliver", "/v1/orders?limit=50&status=pending"),
    "ideliver number": ("ideliver", "/v1/orders?external_order_id=LIST-1"),
    "magiclane page": ("magiclane", "/v1/orders?page=1&per_page=50"),
    "magiclane sorted": ("magiclane", "/v1/orders?page=1&per_page=50&sort=creationTime:desc"),
    "magiclane search": ("magiclane", "/v1/orders?page=1&per_page=50&search=Customer"),
    "modon by ids": ("modon", "/v1/merchant/get-orders-by-ids-bulk?ids=1000000,1000001"),
}
WHOLE = {
    "magiclane whole": ("magiclane", "/v1/orders"),
    "modon whole": ("modon", "/v1/merchant/merchant-orders"),
}


def main() -> int:
    os.environ |= {"FUUFFY_RATE_LIMIT": "100000000", "MODON_RATE_LIMIT": "100000000"}
    with installation() as made:
        django.setup()
        made.start(*WEB, "config.wsgi:application", port=PORT)
        return compare(made.keys)


def compare(keys: dict[str, Any]) -> int:
    from destinations.models import Source  # noqa: PLC0415  (models need Django to be set up)
    from integrations.onboarding import open_account  # noqa: PLC0415
    from orders import actions  # noqa: PLC0415
    from orders.events import SYSTEM  # noqa: PLC0415
    from orders.models import Order  # noqa: PLC0415
    from tests.factories import make_draft  # noqa: PLC0415
    from tests.filling import copy_orders  # noqa: PLC0415

    sources = [Source.objects.get(), *(open_account(f"Shop {n}").source for n in range(1, MERCHANTS))]
    for source in sources:
        draft = make_draft("LIST", unique_scope=f"source:{source.pk}")
        actions.place_orders(source, [draft], actor=SYSTEM, is_test=True)
    copy_orders(FEW // MERCHANTS - 1)
    few = {name: ask(keys, *call) for name, call in (PAGES | WHOLE).items()}
    originals = Order.objects.filter(external_id="LIST")
    assert originals.count() == MERCHANTS
    Order.objects.exclude(external_id="LIST").delete()
    copy_orders(MANY // MERCHANTS - 1)
    bad = False
    for name, call in (PAGES | WHOLE).items():
        many = ask(keys, *call)
        grown = many / few[name] / (MANY / FEW if name in WHOLE else 1)
        bad |= grown > WANTED
        each = " for each order" if name in WHOLE else ""
        print(f"{name:18}{few[name] * 1000:8.1f} ms {many * 1000:8.1f} ms   {grown:5.2f} ×{each}", flush=True)
    return int(bad)


def ask(keys: dict[str, Any], dialect: str, path: str) -> float:
    """The middle one of some answers' times, in seconds."""
    url, headers = f"http://127.0.0.1:{PORT}/{dialect}{path}", {}
    if dialect == "modon":
        url += ("&" if "?" in path else "?") + "token=" + quote(keys["modon"])
    else:
        headers["Authorization"] = keys[dialect] if dialect == "magiclane" else f"Bearer {keys[dialect]}"
    times = []
    for _ in range(ASKED if dialect != "modon" or "ids" in path else 8):
        started = time.perf_counter()
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            answer.read()
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


if __name__ == "__main__":
    sys.exit(main())
