"""`manage.py demo`: fills an empty database with something to look at, once."""

import json
import os
import secrets
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from destinations.models import Merchant
from integrations.onboarding import Account, open_account
from orders import actions
from orders.drafts import Address, Item, OrderDraft, Stop
from orders.events import SYSTEM

LOG_INS = Path(settings.DATA_DIR) / "secrets" / "demo.json"

_SHOP = Stop("Dalia Flowers", "+96522210000", Address("Shop 4, Salem Al Mubarak St, Salmiya"), lat=29.3375, lng=48.0758)
# number, name, phone, area, block, street, building, latitude, longitude, items, COD, and what is special about it
_ORDERS: tuple[tuple[Any, ...], ...] = (
    (
        "1001",
        "Huda Al-Salem",
        "+96550001001",
        "Salmiya",
        "3",
        "Al Muqawil",
        "21A",
        29.3339,
        48.0687,
        "Tulips",
        "12.500",
    ),
    ("1002", "بدر الراشد", "+96550001002", "حولي", "5", "بيروت", "14", 29.3328, 48.0286, "باقة ورد", "8.750"),
    ("1003", "Joseph Mathew", "+96550001003", "Fahaheel", "1", "Coastal Road", "9", 29.0825, 48.1303, "Orchid", None),
    ("1004", "نورة العتيبي", "+96550001004", "الجهراء", "2", "مرزوق", "30", 29.3375, 47.6581, "صندوق هدايا", "21.000"),
    (
        "1005",
        "Mariam Hassan",
        "+96550001005",
        "Kuwait City",
        "7",
        "Fahad Al-Salem",
        "2",
        29.3697,
        47.9783,
        "Roses",
        "6.250",
    ),
    ("1006", "Omar Farouk", "+96550001006", "Farwaniya", "4", "Habib Munawer", "17", 29.2775, 47.9586, "Lilies", "15"),
)
_HELD, _SCHEDULED = "1005", "1006"


class Command(BaseCommand):
    help = "Fills an empty database with a demo merchant, its orders, and a staff log-in."

    def handle(self, *args: Any, **options: Any) -> None:
        if Merchant.objects.exists():
            self.stderr.write("There are merchants already: the demo is for an empty database.")
            return
        make_demo()
        self.stderr.write("Demo data made.")


@transaction.atomic
def make_demo() -> None:
    staff_password = secrets.token_urlsafe(12)
    User.objects.create_superuser("admin", password=staff_password)
    account = open_account(
        "Dalia Flowers",
        username="dalia",
        pickup={
            "pickup_name": _SHOP.name,
            "pickup_phone": _SHOP.phone,
            "pickup_address": _SHOP.address.text,
            "pickup_lat": _SHOP.lat,
            "pickup_lng": _SHOP.lng,
        },
    )
    actions.place_orders(account.source, [_draft(account, *row) for row in _ORDERS], actor=SYSTEM, is_test=True)
    _keep_log_ins(account, staff_password)


def _draft(account: Account, number: str, name: str, phone: str, area: str, block: str, street: str, building: str,
           lat: float, lng: float, goods: str, cod: str | None) -> OrderDraft:  # fmt: skip
    parts = {"area": area, "block": block, "street": street, "building": building}
    return OrderDraft(
        dialect="muvx",
        external_id=number,
        unique_scope=f"source:{account.source.pk}",
        pickup=_SHOP,
        dropoff=Stop(name, phone, Address(", ".join(parts.values()), parts), lat=lat, lng=lng),
        items=(Item(goods, 1, Decimal(cod) if cod else None, Decimal("0.8")),),
        notes="Please call before arriving." if number == _HELD else "",
        cod_amount=Decimal(cod) if cod else None,
        hold=number == _HELD,
        release_at=timezone.now() + timedelta(hours=2) if number == _SCHEDULED else None,
    )


def _keep_log_ins(account: Account, staff_password: str) -> None:
    """So that each `up` can show them again; readable by the installation's owner only."""
    LOG_INS.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(LOG_INS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(
            {
                "merchant": account.merchant.pk,
                "portal": [account.owner.get_username(), account.password],
                "admin": ["admin", staff_password],
                "muvx": account.keys["muvx"],
            },
            file,
        )


def welcome() -> str:
    """Where to log in, and a `curl` line that works as printed; how to begin, when there is no demo."""
    here = f"http://127.0.0.1:{settings.PORT}"
    try:
        kept = json.loads(LOG_INS.read_text())
    except (OSError, ValueError):
        kept = {}
    if not Merchant.objects.filter(pk=kept.get("merchant")).exists():
        return (
            f"Portal  {here}/\nAdmin   {here}/admin/\n"
            'No demo here. A merchant: python3 manage.py merchant "Name"   '
            "A staff log-in: python3 manage.py createsuperuser"
        )
    body = {
        "integration_order_id": "SHOP-'$(date +%s)'",
        "pickup": {"name": _SHOP.name, "address": _SHOP.address.text, "phone": _SHOP.phone},
        "dropoff": {
            "name": "Amal Karim",
            "address": {"area": "Salmiya", "block": "3", "street": "Al Muqawil", "building": "21A"},
            "phone": "+96550001111",
        },
        "cod_amount": 3.5,
        "auto_pickup": True,
    }
    return (
        f"Portal  {here}/        log in as {kept['portal'][0]} / {kept['portal'][1]}\n"
        f"Admin   {here}/admin/  log in as {kept['admin'][0]} / {kept['admin'][1]}\n"
        "An order, delivered in about ten seconds (watch it in the portal):\n"
        f"curl -sS {here}/muvx/v1/orders -H 'Authorization: Bearer {kept['muvx']}' "
        f"-H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    )
