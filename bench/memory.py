#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Resident memory of the server: idle, while large blobs are pushed, and while they are pulled and pushed at once.

Each figure is the highest of its phase as the kernel keeps it (VmHWM). The disk needs twice the content of one
phase, below $TMPDIR.
"""

import argparse
import concurrent.futures
import hashlib
import http.client
import os
import pathlib
import sys
import threading
import time

import report

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "peers"))
import peers  # noqa: E402

CHUNK = bytes(os.urandom(report.MIB))
PHASES = ("idle", "push", "pull and push again", "idle again")
TARGETS = {"idle": 24, "push": 64, "pull and push again": 64}


class Blob:
    """A blob of its own content: a number, then the same chunk over and over."""

    def __init__(self, number, size):
        self.head = number.to_bytes(8, "big")
        self.size = size
        self.digest = None

    def chunks(self):
        yield self.head
        left = self.size - len(self.head)
        while left > 0:
            yield CHUNK[:left]
            left -= len(CHUNK)

    def push(self, host):
        """The standard sequence: POST, PATCH with a body that is streamed, PUT."""
        connection = http.client.HTTPConnection(host)
        hasher = hashlib.sha256()

        def body():
            for chunk in self.chunks():
                hasher.update(chunk)
                yield chunk

        where = request(connection, "POST", "/v2/bench/blobs/uploads/", 202)["Location"]
        headers = {"Content-Length": str(self.size), "Content-Type": "application/octet-stream"}
        where = request(connection, "PATCH", where, 202, body=body(), headers=headers)["Location"]
        self.digest = f"sha256:{hasher.hexdigest()}"
        request(connection, "PUT", f"{where}?digest={self.digest}", 201)
        connection.close()

    def pull(self, host):
        connection = http.client.HTTPConnection(host)
        connection.request("GET", f"/v2/bench/blobs/{self.digest}")
        response = connection.getresponse()
        hasher = hashlib.sha256()
        while chunk := response.read(report.MIB):
            hasher.update(chunk)
        connection.close()
        if f"sha256:{hasher.hexdigest()}" != self.digest:
            raise RuntimeError(f"{self.digest}: pulled other bytes than were pushed")


def request(connection, method, path, status, **options):
    connection.request(method, path, **options)
    response = connection.getresponse()
    body = response.read()
    if response.status != status:
        raise RuntimeError(f"{method} {path}: status {response.status}, expected {status}: {body.decode()}")
    return response.headers


class Watch:
    """The highest memory from now until stop(), in MiB."""

    def __init__(self, pid):
        self.pid = pid
        self.anonymous = 0
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM begins anew
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self):
        while True:
            self.anonymous = max(self.anonymous, report.proc_fields(self.pid, "status")["RssAnon"])
            if self._end.wait(0.02):
                return

    def stop(self):
        self._end.set()
        self._thread.join()
        peak = report.proc_fields(self.pid, "status")["VmHWM"]
        return {"resident_mib": round(peak / 1024, 1), "anonymous_mib": round(self.anonymous / 1024, 1)}


def measure(server, count, size):
    blobs = [Blob(number, size) for number in range(count)]
    works = {
        "idle": (),
        "push": [blob.push for blob in blobs],
        "pull and push again": [work for blob in blobs for work in (blob.pull, blob.push)],
        "idle again": (),
    }
    phases = {}
    for phase in PHASES:
        time.sleep(2)  # what the phase before left behind in background threads
        watch = Watch(server.pid)
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(max(1, len(works[phase]))) as pool:
            list(pool.map(lambda work: work(server.host), works[phase]))
        seconds = time.monotonic() - begin
        phases[phase] = {**watch.stop(), "seconds": round(seconds, 1)}
    return phases


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=16, help="blobs at once (default: %(default)s)")
    parser.add_argument("--size", type=int, default=1024, help="of each blob, in MiB (default: %(default)s)")
    arguments = parser.parse_args()

    load = os.getloadavg()[0]
    server = peers.Lamina()
    try:
        phases = measure(server, arguments.count, arguments.size * report.MIB)
        report.table(
            ("phase", "resident MiB, at most", "of it anonymous", "target", "seconds"),
            [
                (phase, found["resident_mib"], found["anonymous_mib"],
                 f"< {TARGETS[phase]}" if phase in TARGETS else "", found["seconds"])
                for phase, found in phases.items()
            ],
        )  # fmt: skip
        report.save(
            "memory", server.folder, load, count=arguments.count, size_mib=arguments.size, phases=phases
        )
    finally:
        server.stop()
    missed = [phase for phase, most in TARGETS.items() if phases[phase]["resident_mib"] >= most]
    if missed:
        print(f"above the target: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
