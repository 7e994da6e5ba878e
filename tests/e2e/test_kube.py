# SPDX-License-Identifier: Apache-2.0
"""The client of the Kubernetes API (src/kube) against a real API server: what kube_check finds."""

import os
import subprocess

import peers
from e2e_case import E2eCase


class Client(E2eCase):
    def test_api(self):
        """Verbs, pages, watches, discovery, server-side apply, large objects, users, plug-ins."""
        program = peers.lamina().parent / "kube_check"
        self.assertTrue(os.access(program, os.X_OK), f"no {program}: build the target kube_check")
        account = self.cluster.service_account(self.namespace, "check")[1]
        result = subprocess.run(
            [
                *(program, "--certificate", self.cluster.kubeconfig_with_certificate()),
                *("--token", self.cluster.kubeconfig(), "--limited", self.cluster.kubeconfig("limited")),
                *("--account", account),
            ],
            env={"HOME": str(self.folder), "PATH": os.environ["PATH"], "TMPDIR": str(self.folder)},
            capture_output=True,
            text=True,
        )
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"\b1\d\d passed, 0 failed\n$")
