"""The protocol for those who write a receiver, as the portal shows it: examples that are made by what really sends, and
a program that the tests run."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from destinations.models import Destination
from integrations.carrier import Consignment, Transcript
from integrations.generic.carrier import GenericCarrier
from integrations.generic.words import SCHEMA
from orders.models import Order, OrderItem

KEY = "3f2b8c1e9a7d4f60b5c2d1e0f9a8b7c6-1"
REFERENCE = "P-1001"


def example_booking(destination: Destination) -> dict[str, Any]:
    """What a booking of an order of this destination's merchant looks like."""
    merchant = destination.merchant
    order = Order(
        merchant=merchant,
        is_test=True,
        external_id="SHOP-1042",
        pickup_name="Book shop",
        pickup_phone="+96522220000",
        pickup_address="Hawalli, Block 4, Street 12",
        dropoff_name="Sara Ali",
        dropoff_phone="+96550000000",
        dropoff_email="sara@example.com",
        dropoff_address="Salmiya, Block 3",
        dropoff_parts={"area": "Salmiya", "block": "3"},
        dropoff_lat=29.33,
        dropoff_lng=48.07,
        weight_kg=Decimal("1.200"),
        pieces=1,
        notes="Ring twice",
        currency=merchant.currency,
        cod_amount=Decimal(7),
        window_start=datetime(2030, 1, 1, 9, tzinfo=UTC),
        window_end=datetime(2030, 1, 1, 12, tzinfo=UTC),
    )
    order.unsaved_items = [OrderItem(name="Atlas", quantity=2, price=Decimal("3.5"))]  # type: ignore[attr-defined]
    return GenericCarrier(destination, Transcript()).translate(Consignment(KEY, order)).body


CANCEL = {"schema": SCHEMA, "action": "cancel", "key": KEY, "reference": REFERENCE}
STATUS = {"schema": SCHEMA, "action": "status", "key": KEY, "reference": REFERENCE}
CHECK = {"schema": SCHEMA, "action": "check"}
BOOKED = {"reference": REFERENCE, "tracking_url": "https://carrier.example/p/1001", "status": "accepted"}
REFUSED = {"field": "dropoff.phone", "message": "This is no phone number."}
NEWS = {
    "id": "event-77",
    "reference": REFERENCE,
    "status": "in_transit",
    "text": "On its way to Salmiya",
    "at": "2030-01-01T09:30:00Z",
}

# Python's standard library is all that it needs.
SAMPLE = '''\
import hashlib
import hmac
import json
import time
import urllib.request


def signature(secret: str, timestamp: str, body: bytes) -> str:
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_genuine(secret: str, headers, body: bytes) -> bool:
    """Whether Wasl has sent this, in the last five minutes. `body`: the bytes as they came."""
    timestamp = headers.get("X-Wasl-Timestamp", "")
    given = headers.get("X-Wasl-Signature", "")
    if not hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode()):
        return False
    return abs(time.time() - int(timestamp)) < 300


def report(address: str, secret: str, news: dict) -> int:
    """Tells Wasl where a parcel is. Anything but 200: try again later, with a new timestamp."""
    body = json.dumps(news).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Wasl-Timestamp": timestamp,
        "X-Wasl-Signature": signature(secret, timestamp, body),
    }
    request = urllib.request.Request(address, body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status
'''
