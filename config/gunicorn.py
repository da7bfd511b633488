"""How gunicorn serves us; see its documentation for the names."""

from config import settings

bind = f"[{settings.BIND}]:{settings.PORT}" if ":" in settings.BIND else f"{settings.BIND}:{settings.PORT}"
workers = settings.WEB_CONCURRENCY
preload_app = True
# A browser opens connections in advance: they must not occupy a process, as they would with the plain kind of worker.
worker_class = "gthread"
threads = 2
keepalive = 15
graceful_timeout = 5
# A proxy on this machine passes on what its clients send: none of them may say which part of the path is ours.
forwarder_headers = ""
loglevel = "warning"
control_socket_disable = True
