# SPDX-License-Identifier: Apache-2.0
"""skopeo: copies both ways, as OCI and as Docker schema 2, inspect, tags, delete."""

import json

from content import PLATFORMS, Layout, blobs_of_layout
from peer_case import DOCKER_MANIFEST, PeerCase, sha256


class Skopeo(PeerCase):
    PEERS = ("skopeo",)

    def skopeo(self, *argv, **options):
        return self.run_client("skopeo", "--insecure-policy", "--tmpdir", self.folder, *argv, **options)

    def remote(self, name, suffix=""):
        return f"docker://{self.reference(name, suffix)}"

    def push(self, name, *options):
        """Copies the image (or all of them) that the layout names into the registry under the same name."""
        layout = Layout(self.folder / "layout")
        self.skopeo("copy", "--dest-tls-verify=false", *options, f"oci:layout:{name}", self.remote(name))
        return layout

    def test_index_goes_in_and_comes_out_byte_for_byte(self):
        layout = self.push("both", "--all")
        self.assertEqual(self.stored_manifest("both"), layout.blobs[layout.index["digest"]])
        self.skopeo("copy", "--src-tls-verify=false", "--all", self.remote("both"), "oci:out:both")
        self.assertEqual(blobs_of_layout(self.folder / "out"), layout.blobs)

    def test_image_to_a_folder(self):
        layout = self.push(PLATFORMS[0])
        self.skopeo("copy", "--src-tls-verify=false", self.remote(PLATFORMS[0]), "dir:out")
        manifest = (self.folder / "out" / "manifest.json").read_bytes()
        self.assertEqual(sha256(manifest), layout.images[PLATFORMS[0]]["digest"])
        for descriptor in (json.loads(manifest)["config"], *json.loads(manifest)["layers"]):
            content = (self.folder / "out" / descriptor["digest"].removeprefix("sha256:")).read_bytes()
            self.assertEqual(content, layout.blobs[descriptor["digest"]])

    def test_docker_schema_2(self):
        self.push(PLATFORMS[0], "--format", "v2s2")
        stored = self.stored_manifest(PLATFORMS[0])
        self.assertEqual(json.loads(stored)["mediaType"], DOCKER_MANIFEST)
        raw = self.skopeo("inspect", "--tls-verify=false", "--raw", self.remote(PLATFORMS[0]))
        self.assertEqual(raw, stored)
        self.skopeo("copy", "--src-tls-verify=false", self.remote(PLATFORMS[0]), "dir:out")
        self.assertEqual((self.folder / "out" / "manifest.json").read_bytes(), stored)

    def test_copy_inside_the_registry_mounts(self):
        layout = self.push("both", "--all")
        self.skopeo(
            "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false",
            self.remote("both"), self.remote("both", "/copy"),
        )  # fmt: skip
        raw = self.skopeo("inspect", "--tls-verify=false", "--raw", self.remote("both", "/copy"))
        self.assertEqual(sha256(raw), layout.index["digest"])

    def test_inspect_tags_and_delete(self):
        layout = self.push(PLATFORMS[1])
        arm64 = PLATFORMS[1]
        seen = json.loads(
            self.skopeo("inspect", "--override-arch", arm64, "--tls-verify=false", self.remote(arm64))
        )
        self.assertEqual(seen["Digest"], layout.images[arm64]["digest"])
        self.assertEqual((seen["Architecture"], seen["RepoTags"]), (arm64, [arm64]))
        self.skopeo("delete", "--tls-verify=false", self.remote(arm64))
        self.assert_gone(arm64)
