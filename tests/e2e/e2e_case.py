# SPDX-License-Identifier: Apache-2.0
"""The base of the tests in a cluster: a namespace for each test, a registry for each class."""

import pathlib
import re
import shutil
import tempfile
import unittest

import kube
import lamina


class E2eCase(unittest.TestCase):
    """The cluster is shared by all tests of a run; what a class starts ends with it."""

    cluster = None  # set by ./run

    @classmethod
    def setUpClass(cls):
        cls.kube = cls.cluster.admin
        cls.registry = lamina.Registry()
        cls.registry.start()
        cls.addClassCleanup(cls.registry.stop)

    def setUp(self):
        name = re.sub(r"[^a-z0-9]+", "-", self._testMethodName.removeprefix("test_").lower())
        self.namespace = name[:50].strip("-")
        self.kube.create(kube.NAMESPACE.object(None, self.namespace))
        self.addCleanup(self.kube.delete, kube.NAMESPACE, None, self.namespace)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lamina-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def manifests(self, **data):
        """A folder with what a GitOps repository would hold: a ConfigMap `settings` with the data."""
        folder = self.folder / "manifests"
        folder.mkdir(exist_ok=True)
        lines = ["apiVersion: v1", "kind: ConfigMap", "metadata:", "  name: settings", "data:"]
        lines += [f'  {key}: "{value}"' for key, value in data.items()]
        (folder / "settings.yaml").write_text("\n".join(lines) + "\n")
        return folder

    def assert_applied(self, **data):
        """Waits until the ConfigMap of manifests() is in the namespace of this test."""

        def holds(item):
            return item is not None and item["data"] == data

        self.kube.wait(kube.CONFIG_MAP, self.namespace, "settings", holds, f"it holds {data}")
