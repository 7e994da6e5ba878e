# SPDX-License-Identifier: Apache-2.0
"""Controller, registry and API server are killed again and again while objects come, change and go."""

import concurrent.futures
import os
import random
import time

import kube
import lamina
from e2e_case import ControllerCase
from peer_case import sha256
from program import eventually
from wire import UNREACHABLE

SEED = 4
STEPS = 1000 if os.environ.get("LAMINA_LONG") else 100
EVERY = 8  # steps from one kill to the next
BACKSTOP_SECONDS = 60 + STEPS  # Every kill costs seconds.
LEASE_SECONDS = 30  # from publishing an artifact to an object that holds it
LARGE = 100_000


class Chaos(ControllerCase):
    REGISTRY_OPTIONS = ("--released-grace", "1s")
    CONTROLLER_OPTIONS = ("--resync", "5s")

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.cluster_uid = self.kube.get(kube.NAMESPACE, None, "kube-system")["metadata"]["uid"]
        self.contents = {}  # what each live object must have

    def strike(self, part, delay):
        """Kills a part somewhere in the middle of what it is doing, and starts it again."""
        time.sleep(delay)
        part.require_running()
        part.kill()
        part.launch()

    def strikes(self):
        """Which part is killed when, each equally often: pairs of part and seconds."""
        parts = [self.controller, self.registry, self.cluster.apiserver]
        while True:
            for part in self.random.sample(parts, len(parts)):
                yield part, self.random.uniform(0, 0.1)

    def persist(self, action, *arguments, **fields):
        """Does what a program with patience does: again until it succeeds."""

        def attempt():
            try:
                return (action(*arguments, **fields),)
            except UNREACHABLE:
                return None
            except (kube.KubeError, lamina.RegistryError) as error:
                if error.status in (401, 403, 429) or error.status >= 500:
                    return None  # It is starting.
                raise

        return eventually(attempt, f"{action.__name__} succeeds", BACKSTOP_SECONDS)[0]

    def publish(self, name):
        content = self.random.randbytes(LARGE if self.random.random() < 0.1 else 100)
        owner = {
            "cluster": self.cluster_uid,
            "group": "lamina.dev",
            "kind": kube.OCI_ARTIFACT.kind,
            "namespace": self.namespace,
            "name": name,
        }
        repository = f"{self.namespace}/{name}"
        publish = self.registry.publish
        self.persist(publish, repository, content, tags=["v1"], ttl=LEASE_SECONDS, owner=owner)
        # Nothing of what was replaced is kept, so that only what is held by a live object may be there.
        self.persist(self.oci_artifact, name, retention={"ttl": "0s", "keepLast": 0})
        self.contents[name] = content

    def remove(self, name):
        self.persist(self.kube.delete, kube.OCI_ARTIFACT, self.namespace, name)
        del self.contents[name]

    def step(self, number):
        choice = self.random.random()
        if self.contents and choice < 0.5:
            name = self.random.choice(sorted(self.contents))
            (self.publish if choice < 0.25 else self.remove)(name)
        else:
            self.publish(f"app-{number}")

    def test_nothing_is_lost_stuck_or_left(self):
        strikes = self.strikes()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            for number in range(STEPS):
                if number % EVERY == 0:
                    part, delay = next(strikes)
                    struck = pool.submit(self.strike, part, delay)
                if number % EVERY == EVERY // 2:
                    # Some steps fall into the time that it is away, the others into that of its return.
                    struck.result()
                    eventually(part.is_ready, f"{part.log.stem} is back")
                self.step(number)
        for part in (self.cluster.apiserver, self.cluster.controller_manager, self.registry, self.controller):
            eventually(part.is_ready, f"{part.log.stem} is back")
        self.assert_live_objects_are_ready_and_pullable()
        self.assert_nothing_is_stuck()
        self.assert_held_content_is_there_and_held_by_the_living()
        self.assert_no_content_is_held_by_nobody()

    def assert_live_objects_are_ready_and_pullable(self):
        digests = {name: sha256(content) for name, content in self.contents.items()}
        self.objects = self.wait_for_layers(digests, BACKSTOP_SECONDS)
        for item in self.objects:
            self.assert_serves(
                item["status"]["url"].removeprefix(self.registry.url), digests[item["metadata"]["name"]]
            )

    def assert_serves(self, path, digest):
        status, _, content = self.registry.exchange("GET", path)
        self.assertEqual((status, sha256(content)), (200, digest))

    def assert_nothing_is_stuck(self):
        """No object is being deleted, none waits for a finalizer."""
        for item in self.kube.list(kube.OCI_ARTIFACT, self.namespace):
            self.assertNotIn("deletionTimestamp", item["metadata"])
            self.assertNotIn("finalizers", item["metadata"])

    def holders(self):
        path = f"/v2/_lamina/holds?cluster={self.cluster_uid}&group=lamina.dev&kind=OCIArtifact"
        return self.registry.pages(path, "holders")

    def assert_held_content_is_there_and_held_by_the_living(self):
        living = {(self.namespace, item["metadata"]["name"], item["metadata"]["uid"]) for item in self.objects}

        def held():
            holders = self.holders()
            return holders if living == {(h["namespace"], h["name"], h["uid"]) for h in holders} else None

        for holder in eventually(held, "the living hold, and nobody else"):
            for hold in holder["holds"]:
                manifest = self.registry.ask("GET", f"/v2/{hold['repository']}/manifests/{hold['digest']}")
                for layer in manifest["layers"]:
                    self.assert_serves(f"/v2/{hold['repository']}/blobs/{layer['digest']}", layer["digest"])

    def assert_no_content_is_held_by_nobody(self):
        """What was replaced before an object had it goes when its lease has ended and the controller has compared
        after that."""
        path = "/v2/_lamina/orphans"
        eventually(lambda: not self.registry.pages(path, "orphans"), "orphans go", BACKSTOP_SECONDS)
        repositories = set(self.registry.pages("/v2/_catalog", "repositories"))
        self.assertEqual(repositories, {f"{self.namespace}/{name}" for name in self.contents})
