"""JSON log lines, each with the id of the request that it belongs to."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")

# Addresses that are credentials: whoever has one is let in.
_SECRET_PATH = re.compile(r"(/(?:ride|callbacks|track)/)[^/\s\"'?#]+")
_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "request"}


class JsonFormatter(logging.Formatter):
    """One object a line: time (UTC), level, logger, message, request_id, exception, and whatever `extra` held."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        line |= {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _SECRET_PATH.sub(r"\1…", json.dumps(line, default=str, ensure_ascii=False))
