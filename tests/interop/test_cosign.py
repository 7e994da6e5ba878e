# SPDX-License-Identifier: Apache-2.0
"""cosign: sign and verify with a local key, without a transparency log, as a referrer and as a tag."""

import json

from content import tar
from peer_case import PeerCase, sha256

HTTP = "--allow-http-registry"
NO_LOG = "--insecure-ignore-tlog=true"


class Cosign(PeerCase):
    PEERS = ("cosign", "crane")

    def cosign(self, *argv, **options):
        return self.run_client("cosign", *argv, **options)

    def environment(self):
        return {**super().environment(), "COSIGN_PASSWORD": "secret"}

    def setUp(self):
        super().setUp()
        (self.folder / "layer.tar").write_bytes(tar({"name": b"content"}))
        self.run_client("crane", "append", "--oci-empty-base", "-f", "layer.tar", "-t", self.reference("v1"))
        self.image = self.reference(sha256(self.stored_manifest("v1")))
        self.cosign("generate-key-pair")

    def sign(self, *options):
        self.cosign(
            "sign", HTTP, "--key", "cosign.key", "--yes", "--use-signing-config=false", "--tlog-upload=false",
            *options, self.image,
        )  # fmt: skip

    def verify(self, *options, key="cosign.pub", fails=False):
        return self.cosign("verify", HTTP, NO_LOG, "--key", key, *options, self.image, fails=fails)

    def test_signature_as_a_referrer(self):
        self.verify(fails=True)
        self.sign()
        self.verify()
        status, _, body = self.http("GET", f"referrers/{self.image.partition('@')[2]}")
        self.assertEqual(status, 200)
        (referrer,) = json.loads(body)["manifests"]
        self.stored_manifest(referrer["digest"])

    def test_signature_as_a_tag(self):
        self.sign("--new-bundle-format=false")
        self.verify("--new-bundle-format=false")
        self.stored_manifest(self.image.partition("@")[2].replace(":", "-") + ".sig")

    def test_another_key_does_not_verify(self):
        self.sign()
        self.cosign("generate-key-pair", "--output-key-prefix", "other")
        self.verify(key="other.pub", fails=True)

    def test_annotations_are_part_of_the_signature(self):
        self.sign("-a", "stage=release")
        self.verify("-a", "stage=release")
        self.verify("-a", "stage=test", fails=True)
