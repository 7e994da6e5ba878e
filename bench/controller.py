#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `lamina controller` costs: many OCIArtifacts come, the controller starts again, all go.

Runs etcd, kube-apiserver and a registry of its own beside it; the artifacts are in the registry before the
objects are made. CPU seconds are those of whole processes, until the controller has been idle for a second.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import sys
import threading
import time

import report

TESTS = pathlib.Path(__file__).resolve().parents[1] / "tests"
sys.path += [str(TESTS / folder) for folder in ("e2e", "interop", "peers")]
import cluster as clusters  # noqa: E402
import kube  # noqa: E402
import lamina  # noqa: E402
import peers  # noqa: E402
from program import eventually  # noqa: E402

CLIENTS = 4
NAMESPACE = "bench"
LIMIT_SECONDS = 1800
WRITE_VERBS = ("POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION")
TICKS = os.sysconf("SC_CLK_TCK")
TARGET_CREATE_CPU, TARGET_PEAK_MIB, TARGET_RESTART_CPU = 5, 48, 1
TARGET_WRITES_PER_OBJECT = 2  # a careful program: finalizer, status, event


def cpu_seconds(pid):
    user, system = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


class Bench:
    def __init__(self, cluster, registry, controller, objects, follow_tags):
        self.cluster, self.registry, self.controller, self.objects = cluster, registry, controller, objects
        self.follow_tags = follow_tags
        self.published = {}  # By number: the answers of the registry.
        self.rows = {}

    @contextlib.contextmanager
    def phase(self, name):
        """Measures what happens inside; that sets `seconds` of the dictionary that it gets."""
        others = {"apiserver": self.cluster.apiserver, "etcd": self.cluster.etcd, "registry": self.registry}
        before = {part: cpu_seconds(program.pid) for part, program in others.items()}
        writes = self.writes()
        first = self.controller.pid if self.controller.running else None
        own = cpu_seconds(first) if first else 0
        row = self.rows[name] = {}
        begin = time.monotonic()
        yield row
        row.setdefault("seconds", round(time.monotonic() - begin, 1))
        self.wait_for_idle()
        pid = self.controller.pid
        row["controller_cpu_seconds"] = round(cpu_seconds(pid) - (own if pid == first else 0), 2)
        for part, program in others.items():
            row[f"{part}_cpu_seconds"] = round(cpu_seconds(program.pid) - before[part], 1)
        row["controller_peak_mib"] = report.proc_fields(pid, "status")["VmHWM"] // 1024
        row["writes"] = dict(sorted((self.writes() - writes).items()))

    def writes(self):
        """Requests that the API server took which change something, by verb and resource, of anybody."""
        counts = collections.Counter()
        for labels, value in self.cluster.metrics("apiserver_request_total"):
            if labels["verb"] in WRITE_VERBS and labels["resource"] != "leases":
                resource = "/".join(part for part in (labels["resource"], labels["subresource"]) if part)
                counts[f"{labels['verb']} {resource}"] += int(value)
        return counts

    def wait_for_idle(self):
        used = -1.0
        while cpu_seconds(self.controller.pid) - used > 1.5 / TICKS:
            used = cpu_seconds(self.controller.pid)
            time.sleep(1)

    def each(self, action):
        """Calls the action with every number, from some threads."""
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            shares = [range(share, self.objects, CLIENTS) for share in range(CLIENTS)]
            list(pool.map(lambda share: [action(number) for number in share], shares))

    def publish(self):
        begin = time.monotonic()

        def publish(number):
            repository = f"{NAMESPACE}/app-{number}"
            self.published[number] = self.registry.publish(repository, b"content %d" % number, tags=["v1"])

        self.each(publish)
        return round(self.objects / (time.monotonic() - begin))

    def create(self, number):
        spec = {"repository": f"{NAMESPACE}/app-{number}", "tag": "v1"}
        if not self.follow_tags:  # As `lamina publish` writes it.
            published = self.published[number]
            spec |= {"digest": published["digest"], "layer": published["layer"]}
        self.cluster.admin.create(kube.OCI_ARTIFACT.object(NAMESPACE, f"app-{number}", spec=spec))

    def wait_for_ready(self):
        """A watch that counts, so that the client costs the machine little."""
        ready = set()
        admin = self.cluster.admin
        for event, item in admin.watch(kube.OCI_ARTIFACT, NAMESPACE, "0", LIMIT_SECONDS):
            if event in ("ADDED", "MODIFIED") and kube.is_ready(item):
                ready.add(item["metadata"]["name"])
                if len(ready) == self.objects:
                    return
        raise RuntimeError(f"{len(ready)} of {self.objects} objects became ready")

    def run(self):
        with self.phase("create"):
            creating = threading.Thread(target=self.each, args=(self.create,))
            creating.start()
            self.wait_for_ready()
            creating.join()
        self.controller.stop()
        with self.phase("restart") as row:
            self.controller.start()
            row["cpu_seconds_at_ready"] = round(cpu_seconds(self.controller.pid), 2)
        with self.phase("delete"):
            self.each(lambda i: self.cluster.admin.delete(kube.OCI_ARTIFACT, NAMESPACE, f"app-{i}"))
            path = "/v2/_lamina/holds?n=1"
            eventually(lambda: not self.registry.ask("GET", path)["holders"], "all is released", LIMIT_SECONDS)


def failures(rows, objects):
    """What misses its target; those are for 10,000 objects."""
    create, restart = rows["create"], rows["restart"]
    per_object = sum(create["writes"].values()) / objects - 1  # but for the one that made it
    restart_writes = sum(restart["writes"].values())
    for what, found, target in (
        ("CPU seconds to make all ready", create["controller_cpu_seconds"], TARGET_CREATE_CPU),
        ("peak MiB", create["controller_peak_mib"], TARGET_PEAK_MIB),
        ("writes per object", per_object, TARGET_WRITES_PER_OBJECT),
        ("CPU seconds after a restart", restart["controller_cpu_seconds"], TARGET_RESTART_CPU),
        ("writes after a restart", restart_writes, 0),
    ):
        if found > target:
            yield f"{what}: {round(found, 2)}, the target is {target}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=10_000, help="how many (default: %(default)s)")
    parser.add_argument(
        "--follow-tags", action="store_true", help="objects name a tag, not the digest that `lamina publish` writes"
    )
    arguments = parser.parse_args()

    peers.install(*clusters.PEERS)
    load = os.getloadavg()[0]
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(clusters.Cluster(audit=False))
        registry = lamina.Registry().start()
        stack.callback(registry.stop)
        cluster.admin.create(kube.NAMESPACE.object(None, NAMESPACE))
        account = cluster.controller_account("controller")
        log = cluster.folder / "controller.log"
        controller = lamina.Controller(log, registry, account, clusters.SYSTEM)
        stack.callback(controller.stop)
        bench = Bench(cluster, registry, controller, arguments.objects, arguments.follow_tags)
        rate = bench.publish()
        controller.start()
        bench.run()
        report.table(
            ("phase", "s", "CPU s: controller", "API server", "etcd", "registry", "peak MiB", "writes"),
            [
                (
                    name,
                    row["seconds"],
                    row["controller_cpu_seconds"],
                    row["apiserver_cpu_seconds"],
                    row["etcd_cpu_seconds"],
                    row["registry_cpu_seconds"],
                    row["controller_peak_mib"],
                    ", ".join(f"{count} {what}" for what, count in row["writes"].items()) or "none",
                )
                for name, row in bench.rows.items()
            ],
        )
        report.save(
            *("controller", cluster.folder, load),
            objects=arguments.objects,
            follow_tags=arguments.follow_tags,
            publish_per_second=rate,
            phases=bench.rows,
        )
    missed = list(failures(bench.rows, arguments.objects))
    for line in missed:
        print(line)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
