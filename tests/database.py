"""A pytest plugin: a PostgreSQL for this run alone, and a data folder that is gone afterwards.

It works when it is imported (`-p tests.database`), because pytest-django reads the settings before any other hook.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from config.postgres import Server

_data = Path(tempfile.mkdtemp(prefix="wasl-test-"))
atexit.register(shutil.rmtree, _data, ignore_errors=True)

os.environ["WASL_DATA_DIR"] = str(_data)
os.environ["WASL_DEMO"] = "0"
# Threads of tests come and go, and would take their connections with them. Processes that tests start have a pool.
os.environ["WASL_DB_POOL"] = "0"
for name in ("PORT", "WASL_URL", "WASL_BIND", "DEBUG"):  # what the person at the keyboard uses is not what is tested
    os.environ.pop(name, None)

if not os.environ.get("DATABASE_URL"):
    _server = Server(_data, throwaway=True)
    _server.acquire()
    atexit.register(_server.release)
    os.environ["DATABASE_URL"] = _server.url
