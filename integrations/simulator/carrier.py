"""The simulator as a carrier: scenario, seed and pace come from the destination's settings."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.carrier import Booking, Carrier, CarrierError, Consignment, Report
from integrations.models import SimulatedParcel
from integrations.simulator.script import Settings, steps

TIMEOUT_SECONDS = 10


class Simulator(Carrier):
    poll_seconds = 1
    track_batch = 200

    @property
    def settings(self) -> Settings:
        try:
            return Settings.read(self.destination.settings)
        except ValueError as error:
            raise CarrierError(f"The destination's settings are wrong. {error}", permanent=True) from error

    @classmethod
    def check_settings(cls, stored: dict[str, Any]) -> None:
        Settings.read(stored)

    def book(self, consignment: Consignment) -> Booking:
        order = consignment.order
        request = {
            "key": consignment.key,
            "order": _number(consignment),
            "pickup": {"name": order.pickup_name, "phone": order.pickup_phone, "address": order.pickup_address},
            "dropoff": {"name": order.dropoff_name, "phone": order.dropoff_phone, "address": order.dropoff_address},
            "items": [{"name": item.name, "quantity": item.quantity} for item in order.items.all()],
            "cod_amount": order.cod_amount,
            "currency": order.currency,
        }
        settings = self.settings
        with self.transcript.exchange("book", request) as said:
            if settings.scenario == "refuse":
                said.status_code, said.response = 422, f'{{"error": "invalid", "field": "{settings.field}"}}'
                raise CarrierError(f"{settings.field} is not acceptable", permanent=True, path=settings.field)
            if consignment.attempt <= settings.times:
                if settings.scenario == "rate_limited":
                    said.status_code, said.response = 429, '{"error": "slow down"}'
                    raise CarrierError("429: too many requests", retry_after=timedelta(seconds=1))
                if settings.scenario == "server_error":
                    said.status_code, said.response = 500, '{"error": "oops"}'
                    raise CarrierError("500: server error")
            if settings.scenario == "no_answer":
                time.sleep(min(TIMEOUT_SECONDS, settings.pace))
                raise CarrierError("No answer in time", unknown=True)
            taken = SimulatedParcel.objects.create(
                destination=self.destination,
                key=consignment.key,
                order_number=_number(consignment),
                created_at=timezone.now(),
            )
            time.sleep(settings.answer_seconds)
            if settings.scenario == "timeout_after_accept":
                raise CarrierError("No answer in time", unknown=True)
            said.status_code, said.response = 201, f'{{"parcel": "{taken}"}}'
            return Booking(reference=str(taken))

    def find(self, consignment: Consignment) -> Booking | None:
        with self.transcript.exchange("find", {"key": consignment.key}) as said:
            taken = SimulatedParcel.objects.filter(
                destination=self.destination, key=consignment.key, cancelled_at=None
            ).first()
            said.status_code, said.response = (200, f'{{"parcel": "{taken}"}}') if taken else (404, "{}")
            return Booking(reference=str(taken)) if taken else None

    def cancel(self, consignment: Consignment, reference: str) -> None:
        with self.transcript.exchange("cancel", {"parcel": reference}) as said:
            if self.settings.scenario == "cancel_refused":
                said.status_code, said.response = 409, '{"error": "too late"}'
                raise CarrierError("409: too late to cancel", permanent=True)
            taken = SimulatedParcel.objects.get(destination=self.destination, key=consignment.key, pk=reference[3:])
            if any(report.status == "delivered" for report in self._reports(taken)):
                said.status_code, said.response = 409, '{"error": "delivered"}'
                raise CarrierError("409: already delivered", permanent=True)
            taken.cancelled_at = taken.cancelled_at or timezone.now()
            taken.save(update_fields=["cancelled_at"])
            said.status_code, said.response = 200, "{}"

    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        found = SimulatedParcel.objects.filter(
            destination=self.destination, pk__in=[reference[3:] for _, reference in consignments]
        )
        return {taken.key: self._reports(taken) for taken in found}

    def _reports(self, taken: SimulatedParcel) -> list[Report]:
        until = taken.cancelled_at or timezone.now()
        reports = []
        for step in steps(self.settings, taken.order_number):
            at = taken.created_at + timedelta(seconds=step.after)
            if at <= until:
                reports.append(
                    Report(step.key, step.status, step.mark, step.text, at, {"parcel": str(taken), "word": step.status})
                )
        return reports


def _number(consignment: Consignment) -> str:
    return consignment.order.external_id or str(consignment.order.pk)
