# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: the machine they ran on, the processes they look at, the form of their results."""

import datetime
import json
import os
import pathlib
import platform
import subprocess

RESULTS = pathlib.Path(__file__).resolve().parent / "results"
MIB = 1 << 20


def proc_fields(pid, file):
    """A file of /proc/PID in the form `name: number [unit]`, such as status and io."""
    lines = pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines)
    return {name: int(value.split()[0]) for name, value in pairs if value.split()[:1] and value.split()[0].isdigit()}


def machine(folder):
    """What a reader needs to judge the figures. `load` is that of the last minute, the benchmark's own included."""
    file_system = subprocess.run(
        ["findmnt", "-no", "FSTYPE,OPTIONS", "-T", str(folder)], capture_output=True, text=True, check=True
    ).stdout.split(maxsplit=1)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB,
        "kernel": platform.release(),
        "file_system": file_system[0],
        "load": round(os.getloadavg()[0], 1),
    }


def save(name, folder, load_before, **result):
    """Writes bench/results/<name>.json and prints where."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    document = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": {**machine(folder), "load_before": round(load_before, 1)},
        **result,
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
    print(f"\nwritten to {path.relative_to(RESULTS.parents[1])}")


def table(header, rows):
    """Prints a Markdown table."""
    for row in (header, ["---"] * len(header), *rows):
        print(f"| {' | '.join(map(str, row))} |")
