"""What the simulator does with a parcel, worked out beforehand: the same seed and order give the same reports."""

import random
from dataclasses import dataclass
from typing import Any

from orders.statuses import Mark, Status

# scenario → what happens
SCENARIOS = {
    "accept": "takes the parcel and delivers it",
    "refuse": "refuses for good, because of the field in `field`",
    "rate_limited": "answers 429 the first `times` attempts, then accepts",
    "server_error": "answers 500 the first `times` attempts, then accepts",
    "timeout_after_accept": "takes the parcel, but its answer never arrives",
    "no_answer": "never answers and takes nothing",
    "duplicate_reports": "delivers, and says everything twice",
    "out_of_order_reports": "delivers, and says it in the wrong order",
    "undeliverable": "takes the parcel, tries, and gives up",
    "returned": "takes the parcel and brings it back",
    "cancel_refused": "delivers, and refuses to cancel",
    "mixed": "one of several courses, by the seed",
}


_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """A destination's settings with their defaults. `pace` is seconds from booking to delivery, `answer_seconds` how
    long it takes over each answer, `times` how often it fails before it accepts."""

    scenario: str = "accept"
    seed: int = 1
    pace: float = 10
    times: int = 2
    field: str = "dropoff.phone"
    answer_seconds: float = 0

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Settings":
        """Raises ValueError, with words for the person who wrote them, if a setting is unknown or of a wrong kind."""
        unknown = set(stored) - set(cls.__slots__)
        if unknown:
            raise ValueError(f"Unknown setting: {', '.join(sorted(unknown))}. Known are {', '.join(cls.__slots__)}.")
        for name, value in stored.items():
            if name in ("scenario", "field"):
                if not isinstance(value, str):
                    raise ValueError(f"{name} must be a text.")
            elif not isinstance(value, int | float) or isinstance(value, bool):
                raise ValueError(f"{name} must be a number.")
            elif not 0 <= value <= _LARGEST:
                raise ValueError(f"{name} must be between 0 and {_LARGEST}.")
        if stored.get("scenario", "accept") not in SCENARIOS:
            raise ValueError(f"Unknown scenario. Known are {', '.join(SCENARIOS)}.")
        return cls(**stored)


@dataclass(frozen=True, slots=True)
class Step:
    """`after` seconds from the booking, the simulator reports `status`. A repeated report has the key of the first."""

    after: float
    key: str
    status: str
    mark: str = ""
    text: str = ""


_STRAIGHT = ((0.2, Status.PICKED_UP, "", "collected"), (0.5, Status.IN_TRANSIT, "", "on its way"))
_END = (0.95, Status.DELIVERED, "", "handed over")
_COURSES: dict[str, tuple[tuple[float, str, str, str], ...]] = {
    "accept": (*_STRAIGHT, _END),
    "undeliverable": (
        *_STRAIGHT,
        (0.7, Status.IN_TRANSIT, Mark.ATTEMPT_FAILED, "nobody at home"),
        (0.95, Status.FAILED, "", "address not found"),
    ),
    "returned": (*_STRAIGHT, (0.7, Status.IN_TRANSIT, Mark.RETURNING, "refused"), (0.95, Status.RETURNED, "", "back")),
    "delayed": (*_STRAIGHT, (0.7, Status.IN_TRANSIT, Mark.DELAYED, "heavy traffic"), _END),
    "second_attempt": (*_STRAIGHT, (0.7, Status.IN_TRANSIT, Mark.ATTEMPT_FAILED, "nobody at home"), _END),
}
_MIXED = (("accept", 70), ("delayed", 12), ("second_attempt", 10), ("undeliverable", 5), ("returned", 3))


def steps(settings: Settings, order_number: str) -> list[Step]:
    """The reports about one parcel, in the order in which they are made."""
    dice = random.Random(f"{settings.seed}:{order_number}")
    course = settings.scenario if settings.scenario in _COURSES else "accept"
    if settings.scenario == "mixed":
        course = dice.choices([name for name, _ in _MIXED], [weight for _, weight in _MIXED])[0]
    made = [
        Step(settings.pace * share * dice.uniform(0.95, 1.05), f"{number}-{status}", status, mark, text)
        for number, (share, status, mark, text) in enumerate(_COURSES[course], start=1)
    ]
    if settings.scenario == "duplicate_reports":
        return [step for step in made for _ in range(2)]
    if settings.scenario == "out_of_order_reports":
        times = [step.after for step in made]
        first, *others = [made[1], made[0], *made[2:]]
        return [
            Step(after, step.key, step.status, step.mark, step.text)
            for after, step in zip(times, [first, *others], strict=True)
        ]
    return made
