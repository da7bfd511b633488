"""Whether we are alive, and whether we can work: for load balancers and for `manage.py up`."""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

# A worker writes its heartbeat every two seconds.
WORKER_SILENT_SECONDS = 15


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 with `{"status": "ok", "database": true, "worker": true}`; 503 when the database or every worker is away."""
    database = worker = False
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - %s * interval '1 s')",
                [WORKER_SILENT_SECONDS],
            )
            database, worker = True, cursor.fetchone()[0]
    except Exception:
        connection.close()
    ok = database and worker
    body = {"status": "ok" if ok else "unavailable", "database": database, "worker": worker}
    response = JsonResponse(body, status=200 if ok else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # 503 is this page's answer, not an error in the log
    return response
