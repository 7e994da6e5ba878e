# SPDX-License-Identifier: Apache-2.0
"""crane: push, pull, digest, ls, catalog, append, copy of an index, tag, delete."""

import json

from content import CONFIG_TYPE, Layout, blobs_of_layout, tar
from peer_case import DOCKER_MANIFEST, PeerCase, sha256


class Crane(PeerCase):
    PEERS = ("crane",)

    def crane(self, *argv, **options):
        return self.run_client("crane", *argv, **options)

    def line(self, *argv):
        return self.crane(*argv).decode().strip()

    def push_index(self, name="both"):
        layout = Layout(self.folder / "layout")
        # crane pushes the file index.json of a layout as the index.
        (layout.folder / "index.json").write_bytes(layout.blobs[layout.index["digest"]])
        self.crane("push", "--index", "layout", self.reference(name))
        return layout

    def assert_stored(self, layout, suffix=""):
        """Every manifest and blob of the layout is in the repository with the same bytes."""
        manifests = {descriptor["digest"] for descriptor in (layout.index, *layout.images.values())}
        for digest, content in layout.blobs.items():
            stored = self.crane("manifest" if digest in manifests else "blob", self.reference(digest, suffix))
            self.assertEqual(stored, content, digest)

    def test_pushed_index_is_stored_and_pulled_byte_for_byte(self):
        layout = self.push_index()
        self.assertEqual(self.stored_manifest("both"), layout.blobs[layout.index["digest"]])
        self.assert_stored(layout)
        self.crane("pull", "--format", "oci", self.reference("both"), "pulled")
        pulled = blobs_of_layout(self.folder / "pulled")
        self.assertEqual({digest: pulled[digest] for digest in layout.blobs}, layout.blobs)
        self.crane("validate", "--remote", self.reference("both"))

    def test_digest_by_tag_and_by_platform(self):
        layout = self.push_index()
        self.assertEqual(self.line("digest", self.reference("both")), layout.index["digest"])
        for architecture, image in layout.images.items():
            platform = f"--platform=linux/{architecture}"
            self.assertEqual(self.line("digest", platform, self.reference("both")), image["digest"])
            config = json.loads(self.crane("config", platform, self.reference("both")))
            self.assertEqual(config["architecture"], architecture)

    def test_copy_of_an_index_mounts_and_keeps_digests(self):
        layout = self.push_index()
        self.crane("copy", self.reference("both"), self.reference("both", "/copy"))
        self.assertEqual(self.line("digest", self.reference("both", "/copy")), layout.index["digest"])
        self.assert_stored(layout, "/copy")

    def test_append_to_nothing_and_to_a_base(self):
        for number in range(2):
            (self.folder / f"{number}.tar").write_bytes(tar({f"{number}.txt": b"text\n" * 100_000}))
        self.crane("append", "-f", "0.tar", "-t", self.reference("base"))
        base = json.loads(self.stored_manifest("base"))
        self.assertEqual(base["mediaType"], DOCKER_MANIFEST)
        self.assertEqual(self.http("HEAD", "manifests/base")[1]["Content-Type"], DOCKER_MANIFEST)

        self.crane("append", "-b", self.reference("base"), "-f", "1.tar", "-t", self.reference("two"))
        two = json.loads(self.stored_manifest("two"))
        self.assertEqual(two["layers"][0]["digest"], base["layers"][0]["digest"])
        self.assertEqual(len(self.stored_layers("two")), 2)
        exported = self.crane("export", self.reference("two"), "-")
        self.assertIn(b"0.txt", exported)
        self.assertIn(b"1.txt", exported)

    def test_oci_image_without_a_base(self):
        (self.folder / "layer.tar").write_bytes(tar({"name": b"content"}))
        self.crane("append", "--oci-empty-base", "-f", "layer.tar", "-t", self.reference("v1"))
        self.assertEqual(json.loads(self.stored_manifest("v1"))["config"]["mediaType"], CONFIG_TYPE)
        self.assertEqual(self.line("digest", self.reference("v1")), sha256(self.stored_manifest("v1")))
        self.crane("pull", self.reference("v1"), "image.tar")
        self.crane("push", "image.tar", self.reference("again"))
        self.assertEqual(self.stored_layers("again"), self.stored_layers("v1"))

    def test_tags_catalog_and_delete(self):
        layout = self.push_index("v2")
        self.crane("tag", self.reference("v2"), "v1")
        self.crane("tag", self.reference("v2"), "v10")
        repository = f"{self.host}/{self.repository}"
        self.assertEqual(self.line("ls", repository).split(), ["v1", "v10", "v2"])
        self.assertIn(self.repository, self.line("catalog", self.host).split())
        self.crane("delete", self.reference(layout.index["digest"]))
        self.assert_gone("v1")
        self.assertEqual(self.line("ls", repository), "")
        self.crane("digest", self.reference("v2"), fails=True)

    def test_flattened_and_mutated_images_validate(self):
        (self.folder / "layer.tar").write_bytes(tar({"name": b"content"}))
        self.crane("append", "-f", "layer.tar", "-t", self.reference("v1"))
        self.crane("mutate", "--label", "a=b", "-t", self.reference("labelled"), self.reference("v1"))
        self.crane("flatten", "-t", self.reference("flat"), self.reference("labelled"))
        self.crane("validate", "--remote", self.reference("flat"))
        config = json.loads(self.crane("config", self.reference("labelled")))
        self.assertEqual(config["config"]["Labels"], {"a": "b"})
