# SPDX-License-Identifier: Apache-2.0
"""oras: push, pull, attach, discover, copy, tags, deletes."""

import json

import peers
from content import Layout
from peer_case import PeerCase, sha256, tree

PLAIN = "--plain-http"


class Oras(PeerCase):
    PEERS = ("oras", "ingress-nginx")

    def oras(self, *argv, **options):
        return self.run_client("oras", *argv, **options)

    def push(self, name="v1", content=b"hello\n"):
        """Pushes one file and returns the digest of its manifest."""
        (self.folder / "hello.txt").write_bytes(content)
        described = self.oras(
            "push", PLAIN, "--format", "json", "--artifact-type", "application/vnd.example+type",
            self.reference(name), "hello.txt:text/plain",
        )  # fmt: skip
        return json.loads(described)["digest"]

    def discover(self, *argv):
        return json.loads(self.oras("discover", PLAIN, "--format", "json", *argv))["referrers"]

    def test_pushed_file_is_stored_and_pulled_byte_for_byte(self):
        digest = self.push()
        manifest = json.loads(self.stored_manifest("v1"))
        self.assertEqual(digest, sha256(self.stored_manifest("v1")))
        self.assertEqual(manifest["artifactType"], "application/vnd.example+type")
        self.assertEqual(self.stored_layers(digest), [b"hello\n"])

        self.oras("pull", PLAIN, "-o", "out", self.reference(digest))
        self.assertEqual(tree(self.folder / "out"), {"hello.txt": b"hello\n"})

    def test_directory_comes_back_whole(self):
        chart = peers.test_input("ingress-nginx")
        self.oras("push", PLAIN, self.reference("chart"), chart.name, cwd=chart.parent)
        self.oras("pull", PLAIN, "-o", "out", self.reference("chart"))
        self.assert_same_tree(self.folder / "out" / chart.name, chart)

    def test_empty_file_and_empty_artifact(self):
        self.push(content=b"")
        self.oras("pull", PLAIN, "-o", "out", self.reference("v1"))
        self.assertEqual(tree(self.folder / "out"), {"hello.txt": b""})
        self.oras("push", PLAIN, self.reference("none"), "--artifact-type", "application/vnd.example+none")
        self.assertEqual(self.stored_layers("none"), [b"{}"])

    def test_attached_artifacts_are_discovered_by_type(self):
        subject = self.push()
        attached = {}
        for kind in ("sbom", "signature"):
            (self.folder / kind).write_text(f"{kind} of {subject}")
            out = self.oras(
                "attach", PLAIN, "--format", "json", "--artifact-type", f"application/vnd.example.{kind}",
                "--annotation", f"kind={kind}", self.reference("v1"), f"{kind}:text/plain",
            )  # fmt: skip
            attached[kind] = json.loads(out)["digest"]

        found = self.discover(self.reference("v1"))
        self.assertEqual({entry["digest"] for entry in found}, set(attached.values()))
        found = self.discover("--artifact-type", "application/vnd.example.sbom", self.reference(subject))
        self.assertEqual([entry["digest"] for entry in found], [attached["sbom"]])
        self.assertEqual(found[0]["annotations"]["kind"], "sbom")
        self.assertEqual(self.stored_layers(attached["sbom"]), [f"sbom of {subject}".encode()])

    def test_copy_with_referrers_keeps_every_digest(self):
        subject = self.push()
        (self.folder / "sbom").write_text("sbom")
        self.oras("attach", PLAIN, "--artifact-type", "application/vnd.example", self.reference("v1"), "sbom")
        target = self.reference("v1", "/copy")
        self.oras("copy", "-r", "--from-plain-http", "--to-plain-http", self.reference("v1"), target)
        self.assertEqual(self.oras("resolve", PLAIN, target).decode().strip(), subject)
        (original,) = self.discover(self.reference("v1"))
        (copied,) = self.discover(target)
        self.assertEqual(copied["digest"], original["digest"])

    def test_index_from_a_layout(self):
        layout = Layout(self.folder / "layout")
        self.oras("copy", "--from-oci-layout", "layout:both", "--to-plain-http", self.reference("both"))
        self.assertEqual(self.stored_manifest("both"), layout.blobs[layout.index["digest"]])
        for image in layout.images.values():
            self.assertEqual(self.stored_manifest(image["digest"]), layout.blobs[image["digest"]])
            for blob in self.stored_layers(image["digest"]):
                self.assertIn(blob, layout.blobs.values())

    def test_tags_and_deletes(self):
        digest = self.push()
        self.oras("tag", PLAIN, self.reference("v1"), "v2", "latest")
        tags = self.oras("repo", "tags", PLAIN, f"{self.host}/{self.repository}").decode().split()
        self.assertEqual(tags, ["latest", "v1", "v2"])
        self.assertEqual(self.stored_manifest("v2"), self.stored_manifest("v1"))
        self.oras("manifest", "delete", PLAIN, "--force", self.reference(digest))
        self.assert_gone("v1")
        self.assert_gone(digest)
        self.oras("pull", PLAIN, self.reference("v1"), fails=True)

    def test_blob_push_fetch_and_delete(self):
        content = bytes(range(256)) * 40960  # 10 MiB
        (self.folder / "blob").write_bytes(content)
        reference = self.reference(sha256(content))
        self.oras("blob", "push", PLAIN, reference, "blob")
        self.oras("blob", "fetch", PLAIN, "--output", "fetched", reference)
        self.assertEqual((self.folder / "fetched").read_bytes(), content)
        self.oras("blob", "delete", PLAIN, "--force", reference)
        self.oras("blob", "fetch", PLAIN, "--output", "again", reference, fails=True)
