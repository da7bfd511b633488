"""Where carriers call us: `/callbacks/<token>`, one address for each account, found by a token that cannot be guessed.

A call that is genuine is answered 200, however often it comes; a repeated one changes nothing. Else 401 for a wrong
signature, 400 for a body that makes no sense, 404 for a parcel that we do not know (yet): carriers try again then.
"""

import logging

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations import dispatching, registry
from integrations.carrier import Callback, CarrierError, NotGenuine, Transcript
from integrations.models import CarrierAccount

logger = logging.getLogger(__name__)
_LARGEST = 1_000_000


@csrf_exempt
@require_POST
def receive(request: HttpRequest, token: str) -> JsonResponse:
    if not token.isascii() or not token.isprintable():
        raise Http404
    account = CarrierAccount.objects.select_related("destination").filter(callback_token=token).first()
    if account is None or account.destination.provider not in registry.CARRIERS:
        raise Http404
    destination = account.destination
    body = request.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        return JsonResponse({"error": "too_large"}, status=413)
    carrier = registry.carrier_class(destination.provider)(destination, Transcript())
    try:
        heard = carrier.read_callback(Callback(request.headers, body))
    except (NotGenuine, CarrierError) as error:
        logger.warning("callback refused", extra={"destination": destination.pk, "error": str(error)})
        return JsonResponse({"error": "not_genuine"}, status=401)
    except ValueError:
        return JsonResponse({"error": "not_understood"}, status=400)
    known = [dispatching.hear(destination, one, body) for one in heard]
    return JsonResponse({"ok": True}) if all(known) else JsonResponse({"error": "unknown_parcel"}, status=404)
