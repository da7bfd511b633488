"""Whether this installation can work, for whoever asks in whatever words."""

from typing import Any

from django.db import connection

# A worker writes its heartbeat every two seconds.
WORKER_SILENT_SECONDS = 15


def readiness() -> tuple[int, dict[str, Any]]:
    """200 and `{"status": "ok", "database": true, "worker": true}`; 503 when the database or every worker is away."""
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
    return 200 if ok else 503, {"status": "ok" if ok else "unavailable", "database": database, "worker": worker}
