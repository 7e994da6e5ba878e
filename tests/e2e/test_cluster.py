# SPDX-License-Identifier: Apache-2.0
"""What the other tests stand on: the cluster, its users, and Flux with what a registry serves."""

import json
import subprocess

import flux
import kube
import peers
from e2e_case import E2eCase


class Harness(E2eCase):
    def test_users_have_the_rights_that_they_should(self):
        path = self.kube.path(kube.CONFIG_MAP, self.namespace)
        self.assertEqual(self.kube.request("GET", path)[0], 200)
        self.assertEqual(self.cluster.limited.request("GET", path)[0], 403)
        stranger = kube.Kube(self.cluster.server, self.cluster.ca_file, "stranger")
        self.assertEqual(stranger.request("GET", path)[0], 401)
        account, _ = self.cluster.service_account(self.namespace, "app")
        status, answer = account.request("GET", path)
        self.assertEqual(status, 403)
        self.assertIn(f"system:serviceaccount:{self.namespace}:app", answer["message"])

    def test_every_kubeconfig_is_accepted(self):
        _, account = self.cluster.service_account(self.namespace, "app")
        users = {}
        for path in (self.cluster.kubeconfig(), self.cluster.kubeconfig_with_certificate(), account):
            answer = subprocess.run(
                [peers.program("kubectl"), f"--kubeconfig={path}", "auth", "whoami", "--output=json"],
                env={"HOME": str(self.folder)},
                check=True,
                capture_output=True,
            ).stdout
            users[path.name] = json.loads(answer)["status"]["userInfo"]["username"]
        self.assertEqual(
            sorted(users.values()), ["admin", "admin", f"system:serviceaccount:{self.namespace}:app"]
        )

    def test_owned_objects_go_with_their_owner(self):
        owner = self.kube.create(kube.EXTERNAL_ARTIFACT.object(self.namespace, "owner", spec={}))
        reference = {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": "owner",
            "uid": owner["metadata"]["uid"],
        }
        owned = kube.CONFIG_MAP.object(self.namespace, "owned")
        owned["metadata"]["ownerReferences"] = [reference]
        self.kube.create(owned)
        self.kube.delete(kube.EXTERNAL_ARTIFACT, self.namespace, "owner")
        self.kube.wait(kube.CONFIG_MAP, self.namespace, "owned", lambda item: item is None, "it is gone")

    def test_parts_come_back_with_their_data_and_waiting_outlives_it(self):
        self.kube.create(kube.CONFIG_MAP.object(self.namespace, "kept"))
        for part in (self.cluster.apiserver, self.cluster.etcd, self.cluster.controller_manager):
            part.kill()
            self.assertFalse(part.running)
            part.start()
            self.kube.wait(kube.CONFIG_MAP, self.namespace, "kept", bool, "it is there")


class Flux(E2eCase):
    """kustomize-controller with ExternalArtifacts written by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(flux.kustomize_controller(cls.cluster))

    def publish(self, **data):
        return self.registry.push(self.manifests(**data), f"{self.namespace}/app", "v1")

    def write_artifact(self, pushed, url):
        item = kube.EXTERNAL_ARTIFACT.object(self.namespace, "app")
        self.kube.apply({**item, "spec": {}})
        artifact = {
            "url": url,
            "path": "app.tar.gz",
            "digest": pushed["layer"]["digest"],
            "revision": f"v1@{pushed['layer']['digest']}",
            "size": pushed["layer"]["size"],
            "lastUpdateTime": "2026-01-01T00:00:00Z",
        }
        self.kube.apply({**item, "status": {"artifact": artifact}}, subresource="status")

    def test_url_of_the_file_face(self):
        self.kube.create(flux.kustomization(self.namespace, "app"))
        for colour in ("blue", "green"):
            pushed = self.publish(colour=colour)
            self.write_artifact(pushed, pushed["url"])
            self.assert_applied(colour=colour)

    def test_url_of_the_blob(self):
        self.kube.create(flux.kustomization(self.namespace, "app"))
        pushed = self.publish(colour="blue")
        self.write_artifact(
            pushed, f"{self.registry.url}/v2/{pushed['repository']}/blobs/{pushed['layer']['digest']}"
        )
        self.assert_applied(colour="blue")

    def test_other_content_than_promised_is_not_applied(self):
        promised, other = self.publish(colour="blue"), self.publish(colour="green")
        self.write_artifact(promised, other["url"])
        self.kube.create(flux.kustomization(self.namespace, "app"))

        def refused(item):
            ready = kube.condition(item, "Ready")
            return ready.get("reason") == "ArtifactFailed" and "digest doesn't match" in ready["message"]

        self.kube.wait(kube.KUSTOMIZATION, self.namespace, "app", refused, "the digest is found wrong")
        self.assertIsNone(self.kube.get(kube.CONFIG_MAP, self.namespace, "settings"))
