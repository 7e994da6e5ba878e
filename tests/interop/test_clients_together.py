# SPDX-License-Identifier: Apache-2.0
"""What one client pushed is what every other client pulls, also when all of them push at once."""

import concurrent.futures
import random

from content import Layout, blobs_of_layout
from peer_case import PeerCase, sha256

MIB = 1 << 20


class ClientsTogether(PeerCase):
    PEERS = ("crane", "oras", "regctl", "skopeo")

    def setUp(self):
        super().setUp()
        self.layout = Layout(self.folder / "layout")
        # crane pushes the file index.json of a layout as the index: it gets a layout of its own.
        self.for_crane = Layout(self.folder / "for-crane")
        (self.for_crane.folder / "index.json").write_bytes(self.layout.blobs[self.layout.index["digest"]])

    def push(self, client, reference):
        """Pushes the index with both images by one client."""
        regctl = ("regctl", "--host", f"reg={self.host},tls=disabled")
        self.run_client(
            *{
                "crane": ("crane", "push", "--index", "for-crane", reference),
                "oras": ("oras", "copy", "--from-oci-layout", "layout:both", "--to-plain-http", reference),
                "regctl": (*regctl, "image", "copy", "ocidir://layout:both", reference),
                "skopeo": (
                    "skopeo", "--insecure-policy", "copy", "--all", "--dest-tls-verify=false",
                    "oci:layout:both", f"docker://{reference}",
                ),
            }[client]
        )  # fmt: skip

    def pull(self, client, reference, target):
        """Pulls everything by one client; returns what it wrote: digest -> bytes."""
        regctl = ("regctl", "--host", f"reg={self.host},tls=disabled")
        self.run_client(
            *{
                "crane": ("crane", "pull", "--format", "oci", reference, target),
                "oras": ("oras", "copy", "--from-plain-http", reference, "--to-oci-layout", f"{target}:both"),
                "regctl": (*regctl, "image", "copy", reference, f"ocidir://{target}:both"),
                "skopeo": (
                    "skopeo", "--insecure-policy", "copy", "--all", "--src-tls-verify=false",
                    f"docker://{reference}", f"oci:{target}:both",
                ),
            }[client]
        )  # fmt: skip
        return blobs_of_layout(self.folder / target)

    def test_every_client_pulls_what_every_other_pushed(self):
        for pusher in self.PEERS:
            reference = self.reference("both", f"/{pusher}")
            self.push(pusher, reference)
            for puller in self.PEERS:
                with self.subTest(pusher=pusher, puller=puller):
                    pulled = self.pull(puller, reference, f"{pusher}-{puller}")
                    self.assertEqual(pulled, self.layout.blobs)

    def test_all_push_the_same_at_once(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda client: self.push(client, self.reference(client)), self.PEERS * 2))
        for client in self.PEERS:
            self.assertEqual(self.stored_manifest(client), self.layout.blobs[self.layout.index["digest"]])
        self.assertEqual(self.pull("oras", self.reference("crane"), "out"), self.layout.blobs)

    def test_large_blob_by_oras_is_read_by_crane_and_regctl(self):
        content = random.Random(1).randbytes(MIB) * 64
        (self.folder / "large").write_bytes(content)
        self.run_client("oras", "push", "--plain-http", self.reference("large"), "large:a/b")
        digest = sha256(content)
        self.assertEqual(self.run_client("crane", "blob", self.reference(digest)), content)
        regctl = ("regctl", "--host", f"reg={self.host},tls=disabled", "blob", "get")
        self.assertEqual(self.run_client(*regctl, f"{self.host}/{self.repository}", digest), content)
