# SPDX-License-Identifier: Apache-2.0
"""From a publish to what Flux applies: kustomize-controller with ExternalArtifacts that the controller writes."""

import os

import flux
import kube
from e2e_case import ControllerCase

LARGE = 200_000  # so that the layer is a file, which can be damaged


class Flux(ControllerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(flux.kustomize_controller(cls.cluster))

    def publish(self, tag="v1", **data):
        return self.registry.push(self.manifests(**data), f"{self.namespace}/app", tag)

    def publish_large(self, tag, **data):
        """The same with a layer that is a file of the registry."""
        (self.manifests() / "random.bin").write_bytes(os.urandom(LARGE))
        return self.publish(tag, **data)

    def export(self, **spec):
        return self.oci_artifact("app", exports=[{"kind": kube.EXTERNAL_ARTIFACT.kind}], **spec)

    def external_artifact(self):
        return self.kube.get(kube.EXTERNAL_ARTIFACT, self.namespace, "app")

    def wait_for(self, kind, holds, what):
        return self.kube.wait(kind, self.namespace, "app", holds, what)

    def wait_for_corruption(self):
        def corrupted(item):
            ready = kube.condition(item, "Ready")
            return (ready.get("status"), ready.get("reason")) == ("False", "ContentCorrupted")

        return self.wait_for(kube.OCI_ARTIFACT, corrupted, "the corruption shows")

    def test_content_arrives_and_so_does_its_change(self):
        self.export()
        self.kube.create(flux.kustomization(self.namespace, "app"))
        revisions = set()
        for colour in ("blue", "green"):
            pushed = self.publish(colour=colour)
            self.assert_applied(colour=colour)
            artifact = self.external_artifact()["status"]["artifact"]
            self.assertEqual(artifact["digest"], pushed["layer"]["digest"])
            self.assertEqual(artifact["revision"], f"v1@{pushed['layer']['digest']}")
            self.assertTrue(artifact["url"].startswith(f"{self.registry.url}/files/{self.namespace}/app/sha256:"))
            revisions.add(artifact["revision"])
        self.assertEqual(len(revisions), 2)

    def test_unchanged_content_writes_nothing(self):
        self.publish(colour="blue")
        self.export()
        written = self.wait_for(kube.EXTERNAL_ARTIFACT, has_artifact, "it is exported")
        self.wait_for(kube.OCI_ARTIFACT, kube.is_ready, "it is ready")
        self.publish(colour="blue")
        # What comes after the unchanged publish has been seen after it.
        self.registry.push(self.manifests(colour="blue"), f"{self.namespace}/later", "v1")
        self.oci_artifact("later")
        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "later", kube.is_ready, "it is ready")
        self.assertEqual(
            self.external_artifact()["metadata"]["resourceVersion"], written["metadata"]["resourceVersion"]
        )

    def test_export_goes_with_its_source_and_what_it_brought_too(self):
        self.publish(colour="blue")
        self.export()
        self.kube.create(flux.kustomization(self.namespace, "app"))
        self.assert_applied(colour="blue")
        self.kube.delete(kube.OCI_ARTIFACT, self.namespace, "app")
        self.wait_for(kube.EXTERNAL_ARTIFACT, lambda item: item is None, "it is collected")

    def test_content_that_was_damaged_before_it_was_seen_never_arrives(self):
        pushed = self.publish_large("v1", colour="blue")
        self.registry.corrupt(pushed["layer"]["digest"])
        self.kube.create(flux.kustomization(self.namespace, "app"))
        self.export()
        message = kube.condition(self.wait_for_corruption(), "Ready")["message"]
        self.assertIn(pushed["layer"]["digest"], message)
        self.assertFalse(has_artifact(self.external_artifact()))
        self.assertIsNone(self.kube.get(kube.CONFIG_MAP, self.namespace, "settings"))

    def test_damaged_change_leaves_what_was_there_and_heals_by_a_push(self):
        self.publish("blue", colour="blue")
        self.export(tag="blue")
        self.kube.create(flux.kustomization(self.namespace, "app"))
        self.assert_applied(colour="blue")
        pushed = self.publish_large("green", colour="green")
        self.registry.corrupt(pushed["layer"]["digest"])
        self.export(tag="green")
        self.wait_for_corruption()
        self.assertNotEqual(self.external_artifact()["status"]["artifact"]["digest"], pushed["layer"]["digest"])
        self.assert_applied(colour="blue")
        self.publish("green", colour="green")
        self.wait_for(kube.OCI_ARTIFACT, kube.is_ready, "it is ready again")
        self.assert_applied(colour="green")

    def test_content_that_is_damaged_later_never_arrives_and_the_next_look_tells(self):
        pushed = self.publish_large("v1", colour="blue")
        self.export()
        self.wait_for(kube.EXTERNAL_ARTIFACT, has_artifact, "it is exported")
        self.registry.corrupt(pushed["layer"]["digest"])
        self.kube.create(flux.kustomization(self.namespace, "app"))

        def refused(item):
            return kube.condition(item, "Ready").get("reason") == "ArtifactFailed"

        self.wait_for(kube.KUSTOMIZATION, refused, "the download fails")
        self.export(interval="1s")
        self.wait_for_corruption()
        self.assertIsNone(self.kube.get(kube.CONFIG_MAP, self.namespace, "settings"))


def has_artifact(item):
    return bool(item and item.get("status", {}).get("artifact"))
