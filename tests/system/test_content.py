# SPDX-License-Identifier: Apache-2.0
"""Real input: what was pushed comes back, and the same tree has one digest wherever it was checked out."""

import hashlib
import json
import os
import random
import shutil
import stat
import subprocess

import peers
from peer_case import CLIENT_SECONDS, sha256
from system_case import SystemCase

MIB = 1 << 20
STREAM_MIB = 2048 if os.environ.get("LAMINA_LONG") else 256
WHOLE = "--no-source-ignore"  # The tree of Flux's tests has a .sourceignore among its files.


def content_of(folder):
    """Relative path -> (type and normalised mode, digest), the folder itself included."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        mode = path.stat().st_mode
        digest = "" if path.is_dir() else sha256(path.read_bytes())
        normalised = 0o750 if path.is_dir() else 0o700 if mode & 0o111 else 0o600
        found[path.relative_to(folder).as_posix()] = (stat.S_IFMT(mode) | normalised, digest)
    return found


def check_out_anew(source, target):
    """Copies a tree as another user, with another umask, on another day, in another order would have it."""
    target.mkdir()
    paths = list(source.rglob("*"))
    random.Random(1).shuffle(paths)
    for path in paths:
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    for number, copy in enumerate([target, *target.rglob("*")]):
        executable = copy.is_file() and (source / copy.relative_to(target)).stat().st_mode & 0o111
        copy.chmod(0o777 if copy.is_dir() or executable else 0o664)
        os.utime(copy, (number, 1_000_000_000 + number))
        if os.geteuid() == 0:
            os.chown(copy, 65534, 65534)


class Trees(SystemCase):
    PEERS = ("ingress-nginx", "flux-tree")

    def check(self, original):
        """Two checkouts, pushed in one request and in the standard sequence, pulled again."""
        check_out_anew(original, self.folder / "checkout")
        one = self.answer("push", original, self.reference("one"), WHOLE, "--mode", "one-request")
        standard = self.answer(
            "push", "checkout", self.reference("standard", "/standard"), WHOLE, "--mode", "standard"
        )
        self.assertEqual((one["oneRequest"], standard["oneRequest"]), (True, False))
        self.assertEqual((one["digest"], one["layer"]), (standard["digest"], standard["layer"]))
        self.lamina("pull", self.reference("standard", "/standard"), "--unpack", "--to", "out")
        found, wanted = content_of(self.folder / "out"), content_of(original)
        self.assertEqual({name: wanted.get(name) for name in found.keys() ^ wanted.keys()}, {})
        self.assertEqual([name for name in wanted if found[name] != wanted[name]], [])
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (self.folder / "out").rglob("*")}
        self.assertLessEqual(modes, {0o750, 0o700, 0o600})

    def make(self, files):
        """A tree of the files (relative path -> bytes)."""
        folder = self.folder / "original"
        folder.mkdir()
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    def test_20000_small_files(self):
        numbers = range(20_000)
        self.check(self.make({f"{n % 100}/{n % 7}/file-{n}.yaml": b"value: %d\n" % n * (n % 40) for n in numbers}))

    def test_helm_chart(self):
        self.check(peers.test_input("ingress-nginx"))

    def test_kustomize_tree(self):
        self.check(peers.test_input("flux-tree"))

    def test_empty_directory(self):
        self.check(self.make({}))

    def test_directories_without_files_and_programs(self):
        folder = self.make({"bin/run": b"#!/bin/sh\n", "bin/data": b"", "empty": b""})
        (folder / "bin" / "run").chmod(0o711)
        (folder / "nothing" / "inside").mkdir(parents=True)
        self.check(folder)

    def test_names_in_unicode(self):
        names = ("grüße/ä.txt", "grüße/a\u0308.txt", "日本語/🎈 balloon.yaml", "ру́сский", "x" * 200 + "é" * 20)
        self.check(self.make({name: name.encode() for name in names}))


class Files(SystemCase):
    def test_blob_of_0_bytes(self):
        (self.folder / "empty").write_bytes(b"")
        pushed = self.answer("push", "empty", self.reference("v1"))
        self.assertEqual((pushed["layer"]["size"], pushed["layer"]["digest"]), (0, sha256(b"")))
        self.assertEqual(self.lamina("pull", self.reference("v1"), "--to", "-"), b"")
        self.assertEqual(self.stored_layers("v1"), [b""])
        standard = self.answer("push", "empty", self.reference("standard"), "--mode", "standard")
        self.assertEqual(standard["digest"], pushed["digest"])

    def test_large_stream(self):
        """Neither side may hold it: it goes in and out chunk by chunk."""
        chunk = random.Random(1).randbytes(MIB)
        pushed, pulled = hashlib.sha256(), hashlib.sha256()
        push = self.client("push", "-", self.reference("v1"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        with push.stdin:
            for number in range(STREAM_MIB):
                piece = number.to_bytes(8, "big") + chunk[8:]
                pushed.update(piece)
                push.stdin.write(piece)
        self.assertEqual(push.wait(CLIENT_SECONDS), 0)
        (layer,) = json.loads(self.stored_manifest("v1"))["layers"]
        self.assertEqual((layer["size"], layer["digest"]), (STREAM_MIB * MIB, f"sha256:{pushed.hexdigest()}"))

        pull = self.client("pull", self.reference("v1"), "--to", "-", stdout=subprocess.PIPE)
        with pull.stdout:
            while piece := pull.stdout.read(MIB):
                pulled.update(piece)
        self.assertEqual(pull.wait(CLIENT_SECONDS), 0)
        self.assertEqual(pulled.digest(), pushed.digest())
        (stored,) = self.files("blobs")
        self.assertEqual(stored.stat().st_size, STREAM_MIB * MIB)

    def client(self, *argv, **options):
        """The client, running: what it prints besides its output is in the file `errors`."""
        errors = (self.folder / "errors").open("ab")
        self.addCleanup(errors.close)
        argv = [str(argument) for argument in (peers.lamina(), *argv)]
        return subprocess.Popen(argv, env=self.environment(), stderr=errors, **options)
