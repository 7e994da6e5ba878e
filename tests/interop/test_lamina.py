# SPDX-License-Identifier: Apache-2.0
"""Lamina's own client: against Lamina, docker-registry and distribution, and from one to the other."""

import json
import shutil

import peers
from content import Layout
from lamina_case import LaminaCase
from peer_case import sha256, tree

NOT_FOUND, MISMATCH, CONFLICT, TOO_LARGE = 3, 4, 6, 8
MIB = 1 << 20
WHOLE = "--no-source-ignore"  # The tree of Flux's tests has a .sourceignore among its files.


class LaminaClient(LaminaCase):
    """The tests that hold against any registry; the classes below name the registry."""

    PEERS = ("crane", "oras", "regctl", "flux-tree")

    def test_pushed_file_is_read_by_others_and_pulled_byte_for_byte(self):
        content = bytes(range(256)) * 4096
        pushed = self.push(self.write("file.bin", content))
        self.assertEqual(self.stored_layers("v1"), [content])
        self.assertEqual(pushed["layer"]["digest"], sha256(content))
        crane = self.run_client("crane", "digest", self.reference("v1")).decode().strip()
        self.assertEqual((pushed["digest"], crane), (sha256(self.stored_manifest("v1")),) * 2)
        for name in ("v1", pushed["digest"]):
            self.lamina("pull", self.reference(name), "--to", f"out-{len(name)}")
            self.assertEqual((self.folder / f"out-{len(name)}").read_bytes(), content)

    def test_real_tree_has_one_digest_and_comes_back_whole(self):
        original = peers.test_input("flux-tree")
        shutil.copytree(original, self.folder / "checkout", copy_function=shutil.copy)
        first = self.push(original, "first", WHOLE)
        second = self.push("checkout", "second", WHOLE)
        self.assertEqual(first["digest"], second["digest"])
        self.assertEqual(self.answer("pack", WHOLE, "checkout")["digest"], first["layer"]["digest"])
        self.lamina("pull", self.reference("first"), "--unpack", "--to", "out")
        self.assert_same_tree(self.folder / "out", original)
        self.lamina("verify", self.reference("second"))

    def test_stream_in_and_out(self):
        content = b"0123456789abcdef" * (2 * MIB)
        self.lamina("push", "-", self.reference("v1"), stdin=content)
        self.assertEqual(self.lamina("pull", self.reference("v1"), "--to", "-"), content)

    def test_empty_things_and_unicode_names(self):
        self.push(self.write("empty", b""), "file")
        self.assertEqual(self.lamina("pull", self.reference("file"), "--to", "-"), b"")
        (self.folder / "directory").mkdir()
        self.push("directory", "directory")
        self.lamina("pull", self.reference("directory"), "--unpack", "--to", "out")
        self.assertEqual(tree(self.folder / "out"), {})
        self.write("named/grüße/日本語 🎈.txt", b"text")
        self.push("named", "named")
        self.lamina("pull", self.reference("named"), "--unpack", "--to", "named-out")
        self.assert_same_tree(self.folder / "named-out", self.folder / "named")

    def test_artifact_of_oras_is_pulled(self):
        self.write("by-oras", b"hello")
        self.run_client("oras", "push", "--plain-http", self.reference("v1"), "by-oras:text/plain")
        self.assertEqual(self.lamina("pull", self.reference("v1"), "--to", "-"), b"hello")

    def test_resolve_tags_ls_and_rm(self):
        pushed = self.push(self.write("file", b"content"), "v10", "-t", "v2")
        self.assertEqual(self.lamina("resolve", self.reference("v2")).decode().strip(), pushed["digest"])
        repository = f"{self.host}/{self.repository}"
        self.assertEqual(sorted(self.answer("tags", repository)["tags"]), ["v10", "v2"])
        self.assertIn(self.repository, self.answer("ls", self.host)["repositories"])
        self.lamina("rm", self.reference(pushed["digest"]))
        self.assert_gone("v10")
        self.lamina("resolve", self.reference("v2"), fails=NOT_FOUND)
        self.lamina("rm", self.reference("v2"), fails=NOT_FOUND)

    def test_identity_names_the_repository(self):
        identity = (
            "-i",
            "component-name=acme.org/podinfo",
            "-i",
            f"component-version={self._testMethodName}",
        )
        pushed = self.answer("push", self.write("file", b"content"), "--registry", self.host, *identity)
        resolved = self.lamina("resolve", "--registry", self.host, *identity).decode().strip()
        self.assertEqual(resolved, pushed["digest"])
        pairs = [entry for entry in identity if entry != "-i"]
        (found,) = self.answer("find", "--exact", "--registry", self.host, *pairs)
        self.assertEqual(found["digest"], pushed["digest"])
        self.assertEqual(self.lamina("pull", "--registry", self.host, *identity, "--to", "-"), b"content")
        self.lamina("find", "--exact", "--registry", self.host, "component-name=other", fails=NOT_FOUND)

    def test_referrers_are_found_by_another_client(self):
        subject = self.push(self.write("subject", b"subject"))
        sbom = self.push(
            self.write("sbom", b"sbom"),
            "sbom",
            "--subject",
            "v1",
            "--artifact-type",
            "application/vnd.example",
        )
        discover = ("oras", "discover", "--plain-http", "--format", "json", self.reference(subject["digest"]))
        (found,) = json.loads(self.run_client(*discover))["referrers"]
        self.assertEqual(
            (found["digest"], found["artifactType"]), (sbom["digest"], "application/vnd.example")
        )

    def referrers(self, reference):
        """Digests of what refers to a manifest, as oras finds it."""
        discovered = self.run_client("oras", "discover", "--plain-http", "--format", "json", reference)
        return sorted(entry["digest"] for entry in json.loads(discovered)["referrers"] or ())

    def test_removed_referrer_is_not_found_any_more(self):
        subject = self.push(self.write("subject", b"subject"))["digest"]
        one, two = (
            self.push(self.write(name, name.encode()), name, "--subject", "v1")["digest"]
            for name in ("one", "two")
        )
        self.assertEqual(self.referrers(self.reference(subject)), sorted([one, two]))
        self.lamina("rm", self.reference(one))
        self.assertEqual(self.referrers(self.reference(subject)), [two])
        self.lamina("rm", self.reference(two))
        self.assertEqual(self.referrers(self.reference(subject)), [])

    def test_copy_takes_referrers_to_and_from_every_kind_of_registry(self):
        layout = Layout(self.folder / "layout")
        regctl = ("regctl", "--host", f"reg={self.host},tls=disabled")
        self.run_client(*regctl, "image", "copy", "ocidir://layout:both", self.reference("both"))
        wanted = {}
        for subject in (layout.index["digest"], *(image["digest"] for image in layout.images.values())):
            signature = self.write("signature", subject.encode())
            pushed = self.push(signature, subject[-8:], "--subject", subject)
            wanted[subject] = [pushed["digest"]]
        attestation = self.push(self.write("attestation", b"of it"), "top", "--subject", pushed["digest"])
        wanted[pushed["digest"]] = [attestation["digest"]]
        for name, server_type in peers.SERVERS.items():
            with self.subTest(other=name):
                peers.install(*server_type.PEERS)
                other = server_type()
                self.addCleanup(other.stop)
                there = f"{other.host}/mirror"
                back = f"{self.host}/{self.repository}/from-{name}"
                self.lamina("copy", "--referrers", self.reference("both"), f"{there}:both")
                self.lamina("copy", "--referrers", f"{there}:both", f"{back}:both")
                for subject, digests in wanted.items():
                    for repository in (there, back):
                        self.assertEqual(self.referrers(f"{repository}@{subject}"), digests)

    def test_missing_existing_and_too_large(self):
        self.lamina("pull", self.reference("v1"), "--to", "out", fails=NOT_FOUND)
        self.assertFalse((self.folder / "out").exists())
        self.push(self.write("file", b"content"))
        self.lamina("push", self.write("file", b"other"), self.reference("v1"), "--if-absent", fails=CONFLICT)
        self.lamina("pull", self.reference("v1"), "--max-size", "6", "--to", "out", fails=TOO_LARGE)
        self.assertFalse((self.folder / "out").exists())

    def test_copy_of_an_index_to_and_from_every_kind_of_registry(self):
        layout = Layout(self.folder / "layout")
        regctl = ("regctl", "--host", f"reg={self.host},tls=disabled")
        self.run_client(*regctl, "image", "copy", "ocidir://layout:both", self.reference("both"))
        for name, server_type in peers.SERVERS.items():
            with self.subTest(other=name):
                peers.install(*server_type.PEERS)
                other = server_type()
                self.addCleanup(other.stop)
                there = f"{other.host}/mirror/{self.repository}:both"
                self.assertEqual(
                    self.answer("copy", self.reference("both"), there)["digest"], layout.index["digest"]
                )
                self.lamina("verify", there)
                self.lamina("copy", there, self.reference("both", f"/from-{name}"))
                self.lamina("verify", self.reference("both", f"/from-{name}"))


class OfLamina(LaminaClient):
    PEERS = (*LaminaClient.PEERS, "helm", "flux", "ingress-nginx", "docker-registry", "distribution")
    server_type = peers.Lamina

    def test_one_request_and_the_standard_sequence_make_the_same_artifact(self):
        path = self.write("file", b"content" * 1000)
        options = ("-i", "name=same", "--artifact-type", "application/vnd.example", "-a", "key=<value>")
        one = self.push(path, "one", *options, "--mode", "one-request")
        standard = self.push(path, "standard", *options, "--mode", "standard")
        self.assertEqual((one["oneRequest"], standard["oneRequest"]), (True, False))
        self.assertEqual(one["digest"], standard["digest"])
        self.assertEqual(self.stored_manifest("one"), self.stored_manifest("standard"))

    def test_unchanged_content_is_not_written_again(self):
        path = self.write("file", b"content")
        self.assertFalse(self.push(path)["unchanged"])
        self.assertTrue(self.push(path)["unchanged"])

    def test_found_by_a_part_of_the_identity(self):
        for version in ("1.0.0", "1.1.0"):
            self.push(
                self.write("file", version.encode()), version, "-i", "part=find", "-i", f"version={version}"
            )
        found = self.answer("find", "--registry", self.host, "part=find")
        self.assertEqual({entry["identity"]["version"] for entry in found}, {"1.0.0", "1.1.0"})
        self.assertEqual({tuple(entry["tags"]) for entry in found}, {("1.0.0",), ("1.1.0",)})
        self.lamina("find", "--registry", self.host, "part=nothing", fails=NOT_FOUND)

    def test_tag_is_removed_alone(self):
        digest = self.push(self.write("file", b"content"), "v1", "-t", "v2")["digest"]
        self.lamina("rm", self.reference("v1"))
        self.assert_gone("v1")
        self.assertEqual(sha256(self.stored_manifest("v2")), digest)

    def test_chart_is_pulled_by_helm(self):
        self.run_client("helm", "package", peers.test_input("ingress-nginx"))
        package = self.folder / "ingress-nginx-4.11.0.tgz"
        self.repository += "/ingress-nginx"
        self.push(package, "4.11.0", "--profile", "helm")
        (self.folder / "out").mkdir()
        chart = f"oci://{self.host}/{self.repository}"
        self.run_client("helm", "pull", "--plain-http", "--version", "4.11.0", "-d", "out", chart)
        self.assertEqual(tree(self.folder / "out"), {package.name: package.read_bytes()})

    def test_tree_is_pulled_by_flux_and_back(self):
        original = peers.test_input("flux-tree")
        self.push(original, "v1", "--profile", "flux", WHOLE)
        (self.folder / "out").mkdir()
        flux = ("flux", "pull", "artifact", "--insecure-registry", f"oci://{self.reference('v1')}")
        self.run_client(*flux, "--output", "out")
        self.assert_same_tree(self.folder / "out", original)


class OfDistribution(LaminaClient):
    PEERS = (*LaminaClient.PEERS, "docker-registry")
    server_type = peers.Distribution

    def test_damaged_content_is_noticed(self):
        layer = self.push(self.write("file", b"content" * 1000))["layer"]["digest"].removeprefix("sha256:")
        (blob,) = self.server.folder.glob(f"data/docker/registry/v2/blobs/sha256/*/{layer}/data")
        content = bytearray(blob.read_bytes())
        content[len(content) // 2] ^= 1
        blob.write_bytes(content)
        self.lamina("pull", self.reference("v1"), "--to", "out", fails=MISMATCH)
        self.assertFalse((self.folder / "out").exists())
        self.lamina("verify", self.reference("v1"), fails=MISMATCH)


class OfDockerRegistry(LaminaClient):
    PEERS = (*LaminaClient.PEERS, "distribution")
    server_type = peers.DockerRegistry


def load_tests(loader, tests, pattern):
    """The shared class is not a test of its own."""
    return loader.suiteClass(
        loader.loadTestsFromTestCase(case) for case in (OfLamina, OfDistribution, OfDockerRegistry)
    )
