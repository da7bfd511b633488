"""When a service delivers: in business days of the sender's country."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import holidays

from integrations.fuuffy import words

_HOUR = time(17, tzinfo=UTC)
_DAY = timedelta(days=1)


def estimated_delivery(created: datetime, service: str, country: str) -> datetime:
    """17:00 UTC of the day on which an order is to be there. The days are counted from the first business day on or
    after its creation; without a country, Monday to Friday are business days."""
    created = created.astimezone(UTC)
    days = words.SERVICES[service]
    if days is None:
        today = datetime.combine(created, _HOUR)
        return today if created < today else today + _DAY
    day = _business_day(created.date(), country)
    for _ in range(days):
        day = _business_day(day + _DAY, country)
    return datetime.combine(day, _HOUR)


def _business_day(day: date, country: str) -> date:
    """The first on or after this day."""
    while not _is_business_day(day, country):
        day += _DAY
    return day


def _is_business_day(day: date, country: str) -> bool:
    calendar = _calendar(country, day.year)
    return calendar.is_working_day(day) if calendar is not None else day.weekday() < 5


@lru_cache(maxsize=1000)
def _calendar(country: str, year: int) -> holidays.HolidayBase | None:
    """One year at a time, complete when it is made: threads share it. None where nobody knows the holidays."""
    try:
        return holidays.country_holidays(country, years=year, expand=False)
    except NotImplementedError:
        return None
