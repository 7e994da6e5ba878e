# SPDX-License-Identifier: Apache-2.0
"""Exports of OCIArtifacts: what is written, repaired and removed. test_flux.py has what Flux makes of them."""

import kube
from e2e_case import ControllerCase
from lamina import TAR_GZIP
from ocm import repository_of

KINDS = (kube.EXTERNAL_ARTIFACT, kube.OCI_REPOSITORY, kube.ARTIFACT)


class Exports(ControllerCase):
    CONTROLLER_OPTIONS = ("--allow-repository", "*=sha-*")

    def publish(self, content=b"content", tag="v1", media_type=TAR_GZIP):
        return self.registry.publish(f"{self.namespace}/app", content, media_type, tags=[tag])

    def export(self, *exports, **spec):
        return self.oci_artifact("app", exports=[{"kind": kind.kind} for kind in exports], **spec)

    def name_of(self, kind):
        return f"ociartifact-{self.namespace}-app" if kind is kube.ARTIFACT else "app"

    def wait_for(self, kind, holds, what):
        return self.kube.wait(kind, self.namespace, self.name_of(kind), holds, what)

    def wait_exported(self, status, reason):
        def holds(item):
            found = kube.condition(item, "Exported")
            return (found.get("status"), found.get("reason")) == (status, reason)

        return self.wait_for(kube.OCI_ARTIFACT, holds, f"Exported is {status}, {reason}")

    def get(self, kind):
        return self.kube.get(kind, self.namespace, self.name_of(kind))

    def test_all_kinds_say_the_same(self):
        published = self.publish()
        source = self.export(*KINDS)
        self.wait_exported("True", "Succeeded")
        layer, revision = published["layer"]["digest"], f"v1@{published['layer']['digest']}"
        for kind in KINDS:
            made = self.get(kind)
            (owner,) = made["metadata"]["ownerReferences"]
            self.assertEqual(owner["uid"], source["metadata"]["uid"])
            self.assertTrue(owner["controller"])
            self.assertEqual(made["metadata"]["labels"], {"app.kubernetes.io/managed-by": "lamina"})
        external = self.get(kube.EXTERNAL_ARTIFACT)
        self.assertTrue(kube.is_ready(external))
        artifact = external["status"]["artifact"]
        self.assertEqual((artifact["digest"], artifact["revision"]), (layer, revision))
        self.assertEqual(artifact["url"], f"{self.registry.url}/{artifact['path']}")
        self.assertEqual(self.registry.exchange("GET", "/" + artifact["path"])[2], b"content")
        spec = self.get(kube.ARTIFACT)["spec"]
        for field in ("url", "digest", "revision", "size", "lastUpdateTime"):
            self.assertEqual(spec[field], artifact[field])
        spec = self.get(kube.OCI_REPOSITORY)["spec"]
        self.assertEqual(spec["url"], f"oci://{self.registry.host}/{self.namespace}/app")
        self.assertEqual(spec["ref"], {"digest": published["digest"]})
        self.assertEqual(spec["layerSelector"], {"mediaType": TAR_GZIP, "operation": "copy"})
        self.assertTrue(spec["insecure"])

    def test_what_others_change_is_repaired(self):
        self.publish()
        self.export(*KINDS)
        self.wait_exported("True", "Succeeded")
        before = {kind: self.get(kind)["spec"] for kind in (kube.OCI_REPOSITORY, kube.ARTIFACT)}
        changes = {kube.OCI_REPOSITORY: {"url": "oci://evil.test/x"}, kube.ARTIFACT: {"url": "http://evil.test/"}}
        for kind, spec in changes.items():
            self.kube.patch(kind, self.namespace, self.name_of(kind), {"spec": spec})
            self.wait_for(kind, lambda item, kind=kind: item["spec"] == before[kind], "it is as it was")
        path = self.kube.path(kube.EXTERNAL_ARTIFACT, self.namespace, "app", "status")
        artifact = self.get(kube.EXTERNAL_ARTIFACT)["status"]["artifact"]
        self.kube.ask("PATCH", path, {"status": {"artifact": {"url": "http://evil.test/"}}}, kube.MERGE)
        self.wait_for(
            kube.EXTERNAL_ARTIFACT, lambda item: item["status"]["artifact"] == artifact, "it is as it was"
        )
        for kind in KINDS:
            self.kube.delete(kind, self.namespace, self.name_of(kind))
            self.wait_for(kind, lambda item: item is not None, "it is there again")
        self.wait_for(
            kube.EXTERNAL_ARTIFACT,
            lambda item: item.get("status", {}).get("artifact", {}).get("url") == artifact["url"],
            "and so is its status",
        )

    def test_what_is_no_longer_listed_goes(self):
        self.publish()
        self.export(*KINDS)
        self.wait_exported("True", "Succeeded")
        self.export(kube.ARTIFACT)
        for kind in (kube.EXTERNAL_ARTIFACT, kube.OCI_REPOSITORY):
            self.wait_for(kind, lambda item: item is None, "it is gone")
        self.assertIsNotNone(self.get(kube.ARTIFACT))
        self.export()
        self.wait_for(kube.ARTIFACT, lambda item: item is None, "it is gone")
        self.wait_for(kube.OCI_ARTIFACT, lambda item: not kube.condition(item, "Exported"), "nothing is exported")

    def test_exports_go_with_their_source(self):
        self.publish()
        self.export(*KINDS)
        self.wait_exported("True", "Succeeded")
        self.kube.delete(kube.OCI_ARTIFACT, self.namespace, "app")
        for kind in KINDS:
            self.wait_for(kind, lambda item: item is None, "it is gone")

    def test_objects_of_others_are_left_alone(self):
        self.publish()
        theirs = {"url": "oci://theirs.test/x", "interval": "1h"}
        self.kube.create(kube.OCI_REPOSITORY.object(self.namespace, "app", spec=theirs))
        self.export(kube.OCI_REPOSITORY, kube.EXTERNAL_ARTIFACT)
        self.wait_exported("False", "ExportConflict")
        self.assertIsNotNone(self.get(kube.EXTERNAL_ARTIFACT))
        made = self.get(kube.OCI_REPOSITORY)
        self.assertEqual(made["spec"]["url"], theirs["url"])
        self.assertNotIn("ownerReferences", made["metadata"])
        self.export()
        self.wait_for(kube.EXTERNAL_ARTIFACT, lambda item: item is None, "it is gone")
        self.assertIsNotNone(self.get(kube.OCI_REPOSITORY))

    def test_content_that_consumers_cannot_unpack(self):
        self.publish(media_type="text/plain")
        self.export(kube.EXTERNAL_ARTIFACT, kube.OCI_REPOSITORY)
        self.wait_exported("False", "UnsupportedLayer")
        self.assertIsNone(self.get(kube.EXTERNAL_ARTIFACT))
        self.assertIsNotNone(self.get(kube.OCI_REPOSITORY))
        self.publish()
        self.wait_exported("True", "Succeeded")
        self.publish(media_type="text/plain")
        self.wait_for(kube.EXTERNAL_ARTIFACT, lambda item: item is None, "it is gone")

    def test_snapshot_for_readers_of_ocm_controller(self):
        identity = {"component-name": f"example.org/{self.namespace}", "resource-name": "app"}
        published = self.registry.publish(repository_of(identity), b"content", tags=["v1"])
        self.kube.apply(
            kube.OCI_ARTIFACT.object(
                self.namespace,
                "app",
                spec={
                    "identity": identity,
                    "scheme": "ocm-v1",
                    "tag": "v1",
                    "interval": "24h",
                    "exports": [{"kind": kube.SNAPSHOT.kind}],
                },
            )
        )
        self.wait_exported("True", "Succeeded")
        spec = self.get(kube.SNAPSHOT)["spec"]
        self.assertEqual(spec, {"identity": identity, "digest": published["layer"]["digest"], "tag": "v1"})
