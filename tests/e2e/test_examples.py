# SPDX-License-Identifier: Apache-2.0
"""The programs of examples/: ConfigMaps become artifacts, and what is in them is applied."""

import os

import kube
import peers
from e2e_case import ControllerCase
from program import Program

MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{a: '{}'}}\n"


class Examples(ControllerCase):
    def example(self, name, *arguments):
        program = peers.lamina().parent / name
        self.assertTrue(os.access(program, os.X_OK), f"no {program}: build the target {name}")
        environment = {"KUBECONFIG": str(self.cluster.kubeconfig()), "TMPDIR": str(self.folder)}
        running = Program(self.folder / f"{name}.log", (program, *arguments), None, environment=environment)
        running.launch()
        self.addCleanup(running.kill)
        return running

    def source(self, value):
        item = kube.CONFIG_MAP.object(self.namespace, "app", data={"settings.yaml": MANIFEST.format(value)})
        item["metadata"]["labels"] = {"publish": "yes"}
        self.kube.apply(item)

    def test_producer_and_consumer(self):
        self.source("1")
        producer = self.example("configmap-producer", self.registry.host)
        consumer = self.example("apply-consumer", self.namespace, self.registry.host)
        self.assert_applied(a="1")
        self.source("2")
        self.assert_applied(a="2")
        self.kube.delete(kube.CONFIG_MAP, self.namespace, "app")
        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "app", lambda item: item is None, "it is gone")
        for running in (producer, consumer):
            self.assertEqual(running.stop(), 0, running.tail())
            self.assertNotIn(" is not ", running.tail())
