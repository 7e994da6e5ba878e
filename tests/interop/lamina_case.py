# SPDX-License-Identifier: Apache-2.0
"""The base of the tests of Lamina's own client."""

import json
import re

import peers
from peer_case import PeerCase


def configured(server_type, settings):
    """distribution as `server_type` with settings by environment variable, TLS among them."""

    class Configured(server_type):
        LISTENING = re.compile(r'msg="listening on (127\.0\.0\.1:\d+)')

        @classmethod
        def command(cls, folder, options):
            argv, environment = super().command(folder, options)
            return argv, {**environment, **{name: str(value) for name, value in settings.items()}}

    return Configured


class LaminaCase(PeerCase):
    def lamina(self, *argv, **options):
        return self.run_client(peers.lamina(), *argv, **options)

    def complaint(self, *argv, fails):
        """What a command that ends with status `fails` says on standard error."""
        redirected = ("sh", "-c", '"$@" 2>&1 >/dev/null', "sh", peers.lamina())
        return self.run_client(*redirected, *argv, fails=fails).decode()

    def answer(self, *argv, **options):
        """What a command says as JSON."""
        return json.loads(self.lamina(*argv, "-o", "json", **options))

    def push(self, path, name="v1", *options):
        return self.answer("push", path, self.reference(name), *options)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path
