#!/usr/bin/env python3
"""Wasl's front door: `up`, `test` and every Django command. Makes its own `.venv` on a fresh machine."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  (the reason for this line is to say so on an older Python)
    sys.exit(
        "Wasl needs Python 3.11 or newer, and this is {}. Install one and run it as, for example: "
        "python3.12 manage.py {}".format(sys.version.split()[0], " ".join(sys.argv[1:]))
    )

from config import bootstrap

if __name__ == "__main__":
    bootstrap.main(sys.argv)
