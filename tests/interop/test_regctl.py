# SPDX-License-Identifier: Apache-2.0
"""regctl: image copy with referrers, artifact put/get/tree, tags, repositories, chunked blobs."""

import hashlib
import json

from content import Layout, blobs_of_layout
from peer_case import PeerCase, sha256


class Regctl(PeerCase):
    PEERS = ("regctl",)

    def regctl(self, *argv, **options):
        return self.run_client("regctl", "--host", f"reg={self.host},tls=disabled", *argv, **options)

    def line(self, *argv):
        return self.regctl(*argv).decode().strip()

    def push_index(self):
        layout = Layout(self.folder / "layout")
        self.regctl("image", "copy", "ocidir://layout:both", self.reference("both"))
        return layout

    def test_image_copied_in_and_out_is_byte_for_byte_the_same(self):
        layout = self.push_index()
        self.assertEqual(self.line("image", "digest", self.reference("both")), layout.index["digest"])
        for descriptor in (layout.index, *layout.images.values()):
            body = self.regctl(
                "manifest", "get", "--format", "raw-body", self.reference(descriptor["digest"])
            )
            self.assertEqual(body, layout.blobs[descriptor["digest"]])
        self.regctl("image", "copy", self.reference("both"), "ocidir://out:both")
        self.assertEqual(blobs_of_layout(self.folder / "out"), layout.blobs)

    def listed(self, *argv):
        """The referrers of a subject: digest -> artifact type."""
        answer = json.loads(self.regctl("artifact", "list", "--format", "{{jsonPretty .}}", *argv))
        return {entry["digest"]: entry["artifactType"] for entry in answer["descriptors"] or ()}

    def test_artifact_put_get_and_list_by_subject(self):
        layout = self.push_index()
        subject = self.reference("both")
        for kind in ("sbom", "other"):
            self.regctl(
                "artifact", "put", "--artifact-type", f"application/vnd.example.{kind}",
                "--annotation", f"kind={kind}", "--subject", subject, stdin=f"the {kind}".encode(),
            )  # fmt: skip
        by_type = ("--filter-artifact-type", "application/vnd.example.sbom")
        self.assertEqual(self.regctl("artifact", "get", *by_type, "--subject", subject), b"the sbom")

        referrers = self.listed(subject)
        sbom, other = "application/vnd.example.sbom", "application/vnd.example.other"
        self.assertEqual(sorted(referrers.values()), [other, sbom])
        self.assertEqual(list(self.listed(*by_type, subject).values()), [sbom])
        tree = self.line("artifact", "tree", subject)
        for digest in (layout.images["arm64"]["digest"], *referrers):
            self.assertIn(digest, tree)

        # A copy with referrers takes both along and changes no digest.
        copy = self.reference("both", "/copy")
        self.regctl("image", "copy", "--referrers", subject, copy)
        self.assertEqual(self.listed(copy), referrers)

    def test_artifact_put_by_tag_is_read_without_a_client(self):
        put = ("artifact", "put", "--artifact-type", "application/vnd.example")
        self.regctl(*put, self.reference("v1"), stdin=b"content\n")
        self.assertEqual(self.stored_layers("v1"), [b"content\n"])
        self.assertEqual(self.regctl("artifact", "get", self.reference("v1")), b"content\n")

    def test_blob_put_get_head_and_delete(self):
        repository = f"{self.host}/{self.repository}"
        content = b"0123456789abcdef" * 300_000
        self.regctl("blob", "put", repository, stdin=content)
        digest = sha256(content)
        self.assertEqual(self.regctl("blob", "get", repository, digest), content)
        self.regctl("blob", "head", repository, digest)
        self.regctl("blob", "delete", repository, digest)
        self.regctl("blob", "head", repository, digest, fails=True)

    def test_tags_repositories_and_deletes(self):
        layout = self.push_index()
        for name in ("a", "B", "1"):
            self.regctl("image", "copy", self.reference("both"), self.reference(name))
        repository = f"{self.host}/{self.repository}"
        self.assertEqual(self.line("tag", "ls", repository).split(), ["1", "B", "a", "both"])
        self.assertEqual(self.line("tag", "ls", "--limit", "2", repository).split(), ["1", "B"])
        self.assertEqual(self.line("tag", "ls", "--last", "B", repository).split(), ["a", "both"])
        self.assertIn(self.repository, self.line("repo", "ls", self.host).split())

        self.regctl("tag", "delete", self.reference("a"))
        self.assert_gone("a")
        self.assertEqual(sha256(self.stored_manifest("both")), layout.index["digest"])
        self.regctl("manifest", "delete", self.reference(layout.index["digest"]))
        self.assertEqual(self.line("tag", "ls", repository), "")

    def test_sha512_blob(self):
        repository = f"{self.host}/{self.repository}"
        digest = f"sha512:{hashlib.sha512(b'hello').hexdigest()}"
        self.regctl("blob", "put", "--digest", digest, repository, stdin=b"hello")
        self.assertEqual(self.regctl("blob", "get", repository, digest), b"hello")
