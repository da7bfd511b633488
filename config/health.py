"""Whether we are alive, and whether we can work: for load balancers and for `manage.py up`."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from integrations.health import readiness


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 with `{"status": "ok", "database": true, "worker": true}`; 503 when the database or every worker is away."""
    status, body = readiness()
    response = JsonResponse(body, status=status)
    response._has_been_logged = True  # type: ignore[attr-defined]  # 503 is this page's answer, not an error in the log
    return response
