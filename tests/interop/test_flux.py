# SPDX-License-Identifier: Apache-2.0
"""The flux CLI: push, pull, list and tag of a real tree of hundreds of files."""

import json

import peers
from peer_case import PeerCase, sha256, tree

HTTP = "--insecure-registry"
SOURCE = "https://example.com/acme/fleet"
REVISION = "main@sha1:0123456789abcdef0123456789abcdef01234567"
LAYER_TYPE = "application/vnd.cncf.flux.content.v1.tar+gzip"


class Flux(PeerCase):
    PEERS = ("flux", "flux-tree", "crane")

    def flux(self, *argv, **options):
        return self.run_client("flux", *argv, **options)

    def push(self, name="v1"):
        self.flux(
            "push", "artifact", HTTP, f"oci://{self.reference(name)}",
            "--path", peers.test_input("flux-tree"), "--source", SOURCE, "--revision", REVISION,
        )  # fmt: skip

    def test_pulled_tree_equals_the_pushed_one(self):
        self.push()
        (self.folder / "out").mkdir()
        self.flux("pull", "artifact", HTTP, f"oci://{self.reference('v1')}", "--output", "out")
        self.assertGreater(len(tree(self.folder / "out")), 200)
        self.assert_same_tree(self.folder / "out", peers.test_input("flux-tree"))

    def test_manifest_is_read_by_another_client(self):
        self.push()
        stored = self.stored_manifest("v1")
        manifest = json.loads(stored)
        self.assertEqual(manifest["config"]["mediaType"], "application/vnd.cncf.flux.config.v1+json")
        self.assertEqual([layer["mediaType"] for layer in manifest["layers"]], [LAYER_TYPE])
        self.assertEqual(manifest["annotations"]["org.opencontainers.image.source"], SOURCE)
        digest = self.run_client("crane", "digest", self.reference("v1")).decode().strip()
        self.assertEqual(digest, sha256(stored))
        layer = self.run_client("crane", "blob", self.reference(manifest["layers"][0]["digest"]))
        self.assertEqual([layer], self.stored_layers("v1"))

    def test_list_and_tag(self):
        self.push()
        digest = sha256(self.stored_manifest("v1"))
        self.flux("tag", "artifact", f"oci://{self.reference('v1')}", "--tag", "latest", "--tag", "staging")
        self.assertEqual(self.stored_manifest("staging"), self.stored_manifest("v1"))
        listed = self.flux("list", "artifacts", HTTP, f"oci://{self.host}/{self.repository}").decode()
        for name in ("latest", "staging", "v1"):
            self.assertIn(self.reference(name), listed)
        self.assertEqual(listed.count(digest), 3)

    def test_diff_sees_the_same_tree_and_a_changed_one(self):
        self.push()
        diff = ("diff", "artifact", HTTP, f"oci://{self.reference('v1')}", "--path")
        self.flux(*diff, peers.test_input("flux-tree"))
        self.flux(*diff, peers.test_input("flux-tree") / "manifests", fails=True)
