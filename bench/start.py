#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time from exec until /readyz answers 200: on an empty store, a small one and a large one.

Makes the stores itself, by one-request publishes over keep-alive connections, and prints their rate. Checks that
the start reads no more for more artifacts. Files are in the page cache; the stores are below $TMPDIR.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import report

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "peers"))
import peers  # noqa: E402

SMALL = 1000
CONNECTIONS = 16
PER_REPOSITORY = 100
LAYER = b"apiVersion: v1\nkind: ConfigMap\n" * 128  # 4 KiB: stays inside the records
LARGE_LAYER = LAYER * 32  # 128 KiB: a file
EVERY_LARGE = 50
TARGET_EMPTY_MS, TARGET_FULL_MS = 200, 1000


class Server:
    """A server on a folder; `ready_ms` is how long it took to be ready, `io` what it had read by then."""

    def __init__(self, folder):
        command = [peers.lamina(), "serve", "--addr", "127.0.0.1:0", "--data", folder]
        begin = time.monotonic()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        listening = re.search(r"http://(.*):(\d+)", self.process.stdout.readline())
        if not listening:
            raise RuntimeError(f"the server ended with status {self.process.wait()}")
        self.address = (listening[1], int(listening[2]))
        with Connection(self.address) as connection:
            connection.ask(b"GET /readyz HTTP/1.1\r\nHost: bench\r\n\r\n", b"200")
        self.ready_ms = (time.monotonic() - begin) * 1000
        self.io = report.proc_fields(self.process.pid, "io")

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait()
        self.process.stdout.close()
        if status != (0 if number == signal.SIGTERM else -number):
            raise RuntimeError(f"the server ended with status {status}")


class Connection:
    """HTTP by hand: the client must not be what limits the rate."""

    def __init__(self, address):
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, message, status):
        self.socket.sendall(message)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._receive()
        head, _, body = answer.partition(b"\r\n\r\n")
        left = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1]) - len(body)
        while left > 0:
            left -= len(self._receive())
        if head.split(b" ", 2)[1] != status:
            raise RuntimeError(answer.decode(errors="replace"))

    def _receive(self):
        received = self.socket.recv(65536)
        if not received:
            raise RuntimeError("the server closed the connection")
        return received


def publish(address, numbers):
    """Publishes one artifact a number, each with a layer and a tag of its own."""
    with Connection(address) as connection:
        for number in numbers:
            layer = b"# %d\n" % number + (LAYER if number % EVERY_LARGE else LARGE_LAYER)
            connection.ask(
                b"POST /v2/bench/r%d/_lamina/publish?artifactType=application/vnd.bench&tag=v%d HTTP/1.1\r\nHost: bench\r\n"
                b"Content-Type: application/yaml\r\nContent-Length: %d\r\n\r\n"
                % (number // PER_REPOSITORY, number, len(layer)) + layer,
                b"201",
            )  # fmt: skip


def fill(folder, first, last):
    """Publishes the artifacts [first, last), kills the server, and returns how many it took a second."""
    server = Server(folder)
    try:
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            shares = [range(first + share, last, CONNECTIONS) for share in range(CONNECTIONS)]
            list(pool.map(lambda share: publish(server.address, share), shares))
        return round((last - first) / (time.monotonic() - begin))
    finally:
        server.end(signal.SIGKILL)


def starts(folders):
    """One start on each folder; the figures of all."""
    servers = []
    for folder in folders:
        servers.append(Server(folder))
        servers[-1].end()
    return {
        "ready_ms": round(statistics.median(server.ready_ms for server in servers), 1),
        "ready_ms_most": round(max(server.ready_ms for server in servers), 1),
        "reads": max(server.io["syscr"] for server in servers),
        "read_kib": max(server.io["rchar"] for server in servers) // 1024,
    }


def measure(folder, artifacts, runs):
    """The rows of the table and the publish rate."""
    rows = {"new folder": starts(folder / f"new-{run}" for run in range(runs))}
    rate = 0
    for first, last in ((0, SMALL), (SMALL, artifacts)):
        rate = fill(folder / "data", first, last)
        rows[f"{last:,}, after kill -9"] = starts([folder / "data"])
        rows[f"{last:,}"] = starts([folder / "data"] * runs)
    return rows, rate


def failures(rows, artifacts):
    """What misses its target, and a start that reads something of each artifact."""
    for name, row in rows.items():
        target = TARGET_EMPTY_MS if name == "new folder" else TARGET_FULL_MS
        if row["ready_ms"] >= target:
            yield f"{name}: ready after {row['ready_ms']} ms, the target is {target} ms"
    more = rows[f"{artifacts:,}"]["reads"] - rows[f"{SMALL:,}"]["reads"]
    if more > (artifacts - SMALL) / 100:
        yield f"the start walks the store: {more} more reads for {artifacts - SMALL} more artifacts"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artifacts", type=int, default=100_000, help="in the large store (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=11, help="starts of each store (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.artifacts <= SMALL:
        parser.error(f"--artifacts: expected more than {SMALL}")

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="lamina-bench-") as name:
        folder = pathlib.Path(name)
        rows, rate = measure(folder, arguments.artifacts, arguments.runs)
        report.table(
            ("store", "ready, median ms", "ready, most ms", "read calls", "KiB read"),
            [(name, *row.values()) for name, row in rows.items()],
        )
        print(f"\npublished {rate} artifacts/s over {CONNECTIONS} connections")
        report.save("start", folder, load, publish_per_second=rate, connections=CONNECTIONS, stores=rows)
    missed = list(failures(rows, arguments.artifacts))
    for line in missed:
        print(line)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
