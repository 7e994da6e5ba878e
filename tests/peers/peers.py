# SPDX-License-Identifier: Apache-2.0
"""What the whole-system tests run against: the peers in the cache, and registries on free ports."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(
    os.environ.get("LAMINA_PEERS")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "lamina-peers"
)
START_SECONDS = 30
STOP_SECONDS = 30


def install(*names):
    """Makes sure that the peers are in the cache; all of them when none is named."""
    subprocess.run([str(pathlib.Path(__file__).with_name("install")), *names], check=True)


def program(name):
    return CACHE / "bin" / name


def test_input(name):
    return CACHE / "inputs" / name


def lamina():
    """The program under test: $LAMINA, else the first build found."""
    candidates = [ROOT / "build" / preset / "bin" / "lamina" for preset in ("release", "dev")]
    if os.environ.get("LAMINA"):
        candidates = [pathlib.Path(os.environ["LAMINA"]).resolve()]
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return candidate
    raise SystemExit(f"no lamina program at {' or '.join(map(str, candidates))}: build it, or set LAMINA")


class Server:
    """A registry with an empty folder and a free port of its own, running from construction to stop()."""

    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lamina-peer-"))
        self.options = options
        self.output = []
        self.start()

    def start(self):
        """Starts the server, or starts it again on the folder that it had, on another port."""
        self.host = None
        self._ready = threading.Event()
        argv, environment = self.command(self.folder, self.options)
        self._process = subprocess.Popen(
            list(map(str, argv)),
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready.wait(START_SECONDS)
        if self.host is None:
            self.stop()
            raise RuntimeError(f"{argv[0]} did not say where it listens:\n{''.join(self.output)}")

    def _read(self):
        for line in self._process.stdout:
            self.output.append(line)
            match = self.LISTENING.search(line)
            if match and self.host is None:
                self.host = match[1]
                self._ready.set()
        self._ready.set()

    @property
    def url(self):
        return f"http://{self.host}"

    @property
    def pid(self):
        return self._process.pid

    def send_signal(self, number):
        self._process.send_signal(number)

    def wait(self):
        """Waits for the end of the server and returns its exit status; one that does not end is killed."""
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        return status

    def stop(self):
        """Ends the server as its operator would and returns its exit status; its folder is removed."""
        self.send_signal(signal.SIGTERM)
        status = self.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        return status


class Lamina(Server):
    LISTENING = re.compile(r"listening on http://(127\.0\.0\.1:\d+)")
    PEERS = ()

    def start(self):
        super().start()
        with urllib.request.urlopen(f"{self.url}/readyz", timeout=START_SECONDS):
            pass

    def stop(self):
        status = super().stop()
        if status != 0:
            raise RuntimeError(f"lamina ended with status {status}:\n{''.join(self.output)}")
        return status

    @staticmethod
    def command(folder, options):
        return [lamina(), "serve", "--addr", "127.0.0.1:0", "--data", folder / "data", *options], {}


class DistributionServer(Server):
    """distribution, of which docker-registry is version 2; Lamina's options mean nothing to it."""

    LISTENING = re.compile(r'msg="listening on (127\.0\.0\.1:\d+)"')
    CONFIGURATION = """
version: 0.1
storage:
  filesystem: {{rootdirectory: {folder}/data}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:0"}}
"""

    @classmethod
    def command(cls, folder, options):
        configuration = folder / "config.yml"
        configuration.write_text(cls.CONFIGURATION.format(folder=folder))
        # What it exports by default would leave this machine.
        return [program(cls.PEERS[0]), "serve", configuration], {"OTEL_TRACES_EXPORTER": "none"}


class DockerRegistry(DistributionServer):
    PEERS = ("docker-registry",)


class Distribution(DistributionServer):
    PEERS = ("distribution",)


SERVERS = {"lamina": Lamina, "docker-registry": DockerRegistry, "distribution": Distribution}
