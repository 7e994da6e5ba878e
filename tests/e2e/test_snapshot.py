# SPDX-License-Identifier: Apache-2.0
"""Snapshots of ocm-controller v1: as their controller, and beside it."""

import kube
from e2e_case import ControllerCase, E2eCase
from ocm import repository_of
from program import eventually

CRD = "snapshots.delivery.ocm.software"
FINALIZER = "finalizers.snapshot.ocm.software"
OPTIONS = ("--allow-repository", "*=sha-*")
LARGE = bytes(range(256)) * 1000  # so that the layer is a file, which can be damaged


class SnapshotCase(ControllerCase):
    def identity(self, name):
        return {"component-name": f"example.org/{self.namespace}/{name}", "component-version": "1.0.0"}

    def publish(self, name, content=b"content", tag="1.0.0"):
        return self.registry.publish(repository_of(self.identity(name)), content, tags=[tag])

    def snapshot(self, name, digest, identity_of=None, tag="1.0.0", **spec):
        """As a producer writes it."""
        spec = {"identity": self.identity(identity_of or name), "digest": digest, "tag": tag, **spec}
        return self.kube.apply(kube.SNAPSHOT.object(self.namespace, name, spec=spec), manager="producer")

    def wait_for(self, name, holds, what):
        return self.kube.wait(kube.SNAPSHOT, self.namespace, name, holds, what)

    def wait_ready(self, name):
        return self.wait_for(name, kube.is_ready, "it is Ready")

    def wait_condition(self, name, kind, status, reason):
        def holds(item):
            found = kube.condition(item, kind)
            return (found.get("status"), found.get("reason")) == (status, reason)

        return self.wait_for(name, holds, f"{kind} is {status}, {reason}")

    def delete(self, name):
        self.kube.delete(kube.SNAPSHOT, self.namespace, name)
        self.wait_for(name, lambda item: item is None, "it is gone")

    def status_of(self, published):
        """The registry's answer for a manifest by its digest."""
        path = f"/v2/{published['repository']}/manifests/{published['digest']}"
        return self.registry.exchange("HEAD", path)[0]

    def holders(self, published):
        path = f"/v2/{published['repository']}/_lamina/holders/{published['digest']}"
        return {holder["name"] for holder in self.registry.ask("GET", path)["holders"]}

    def assert_event(self, name, reason, text):
        def holds(events):
            about = [event for event in events if event["involvedObject"]["name"] == name]
            return [event for event in about if event["reason"] == reason and text in event["message"]]

        return self.kube.wait_all(kube.EVENT, self.namespace, holds, f"{name}: an event says {reason}, {text}")[0]


class OwnSnapshots(SnapshotCase):
    CONTROLLER_OPTIONS = (*OPTIONS, "--snapshots", "own")

    def test_ready_once_the_content_was_seen(self):
        digest = "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"  # of "content"
        self.snapshot("s", digest)
        missing = self.wait_condition("s", "Ready", "False", "ArtifactNotFound")
        self.assertNotIn("observedGeneration", missing["status"])
        published = self.publish("s")
        self.assertEqual(published["layer"]["digest"], digest)
        ready = self.wait_ready("s")
        self.assertIn(FINALIZER, ready["metadata"]["finalizers"])
        status = ready["status"]
        self.assertEqual(status["digest"], digest)
        self.assertEqual(status["tag"], "1.0.0")
        self.assertEqual(status["repositoryURL"], f"{self.registry.url}/{published['repository']}")
        self.assertEqual(status["observedGeneration"], ready["metadata"]["generation"])
        self.assertEqual(kube.condition(ready, "Ready")["message"], "Snapshot with name 's' is ready")
        self.assertEqual(kube.condition(ready, "Reconciling"), {})
        self.assertEqual(self.holders(published), {"s"})
        event = self.assert_event("s", "Succeeded", "Reconciliation finished, next run in")
        annotations = event["metadata"]["annotations"]
        self.assertEqual(annotations["delivery.ocm.software/snapshot_digest"], digest)

    def test_wrong_content_says_what_was_expected_and_found(self):
        expected = self.publish("s", b"one")["layer"]["digest"]
        found = self.publish("s", b"other")["layer"]["digest"]
        self.snapshot("s", expected)
        wrong = self.wait_condition("s", "Ready", "False", "DigestMismatch")
        for digest in (expected, found):
            self.assertIn(digest, kube.condition(wrong, "Ready")["message"])
        self.publish("s", b"one")
        self.wait_ready("s")

    def test_damage_shows_and_heals(self):
        published = self.publish("s", LARGE)
        self.snapshot("s", published["layer"]["digest"])
        self.wait_ready("s")
        self.registry.corrupt(published["layer"]["digest"])
        request = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "1"}}}
        self.kube.patch(kube.SNAPSHOT, self.namespace, "s", request)
        self.wait_condition("s", "Ready", "False", "ContentCorrupted")
        self.publish("s", LARGE)
        self.wait_ready("s")

    def test_new_content_moves_the_hold(self):
        first = self.publish("s", b"one")
        self.snapshot("s", first["layer"]["digest"])
        self.wait_ready("s")
        second = self.publish("t", b"two", "2.0.0")
        self.snapshot("s", second["layer"]["digest"], "t", "2.0.0")
        self.wait_for(
            "s",
            lambda item: kube.is_ready(item) and item["status"]["tag"] == "2.0.0",
            "it is Ready with the new content",
        )
        self.assertEqual(self.holders(second), {"s"})
        self.assertEqual(self.holders(first), set())

    def test_deletion_takes_the_content_along(self):
        published = self.publish("s")
        self.snapshot("s", published["layer"]["digest"])
        self.wait_ready("s")
        self.delete("s")
        self.assertEqual(self.status_of(published), 404)

    def test_deletion_of_what_never_came(self):
        self.snapshot("s", "sha256:" + "0" * 64)
        self.wait_condition("s", "Ready", "False", "ArtifactNotFound")
        self.delete("s")

    def test_two_that_share_content(self):
        for order in (("one", "two"), ("two", "one")):
            published = self.publish("shared")
            for name in order:
                self.snapshot(name, published["layer"]["digest"], "shared")
                self.wait_ready(name)
            self.delete(order[0])
            self.assertEqual(self.status_of(published), 200)
            self.assertEqual(self.holders(published), {order[1]})
            self.assertTrue(kube.is_ready(self.kube.get(kube.SNAPSHOT, self.namespace, order[1])))
            self.delete(order[1])
            self.assertEqual(self.status_of(published), 404)

    def test_suspended_but_deleted(self):
        published = self.publish("s")
        self.snapshot("s", published["layer"]["digest"], suspend=True)
        self.publish("other")
        self.snapshot("other", published["layer"]["digest"])
        self.wait_ready("other")  # So the first was seen as well.
        self.assertNotIn("status", self.kube.get(kube.SNAPSHOT, self.namespace, "s"))
        self.snapshot("s", published["layer"]["digest"], suspend=False)
        self.wait_ready("s")
        self.snapshot("s", published["layer"]["digest"], suspend=True)
        self.delete("s")
        self.assertEqual(self.status_of(published), 404)

    def test_deletion_waits_for_the_registry(self):
        published = self.publish("s")
        self.snapshot("s", published["layer"]["digest"])
        self.wait_ready("s")
        self.registry.kill()
        self.kube.delete(kube.SNAPSHOT, self.namespace, "s")
        self.wait_for("s", lambda item: "deletionTimestamp" in item["metadata"], "it is being deleted")
        self.registry.start()
        self.wait_for("s", lambda item: item is None, "it is gone")
        self.assertEqual(self.status_of(published), 404)

    def test_exports_by_annotation(self):
        published = self.publish("s")
        self.snapshot("s", published["layer"]["digest"])
        annotation = {"metadata": {"annotations": {"lamina.dev/exports": "ExternalArtifact"}}}
        self.kube.patch(kube.SNAPSHOT, self.namespace, "s", annotation)
        exported = self.kube.wait(
            kube.EXTERNAL_ARTIFACT,
            self.namespace,
            "s",
            lambda item: item is not None and "artifact" in item.get("status", {}),
            "it is exported",
        )
        artifact = exported["status"]["artifact"]
        self.assertEqual(artifact["revision"], f"1.0.0@{published['layer']['digest']}")
        self.assertEqual(exported["spec"]["sourceRef"]["kind"], "Snapshot")
        status, _, content = self.registry.exchange("GET", "/" + artifact["path"])
        self.assertEqual((status, content), (200, b"content"))
        self.wait_condition("s", "Exported", "True", "Succeeded")


class ObservedSnapshots(SnapshotCase):
    """ocm-controller v1 keeps Ready and the finalizer; here the test does."""

    CONTROLLER_OPTIONS = (*OPTIONS, "--snapshots", "observe")

    def write_ready(self, name, message):
        """As ocm-controller does: conditions of a type that it does not know stay."""
        while True:
            item = self.kube.get(kube.SNAPSHOT, self.namespace, name)
            others = [
                entry
                for entry in item.get("status", {}).get("conditions", ())
                if entry["type"] != "Ready"
            ]
            ready = {
                "type": "Ready",
                "status": "True",
                "reason": "Succeeded",
                "message": message,
                "lastTransitionTime": "2026-01-02T03:04:05Z",
            }
            version = {"resourceVersion": item["metadata"]["resourceVersion"]}
            path = self.kube.path(kube.SNAPSHOT, self.namespace, name, "status", fieldManager="ocm-controller")
            patch = {"metadata": version, "status": {"conditions": [ready, *others], "tag": item["spec"]["tag"]}}
            try:
                self.kube.ask("PATCH", path, patch, kube.MERGE)
                return
            except kube.KubeError as error:
                if error.status != 409:
                    raise

    def test_one_condition_is_added_and_nothing_is_lost(self):
        published = self.publish("s")
        self.snapshot("s", published["layer"]["digest"])
        for count in range(20):
            self.write_ready("s", f"written {count} times")
        seen = self.wait_condition("s", "ContentVerified", "True", "Succeeded")
        self.write_ready("s", "last")
        seen = self.kube.get(kube.SNAPSHOT, self.namespace, "s")
        self.assertEqual(kube.condition(seen, "Ready")["message"], "last")
        self.assertEqual(kube.condition(seen, "ContentVerified")["status"], "True")
        self.assertEqual(set(seen["status"]), {"conditions", "tag"})
        self.assertNotIn("finalizers", seen["metadata"])
        self.assertEqual(self.holders(published), {"s"})

    def test_what_is_wrong_is_told(self):
        self.snapshot("s", "sha256:" + "0" * 64)
        self.wait_condition("s", "ContentVerified", "False", "ArtifactNotFound")
        self.assert_event("s", "ArtifactNotFound", "")
        self.assertEqual(kube.condition(self.kube.get(kube.SNAPSHOT, self.namespace, "s"), "Ready"), {})

    def test_content_is_held_until_the_object_is_gone(self):
        published = self.publish("s")
        self.snapshot("s", published["layer"]["digest"])
        self.wait_condition("s", "ContentVerified", "True", "Succeeded")
        self.delete("s")
        self.assertEqual(self.status_of(published), 200)


class Modes(E2eCase):
    def test_own_refuses_the_schema_of_another_product(self):
        crd = self.kube.get(kube.CUSTOM_RESOURCE_DEFINITION, None, CRD)
        properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        theirs = {"repository": {"type": "string"}, "digest": {"type": "string"}}
        changed = {**properties, "properties": theirs, "required": ["repository", "digest"]}
        path = self.kube.path(kube.CUSTOM_RESOURCE_DEFINITION, None, CRD)
        place = "/spec/versions/0/schema/openAPIV3Schema/properties/spec"

        def replace(value):
            operation = [{"op": "replace", "path": place, "value": value}]
            self.kube.ask("PATCH", path, operation, "application/json-patch+json")

        replace(changed)
        self.addCleanup(replace, properties)
        controller = self.new_controller("refusing", *OPTIONS, "--snapshots", "own")
        self.addCleanup(controller.kill)
        controller.launch()
        eventually(lambda: not controller.running, "it ends")
        self.assertIn("ocm-k8s-toolkit", controller.output())
