# SPDX-License-Identifier: Apache-2.0
"""Certificates made by the openssl program."""

import subprocess

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*argv, stdin=b""):
    return subprocess.run(
        ["openssl", *map(str, argv)], input=stdin, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ).stdout


class Authority:
    """A certificate authority with its own folder; `certificate` is what its clients trust."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        openssl(
            *("req", "-x509", *NEW_KEY, "-keyout", self._key, "-out", self.certificate),
            *("-days", 1, "-subj", f"/CN={folder.name}"),
        )

    def issue(self, name, address="IP:127.0.0.1", days=1, subject=None):
        """Files with a certificate for `address` and its key; with `days` below 0 it has expired."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request = openssl(
            *("req", "-new", *NEW_KEY, "-keyout", key, "-subj", subject or f"/CN={name}"),
            *("-addext", f"subjectAltName={address}"),
        )
        openssl(
            *("x509", "-req", "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial"),
            *("-copy_extensions", "copy", "-days", days, "-out", certificate),
            stdin=request,
        )
        return certificate, key
