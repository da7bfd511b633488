"""Proofs of delivery for those who may see them: read without their pictures, which come one by one."""

from typing import Any

from django.db.models import F, Func, IntegerField
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from destinations.portal import PortalRequest, merchant_required
from orders.display import degrees
from orders.models import Order, ProofOfDelivery

PICTURES = {"photo": ("image/jpeg", "jpg"), "signature": ("image/png", "png")}


def proof_of(order: Order) -> ProofOfDelivery | None:
    """With `photo_size` and `signature_size`, in bytes, in the place of the pictures. An order on its way has none."""
    if not order.is_over:
        return None
    sizes = {f"{name}_size": Func(F(name), function="octet_length", output_field=IntegerField()) for name in PICTURES}
    return ProofOfDelivery.objects.filter(order=order).defer(*PICTURES).annotate(**sizes).first()


def place_of(proof: ProofOfDelivery | None) -> dict[str, Any] | None:
    """Where it was delivered, as text and as a map's address; None when nobody said."""
    if proof is None or proof.lat is None or proof.lng is None:
        return None
    lat, lng = degrees(proof.lat), degrees(proof.lng)
    return {
        "text": f"{lat}, {lng}",
        "url": f"https://www.openstreetmap.org/?mlat={lat}&mlon={lng}#map=17/{lat}/{lng}",
    }


def picture_answer(order: Order, name: str) -> HttpResponse:
    """The picture as a file that a browser shows and does not guess about. Raises `Http404`."""
    if name not in PICTURES:
        raise Http404
    data = ProofOfDelivery.objects.filter(order=order).values_list(name, flat=True).first()
    if not data:
        raise Http404
    kind, ending = PICTURES[name]
    response = HttpResponse(bytes(data), content_type=kind)
    response["Content-Disposition"] = f'inline; filename="{order.pk}-{name}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    # Opened by itself, it is a picture and nothing else.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_safe
@merchant_required()
def proof_picture(request: PortalRequest, order_id: int, name: str) -> HttpResponse:
    return picture_answer(get_object_or_404(Order.objects.of(request.merchant), pk=order_id), name)
