"""A hand-over in words for people: what happens with it now, and what they can do."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext

from integrations.models import Dispatch
from orders.models import Order

State = Dispatch.State

_TONES = {
    State.UNKNOWN: "amber",
    State.BOOKED: "green",
    State.CANCELLING: "amber",
    State.CANCELLED: "grey",
    State.REFUSED: "red",
    State.GAVE_UP: "red",
    State.DROPPED: "grey",
    State.DONE: "green",
}


@dataclass(frozen=True, slots=True)
class Story:
    """One dispatch: `now` is what happens, `hint` what somebody can do about it, if there is something."""

    dispatch: Dispatch
    now: str
    hint: str = ""

    @property
    def tone(self) -> str:
        return _TONES.get(State(self.dispatch.state), "blue")

    @property
    def has_label(self) -> bool:
        return bool(self.dispatch.label)


def stories(order: Order, dispatches: list[Dispatch]) -> list[Story]:
    """`dispatches` are the order's, newest first, with destination, lane and the destination's fallback."""
    newer: Dispatch | None = None
    found = []
    for dispatch in dispatches:
        found.append(Story(dispatch, *_words(order, dispatch, newer)))
        newer = dispatch
    return found


def _words(order: Order, dispatch: Dispatch, newer: Dispatch | None) -> tuple[str, str]:
    match dispatch.state:
        case State.PLANNED:
            return _planned(order, dispatch)
        case State.BOOKING:
            return gettext("The carrier is being asked at this moment."), ""
        case State.UNKNOWN:
            return (
                gettext("The carrier was asked, but its answer did not arrive. It is being found out whether it has "
                        "the parcel, so that it is never booked twice."),
                gettext("If this lasts, ask the carrier for the booking key below. The order is not given to anybody "
                        "else meanwhile."),
            )  # fmt: skip
        case State.BOOKED if dispatch.last_error:
            return gettext("The carrier has the parcel, and did not give it back."), ""
        case State.BOOKED:
            return gettext("The carrier has taken the parcel and is asked where it is."), ""
        case State.CANCELLING if dispatch.last_error:
            text = gettext("The carrier was asked to give the parcel back, without an answer that settles it. "
                           "It is asked again at %(time)s.")  # fmt: skip
            return text % {"time": _clock(dispatch)}, ""
        case State.CANCELLING:
            return gettext("The carrier is being asked to give the parcel back."), ""
        case State.CANCELLED:
            return gettext("This carrier does not have the parcel any more."), ""
        case State.DONE:
            return gettext("This has come to its end."), ""
    return _ended(order, dispatch, newer)


def _planned(order: Order, dispatch: Dispatch) -> tuple[str, str]:
    lane = getattr(dispatch.destination, "lane", None)
    if order.status == "cancelling":
        return gettext("It is being cancelled; no carrier has it."), ""
    if lane and lane.closed_at:
        fallback = dispatch.destination.fallback
        hint = gettext("You need do nothing. The destination's page says what is wrong.")
        if fallback:
            hint = gettext("You need do nothing: it may also go to %(name)s meanwhile.") % {"name": fallback.name}
        return gettext("This carrier cannot be reached at present. The order waits and goes out by itself."), hint
    if dispatch.is_waiting:
        return gettext("It waits for its turn: this carrier is given only so many orders at a time."), ""
    if dispatch.attempts and dispatch.next_at:
        text = gettext("It did not work so far. It is tried again by itself at %(time)s.")
        hint = gettext("You need do nothing. To stop it, cancel the order.")
        return text % {"time": _clock(dispatch)}, hint
    return gettext("It is given to the carrier in a moment."), ""


def _clock(dispatch: Dispatch) -> str:
    """When it is looked at again, within the hour."""
    return f"{timezone.localtime(dispatch.next_at):%H:%M:%S}" if dispatch.next_at else "—"


def _ended(order: Order, dispatch: Dispatch, newer: Dispatch | None) -> tuple[str, str]:
    """Without a parcel."""
    now = {
        State.REFUSED: gettext("The carrier does not take this order."),
        State.GAVE_UP: gettext("The carrier could not be reached, and it is not tried any more."),
    }.get(State(dispatch.state), gettext("Nothing has come of this one."))
    if newer is not None:
        if newer.destination_id != dispatch.destination_id:
            return f"{now} " + gettext("It went on to %(name)s.") % {"name": newer.destination.name}, ""
        return f"{now} " + gettext("It was tried anew."), ""
    if order.status != "failed":
        return now, ""
    if dispatch.state == State.REFUSED:
        return now, gettext("Read the reason. When it is mended, press “Try again”; or cancel the order.")
    return now, gettext("Test the connection on the destination's page, then press “Try again”; or cancel the order.")
