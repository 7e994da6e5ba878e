# SPDX-License-Identifier: Apache-2.0
"""The base of the tests in a cluster: a namespace for each test, a registry for each class."""

import pathlib
import re
import shutil
import tempfile
import unittest

import kube
import lamina
from cluster import SYSTEM
from program import BACKSTOP_SECONDS


class E2eCase(unittest.TestCase):
    """The cluster is shared by all tests of a run; what a class starts ends with it."""

    cluster = None  # set by ./run
    REGISTRY_OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        cls.kube = cls.cluster.admin
        cls.registry = lamina.Registry(*cls.REGISTRY_OPTIONS).start()
        cls.addClassCleanup(cls.registry.stop)

    @classmethod
    def new_controller(cls, name, *options):
        """A controller as a service account of this name. It does not run yet."""
        log = cls.cluster.folder / f"{cls.__name__}-{name}.log"
        kubeconfig = cls.cluster.controller_account(name)
        return lamina.Controller(log, cls.registry, kubeconfig, SYSTEM, *options)

    def setUp(self):
        name = re.sub(r"[^a-z0-9]+", "-", self._testMethodName.removeprefix("test_").lower())
        self.namespace = name[:50].strip("-")
        self.kube.create(kube.NAMESPACE.object(None, self.namespace))
        self.addCleanup(self.kube.delete, kube.NAMESPACE, None, self.namespace)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lamina-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def oci_artifact(self, name, **spec):
        """Applies an OCIArtifact for the tag v1 of the repository of that name. Its interval outlives any test."""
        everything = {"repository": f"{self.namespace}/{name}", "tag": "v1", "interval": "24h", **spec}
        return self.kube.apply(kube.OCI_ARTIFACT.object(self.namespace, name, spec=everything))

    def wait_for_layers(self, digests, seconds=BACKSTOP_SECONDS):
        """Waits until the OCIArtifacts of this test are these, by name, all ready with the layer of the digest;
        returns them."""

        def current(items):
            found = {
                item["metadata"]["name"]: item["status"]["artifact"]["layer"]["digest"]
                for item in items
                if kube.is_ready(item)
            }
            return found == digests and list(items)

        what = f"these {len(digests)} objects, and no others, are ready with what was published last"
        return self.kube.wait_all(kube.OCI_ARTIFACT, self.namespace, current, what, seconds)

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


class ControllerCase(E2eCase):
    """With a controller that is there for all tests of the class."""

    CONTROLLER_OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.controller = cls.new_controller("controller", *cls.CONTROLLER_OPTIONS)
        cls.addClassCleanup(cls.controller.stop)
        cls.controller.start()

    def grant_secrets(self, *names):
        """Lets the controller read Secrets of the namespace, as deploy/examples/secrets.yaml does."""
        group = "rbac.authorization.k8s.io"
        rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"]}
        self.kube.apply(kube.ROLE.object(self.namespace, "lamina-secrets", rules=[rule]))
        role = {"apiGroup": group, "kind": kube.ROLE.kind, "name": "lamina-secrets"}
        account = {"kind": kube.SERVICE_ACCOUNT.kind, "namespace": SYSTEM, "name": "controller"}
        binding = kube.ROLE_BINDING.object(self.namespace, "lamina-secrets", roleRef=role, subjects=[account])
        self.kube.apply(binding)
