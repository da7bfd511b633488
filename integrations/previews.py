"""What would become of a body: the order that we understand by it, and what each carrier would be sent. Nothing is
written, and nobody is called."""

import json
import logging
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from rest_framework.exceptions import APIException

from destinations.models import Destination, Source
from integrations import losses, registry
from integrations.bodies import TooLarge, parse_json
from integrations.carrier import CarrierError, Consignment, Transcript
from integrations.losses import LossReport
from integrations.reference import reference_of
from integrations.translation import completed, facts
from orders import contents, paths
from orders.errors import OrderError
from orders.models import JSONEncoder, Order

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """The dialect would answer so: HTTP status, and its body as text."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a carrier would be sent: `body` as text, with its loss report; or why it would get nothing, with the label
    of the `field` that this is about if it is about one. `destination`: the merchant's own, whose settings count."""

    room: registry.Room
    destination: Destination | None
    body: str = ""
    report: LossReport | None = None
    problem: str = ""
    field: str = ""


def sample(dialect: str) -> str:
    """The body with which the dialect's document shows how an order is created."""
    return _pretty(next(call.sample for call in reference_of(dialect).calls if call.sample is not None))


def understand(dialect: str, text: str, source: Source) -> tuple[Order, int] | Refused:
    """The order that is meant, unsaved, and how many there are in the body. Only the form is checked: whether there is
    what the body names (a customer, a destination) is not."""
    room = f"integrations.{dialect}"
    with translation.override("en"):  # the documents' texts are English
        try:
            if len(text.encode()) > settings.API_MAX_BODY:
                raise TooLarge
            body = parse_json(text.encode())
            draft = import_module(f"{room}.serializers").draft_of(body, source)
            return contents.unsaved(draft, source), len(body) if isinstance(body, list) else 1
        except (APIException, OrderError) as error:
            status, answer = import_module(f"{room}.errors").answer_error(error)
            return Refused(status, _pretty(answer))


def known(order: Order) -> list[tuple[str, str]]:
    """Label and value of all that the order says."""
    return [(paths.label(path), value) for path, value in facts(order).items()]


def said(order: Order) -> list[Said]:
    """What each carrier that speaks another dialect would be sent, in the order of the registry."""
    rooms = [room for room in registry.CARRIERS.values() if room.dialect and room.name != order.dialect]
    ours = {
        one.provider: one
        for one in Destination.objects.filter(merchant=order.merchant, provider__in=[room.name for room in rooms])
        .select_related("account")
        .order_by("provider", "-is_active", "pk")
        .distinct("provider")
    }
    return [_said(order, room, ours.get(room.name)) for room in rooms]


def _said(order: Order, room: registry.Room, ours: Destination | None) -> Said:
    destination = ours or Destination(merchant=order.merchant, provider=room.name)
    consignment = Consignment(f"{order.uuid.hex}-1", completed(order))
    try:
        with transaction.atomic():
            carrier = registry.carrier_class(room.name)(destination, Transcript())
            made = carrier.translate(consignment)
            transaction.set_rollback(True)  # whatever it may have looked up and kept
        return Said(room, ours, _pretty(made.body), losses.report(fate.as_json() for fate in made.fates))
    except CarrierError as error:
        return Said(room, ours, problem=str(error), field=paths.label(error.path) if error.path else "")
    except Exception:  # a carrier may need what only a connected destination has
        logger.exception("translation failed", extra={"provider": room.name})
        return Said(room, ours, problem=gettext("This cannot be said without a connected destination of this carrier."))


def _pretty(body: Any) -> str:
    return json.dumps(body, cls=JSONEncoder, ensure_ascii=False, indent=2)
