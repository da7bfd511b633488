"""A small HTTP load generator: threads on raw sockets, so that it takes little of the machine that it measures."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """`rate` is answers with 2xx per second, the others are seconds."""

    rate: float
    p50: float
    p99: float
    worst: float
    refused: int

    def __str__(self) -> str:
        return (
            f"{self.rate:7.0f} /s   p50 {self.p50 * 1000:6.1f} ms   p99 {self.p99 * 1000:6.1f} ms   "
            f"worst {self.worst * 1000:6.1f} ms   refused {self.refused}"
        )


def run(port: int, request: Callable[[int], bytes], *, connections: int = 8, seconds: float = 8) -> Result:
    """Sends `request(number)` over and over on so many connections at once."""
    times: list[float] = []
    refused = [0]
    number = iter(range(10**9))
    lock = threading.Lock()
    end = time.monotonic() + seconds

    def work() -> None:
        mine: list[float] = []
        bad = 0
        while time.monotonic() < end:
            with lock:
                body = request(next(number))
            started = time.perf_counter()
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(body)
                answer = b""
                while chunk := connection.recv(65536):
                    answer += chunk
            mine.append(time.perf_counter() - started)
            bad += answer[9:10] != b"2"
        with lock:
            times.extend(mine)
            refused[0] += bad

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    return Result(
        (len(times) - refused[0]) / seconds,
        times[len(times) // 2],
        times[int(len(times) * 0.99)],
        times[-1],
        refused[0],
    )


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
