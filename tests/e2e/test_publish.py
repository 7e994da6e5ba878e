# SPDX-License-Identifier: Apache-2.0
"""lamina publish, resolve, pull, verify, watch and find against a cluster: content and what refers to it."""

import json
import secrets
import subprocess
import threading

import kube
import lamina
import peers
from e2e_case import ControllerCase
from program import BACKSTOP_SECONDS, eventually

BUILD = kube.Kind("e2e.lamina.dev/v1", "Build")
SNAPSHOT = kube.Kind("delivery.ocm.software/v1alpha1", "Snapshot")
ARTIFACT = kube.Kind("openfluxcd.ocm.software/v1alpha1", "Artifact")
STRING = {"type": "string"}


def structure(**properties):
    return {"type": "object", "properties": properties}


class PublishCase(ControllerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kubeconfig = cls.cluster.kubeconfig()

    def setUp(self):
        super().setUp()
        self.identity = ("-i", f"app={self.namespace}", "-i", "resource-version=1.0")

    def options(self, kubeconfig=None):
        return ("--kubeconfig", kubeconfig or self.kubeconfig, "--registry", self.registry.host)

    def lamina(self, *argv, kubeconfig=None):
        """What a command says as JSON; it must succeed."""
        return lamina.client(*argv, *self.options(kubeconfig))

    def refused(self, *argv, kubeconfig=None):
        """Exit status and message of a command that must fail."""
        command = (peers.lamina(), *argv, *self.options(kubeconfig), "-o", "json")
        result = subprocess.run(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BACKSTOP_SECONDS,
        )
        self.assertNotEqual(result.returncode, 0, result.stdout)
        return result.returncode, json.loads(result.stderr)["message"]

    def publish(self, *options, name="app", kubeconfig=None, **data):
        folder = self.manifests(**data)
        target = ("--as", f"{self.namespace}/{name}")
        return self.lamina("publish", folder, *target, *self.identity, *options, kubeconfig=kubeconfig)

    def wait_until_ready(self, published, name="app"):
        def holds(item):
            digest = (item or {}).get("status", {}).get("artifact", {}).get("digest")
            return digest == published["digest"] and kube.condition(item, "Ready").get("status") == "True"

        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, name, holds, "it is ready with what was published")

    def pulled(self, of, *options):
        """The files that `pull --for` unpacks, by name."""
        target = self.folder / "pulled"
        self.lamina("pull", "--for", of, "--unpack", "--to", target, *options)
        files = {path.name: path.read_text() for path in target.iterdir()}
        for path in target.iterdir():
            path.unlink()
        return files


class Publish(PublishCase):
    def test_published_content_is_claimed_and_comes_back(self):
        published = self.publish("--revision", "main@sha1:0", "-m", "k=v", a="1")
        self.assertEqual(published["object"]["kind"], "OCIArtifact")
        self.wait_until_ready(published)
        name = f"OCIArtifact/{self.namespace}/app"
        resolved = self.lamina("resolve", name)
        self.assertTrue(resolved["ready"], resolved)
        self.assertEqual(resolved["digest"], published["digest"])
        self.assertEqual(resolved["metadata"], {"k": "v"})
        files = {path.name: path.read_text() for path in self.manifests(a="1").iterdir()}
        self.assertEqual(self.pulled(name), files)
        verified = self.lamina("verify", "--for", f"ociart/{self.namespace}/app")
        self.assertEqual(verified["digest"], published["digest"])
        found = self.lamina("find", "--kube", f"app={self.namespace}")
        self.assertEqual([item["object"]["namespace"] for item in found], [self.namespace])

    def test_what_is_unchanged_is_not_written(self):
        published = self.publish(a="1")
        self.wait_until_ready(published)
        version = self.kube.get(kube.OCI_ARTIFACT, self.namespace, "app")["metadata"]["resourceVersion"]
        writes = len(self.cluster.writes(self.namespace, "ociartifacts"))
        again = self.publish(a="1")
        self.assertTrue(again["unchanged"])
        self.assertEqual(again["digest"], published["digest"])
        item = self.kube.get(kube.OCI_ARTIFACT, self.namespace, "app")
        self.assertEqual(item["metadata"]["resourceVersion"], version)
        self.assertEqual(len(self.cluster.writes(self.namespace, "ociartifacts")), writes)
        self.assertFalse(self.publish("--revision", "2", a="1")["unchanged"])
        self.assertFalse(self.publish(a="1")["unchanged"], "the revision goes")
        self.assertNotIn("revision", self.kube.get(kube.OCI_ARTIFACT, self.namespace, "app")["spec"])

    def test_a_namespaced_editor_can_publish(self):
        account, kubeconfig = self.cluster.service_account(self.namespace, "editor")
        binding = kube.ROLE_BINDING.object(self.namespace, "editor")
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
        subject = {"kind": "ServiceAccount", "namespace": self.namespace, "name": "editor"}
        self.kube.apply({**binding, "roleRef": role, "subjects": [subject]})
        # The roles of deploy/rbac become part of `edit` a moment after they were made.
        path = self.kube.path(kube.OCI_ARTIFACT, self.namespace)
        eventually(lambda: account.request("GET", path)[0] == 200, "the editor may list OCIArtifacts")
        published = self.publish(kubeconfig=kubeconfig, a="1")
        self.wait_until_ready(published)
        self.assertEqual(
            self.lamina("resolve", f"OCIArtifact/{self.namespace}/app", kubeconfig=kubeconfig)["digest"],
            published["digest"],
        )

    def test_an_artifact_whose_object_was_refused_is_an_orphan(self):
        limited = self.cluster.kubeconfig("limited")
        arguments = ("publish", self.manifests(a="1"), "--as", f"{self.namespace}/app", *self.identity)
        # Who may not even read the object learns of it before anything is published.
        self.assertEqual(self.refused(*arguments, kubeconfig=limited)[0], 5)
        self.assertEqual(self.orphans(), [])
        status, message = self.refused(*arguments, "--export", "Snapshot", "--keep-last", "1000")
        self.assertEqual(status, 2)
        self.assertIn("keepLast", message)
        self.assertIn("goes after 3600 s, unless an object refers to it", message)
        self.assertEqual(len(self.orphans()), 1)
        published = self.publish(a="1")
        self.wait_until_ready(published)
        self.assertEqual(self.orphans(), [])

    def orphans(self):
        everything = self.registry.pages("/v2/_lamina/orphans", "orphans")
        return [item for item in everything if item["repository"].startswith(f"{self.namespace}/")]

    def test_it_goes_with_its_owner(self):
        self.kube.create(kube.CONFIG_MAP.object(self.namespace, "owner"))
        published = self.publish("--owner", "configmap/owner", a="1")
        self.wait_until_ready(published)
        self.kube.delete(kube.CONFIG_MAP, self.namespace, "owner")
        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "app", lambda item: item is None, "it is gone")

    def test_fields_of_others_are_conflicts(self):
        self.publish(a="1")
        theirs = kube.OCI_ARTIFACT.object(self.namespace, "app", spec={"tag": "theirs"})
        self.kube.apply(theirs, manager="someone")
        arguments = ("publish", self.manifests(a="1"), "--as", f"{self.namespace}/app", *self.identity)
        status, message = self.refused(*arguments)
        self.assertEqual(status, 6)
        self.assertIn("someone", message)
        self.lamina(*arguments, "--force-conflicts")
        self.assertEqual(self.kube.get(kube.OCI_ARTIFACT, self.namespace, "app")["spec"]["tag"], "1.0")

    def test_watch_prints_each_new_digest(self):
        command = [peers.lamina(), "watch", f"OCIArtifact/{self.namespace}/app", *self.options()]
        with subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as watch:
            backstop = threading.Timer(BACKSTOP_SECONDS, watch.kill)
            backstop.start()
            try:
                for number in ("1", "2"):
                    digest = self.publish(a=number)["digest"]
                    self.assertTrue(watch.stdout.readline().endswith(f"@{digest}\n"))
            finally:
                backstop.cancel()
                watch.terminate()
        self.assertEqual(watch.returncode, 143)


class References(PublishCase):
    """Objects of all forms, written by hand or by `publish --status-of`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        blob = structure(digest=STRING, tag=STRING, size={"type": "integer"})
        pointer = structure(repository=STRING, digest=STRING, blob=blob)
        schema = structure(status=structure(ociArtifact=pointer, snapshotName=STRING))
        version = {
            "name": "v1",
            "served": True,
            "storage": True,
            "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": schema},
        }
        names = {"kind": "Build", "plural": "builds", "singular": "build", "shortNames": ["bld"]}
        spec = {"group": "e2e.lamina.dev", "names": names, "scope": "Namespaced", "versions": [version]}
        crd = kube.CUSTOM_RESOURCE_DEFINITION
        cls.kube.apply(crd.object(None, "builds.e2e.lamina.dev", spec=spec))
        cls.addClassCleanup(cls.kube.delete, crd, None, "builds.e2e.lamina.dev")
        cls.kube.wait(
            crd,
            None,
            "builds.e2e.lamina.dev",
            lambda item: kube.condition(item or {}, "Established").get("status") == "True",
            "it is established",
        )
        eventually(lambda: cls.kube.request("GET", "/apis/e2e.lamina.dev/v1")[0] == 200, "it is served")

    def status_of(self, kind, **data):
        folder = self.manifests(**(data or {"a": "1"}))
        return ("publish", folder, "--status-of", f"{kind}/{self.namespace}/app", *self.identity)

    def assert_refers_to_manifests(self, of, form, **data):
        self.assertEqual(self.lamina("resolve", "--for", of)["form"], form)
        files = {path.name: path.read_text() for path in self.manifests(**data).iterdir()}
        self.assertEqual(self.pulled(of, "--unready"), files)
        self.lamina("verify", "--for", of, "--unready")

    def test_status_oci_artifact(self):
        self.kube.create(BUILD.object(self.namespace, "app"))
        published = self.lamina(*self.status_of("bld"))
        pointer = self.kube.get(BUILD, self.namespace, "app")["status"]["ociArtifact"]
        self.assertEqual(pointer["digest"], published["digest"])
        self.assertEqual(pointer["blob"]["digest"], published["layer"]["digest"])
        self.assertEqual(pointer["blob"]["tag"], "1.0")
        self.assert_refers_to_manifests(f"build/{self.namespace}/app", "status.ociArtifact", a="1")
        self.assertTrue(self.lamina(*self.status_of("bld"))["unchanged"])
        self.assertEqual(self.refused(*self.status_of("bld"), "--status-form", "artifact")[0], 9)

    def test_status_artifact_of_flux(self):
        self.kube.create(kube.EXTERNAL_ARTIFACT.object(self.namespace, "app", spec={}))
        published = self.lamina(*self.status_of("ExternalArtifact"), "--revision", "main")
        artifact = self.kube.get(kube.EXTERNAL_ARTIFACT, self.namespace, "app")["status"]["artifact"]
        self.assertEqual(artifact["url"], published["url"])
        self.assertEqual(artifact["revision"], f"main@{published['layer']['digest']}")
        of = f"ExternalArtifact/{self.namespace}/app"
        self.assert_refers_to_manifests(of, "status.artifact", a="1")
        again = self.lamina(*self.status_of("ExternalArtifact"), "--revision", "main")
        self.assertTrue(again["unchanged"])

    def test_damaged_content_behind_a_url_does_not_arrive(self):
        self.kube.create(kube.EXTERNAL_ARTIFACT.object(self.namespace, "app", spec={}))
        published = self.lamina(*self.status_of("ExternalArtifact", a=secrets.token_hex(200_000)))
        self.registry.corrupt(published["layer"]["digest"])
        target = self.folder / "file"
        of = f"ExternalArtifact/{self.namespace}/app"
        status, _ = self.refused("pull", "--for", of, "--to", target, "--retries", "1")
        self.assertIn(status, (4, 7))
        self.assertFalse(target.exists())

    def test_kinds_without_a_place_are_refused(self):
        self.kube.create(kube.CONFIG_MAP.object(self.namespace, "app"))
        status, message = self.refused(*self.status_of("ConfigMap"))
        self.assertEqual(status, 9)
        self.assertIn("can hold no reference", message)

    def test_a_snapshot_and_who_names_it(self):
        pushed = self.registry.push(self.manifests(a="1"), "sha-3629586248519120669", self.namespace)
        layer = pushed["layer"]["digest"]
        spec = {"identity": {"a": "b"}, "digest": layer, "tag": self.namespace}
        self.kube.create(SNAPSHOT.object(self.namespace, "app-abcdefg", spec=spec))
        self.assert_refers_to_manifests(f"snap/{self.namespace}/app-abcdefg", "Snapshot", a="1")
        self.kube.create(BUILD.object(self.namespace, "app"))
        self.kube.apply(
            BUILD.object(self.namespace, "app", status={"snapshotName": "app-abcdefg"}), subresource="status"
        )
        self.assert_refers_to_manifests(f"builds.e2e.lamina.dev/{self.namespace}/app", "Snapshot", a="1")

    def test_what_an_object_owns(self):
        owner = self.kube.create(BUILD.object(self.namespace, "app"))
        of = f"build/{self.namespace}/app"
        status, message = self.refused("resolve", "--for", of)
        self.assertEqual(status, 3)
        self.assertIn("refers to no artifact", message)
        pushed = self.registry.push(self.manifests(a="1"), f"{self.namespace}/app", "v1")
        spec = {
            "url": pushed["url"],
            "digest": pushed["layer"]["digest"],
            "revision": "1",
            "lastUpdateTime": "2024-01-02T03:04:05Z",
        }
        item = ARTIFACT.object(self.namespace, "build-app", spec=spec)
        reference = {"apiVersion": owner["apiVersion"], "kind": "Build", "name": "app"}
        item["metadata"]["ownerReferences"] = [{**reference, "uid": owner["metadata"]["uid"]}]
        self.kube.create(item)
        self.assert_refers_to_manifests(of, "Artifact", a="1")
        self.publish("--owner", "build/app", a="1")
        self.assertEqual(self.refused("resolve", "--for", of)[0], 6)
