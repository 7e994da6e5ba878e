# SPDX-License-Identifier: Apache-2.0
"""Where the server cannot start it says why and what to do, exits as docs/cli.md says, and leaves what is there."""

import os
import shutil
import signal
import socket
import subprocess

import peers
from peer_case import CLIENT_SECONDS, tree
from system_case import SystemCase

USAGE, DENIED, CONFLICT, UNSUPPORTED = 2, 5, 6, 9
NOBODY = 65534


class Refusals(SystemCase):
    def refused(self, status, *options, program=None, **how):
        """The message of a server that does not start."""
        argv = [program or peers.lamina(), "serve", *options]
        result = subprocess.run(
            list(map(str, argv)),
            cwd=self.folder,
            env={**self.environment(), "LAMINA_ADDR": "127.0.0.1:0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS,
            **how,
        )
        self.assertEqual((result.returncode, result.stdout), (status, ""), result.stderr)
        self.assertRegex(result.stderr, r"\Alamina: .*\n\Z")
        return result.stderr

    def data(self, **files):
        folder = self.folder / "data"
        folder.mkdir()
        for name, text in files.items():
            (folder / name.replace("_", "-")).write_text(text)
        return folder

    def test_folder_of_a_running_server(self):
        digest = self.push_blob(b"content")
        folder = self.server.folder / "data"
        self.assertIn(f"{folder} is in use by another server", self.refused(CONFLICT, "--data", folder))
        self.assertEqual(self.blob(digest), b"content")
        self.assert_serving()

    def test_folder_that_is_not_writable(self):
        program, folder, how = peers.lamina(), self.data(), {}
        if os.geteuid() == 0:
            # Root may write anywhere: the server runs as somebody else, who has to reach program and folder.
            self.folder.chmod(0o755)
            program = shutil.copy(peers.lamina(), self.folder / "lamina")
            how = {"preexec_fn": lambda: os.setuid(NOBODY)}
        folder.chmod(0o555)
        message = self.refused(DENIED, "--data", folder, program=program, **how)
        self.assertIn(f"data folder {folder}: ", message)
        self.assertIn("Permission denied", message)
        message = self.refused(DENIED, "--data", folder / "below", program=program, **how)
        self.assertIn(f"make directory {folder / 'below'}: Permission denied", message)
        self.assertEqual(list(folder.iterdir()), [])

    def test_folder_of_a_newer_format(self):
        folder = self.data(lamina_format="lamina data 2\n")
        message = self.refused(UNSUPPORTED, "--data", folder)
        self.assertIn("format 'lamina data 2', this lamina reads 'lamina data 1'; start a newer lamina", message)
        self.assertEqual(set(tree(folder)), {"lamina-format"})
        self.assertEqual((folder / "lamina-format").read_text(), "lamina data 2\n")

    def test_folder_with_files_of_others(self):
        folder = self.data(letter="Dear Sir or Madam")
        self.assertIn("holds 'letter' and no file lamina-format", self.refused(UNSUPPORTED, "--data", folder))
        self.assertEqual(set(tree(folder)), {"letter"})
        self.assertEqual((folder / "letter").read_text(), "Dear Sir or Madam")

    def test_folder_that_is_a_file(self):
        (self.folder / "file").write_text("text")
        self.assertIn("data folder file is a file; name a folder", self.refused(USAGE, "--data", "file"))
        self.assertEqual((self.folder / "file").read_text(), "text")

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            message = self.refused(CONFLICT, "--data", "data", "--addr", f"127.0.0.1:{port}")
        self.assertIn(f"127.0.0.1 port {port} is in use", message)

    def test_configuration(self):
        for text, expected in (
            ("serve:\n  adr: 127.0.0.1:0\n", "wrong.yaml:2:3: unknown key 'adr' in serve (did you mean 'addr'?)"),
            ("server:\n  addr: 127.0.0.1:0\n", "wrong.yaml:1:1: unknown key 'server'"),
            ("serve:\n  workers: 4\n  workers: 5\n", "wrong.yaml:3:3: "),
            ("serve:\n  workers: many\n", "wrong.yaml:2:"),
            ("serve: [\n", "wrong.yaml:"),
        ):
            with self.subTest(text):
                (self.folder / "wrong.yaml").write_text(text)
                self.assertIn(expected, self.refused(USAGE, "--config", "wrong.yaml", "--data", "data"))
        self.assertIn("none.yaml: No such file", self.refused(USAGE, "--config", "none.yaml", "--data", "data"))
        self.assertFalse((self.folder / "data").exists())

    def test_usage(self):
        for options, expected in (
            (("--nope",), "unknown option '--nope'; see `lamina serve --help`"),
            (("--addr", "nowhere"), "--addr: expected HOST:PORT"),
            (("--workers", "many"), "--workers: expected a whole number, found 'many'"),
            (("--grace", "long"), "--grace: "),
            (("--advertise-url", "lamina.example:5000"), "--advertise-url: expected http:// or https://"),
            (("something",), "something"),
        ):
            with self.subTest(options):
                self.assertIn(expected, self.refused(USAGE, "--data", "data", *options))
        self.assertFalse((self.folder / "data").exists())

    def test_standard_output_says_where_it_listens_and_no_more(self):
        with subprocess.Popen(
            [str(peers.lamina()), "serve", "--addr", "127.0.0.1:0", "--data", str(self.data())],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as server:
            self.assertRegex(server.stdout.readline(), r"\Alistening on http://127\.0\.0\.1:[0-9]+\n\Z")
            server.send_signal(signal.SIGTERM)
            rest, log = server.communicate(timeout=CLIENT_SECONDS)
        self.assertEqual((server.returncode, rest), (0, ""), log)
        self.assertIn("stopping: ", log)

    def test_folder_is_free_again_after_each_end(self):
        digest = self.push_blob(b"content")
        for end in (self.kill_server, self.end_server):
            end()
            self.start_server()
            self.assertEqual(self.blob(digest), b"content")

    def end_server(self):
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(), 0, self.server.output)
