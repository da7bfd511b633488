"""The processes that `up` runs and answers for."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

STOP_SECONDS = 12  # for a part to end by itself; the worker lets its jobs finish
PR_SET_PDEATHSIG = 1


class Part:
    """One running program, in a session of its own: Ctrl-C reaches `up` alone, which stops its parts in order."""

    def __init__(self, name: str, command: Sequence[str], *, folder: Path, descriptors: Sequence[int] = ()) -> None:
        self.name = name
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),  # stdout is for what `up` itself has to say
            start_new_session=True,
            pass_fds=tuple(descriptors),
            preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509  ("up" has no threads)
        )

    def end(self) -> str:
        """How it ended, in words; empty while it runs."""
        code = self.process.poll()
        if code is None:
            return ""
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    def stop(self) -> None:
        """End it: asked first, then killed with everything in its session that is left."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.process.wait()


def _end_with(parent: int) -> Callable[[], None]:
    """To run in a child: asks the kernel to end it when `parent` ends, however that happens. Linux only."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)

    def arrange() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return arrange
