# SPDX-License-Identifier: Apache-2.0
"""Flux's kustomize-controller, unmodified."""

import contextlib
import os

import kube
import peers
from program import Program, free_port

PEERS = ("kustomize-controller",)


@contextlib.contextmanager
def kustomize_controller(cluster):
    """Runs it as administrator: it applies whatever it is given."""
    port = free_port()
    log = cluster.folder / "kustomize-controller.log"
    program = Program(
        log,
        [
            peers.program("kustomize-controller"),
            "--watch-all-namespaces",
            "--enable-leader-election=false",
            "--metrics-addr=127.0.0.1:0",
            f"--health-addr=127.0.0.1:{port}",
            "--feature-gates=ExternalArtifact=true",  # else it refuses them
            "--http-retry=1",
        ],
        f"http://127.0.0.1:{port}/readyz",
        environment={"KUBECONFIG": str(cluster.kubeconfig()), "PATH": os.environ["PATH"]},
    )
    try:
        yield program.start()
    finally:
        program.stop()


def kustomization(namespace, name, source=None):
    """Applies to its namespace what an ExternalArtifact holds. Its interval outlives any test, so what comes in
    time comes from a watch."""
    return kube.KUSTOMIZATION.object(
        namespace,
        name,
        spec={
            "interval": "1h",
            "retryInterval": "2s",
            "path": "./",
            "prune": True,
            "targetNamespace": namespace,
            "sourceRef": {"kind": kube.EXTERNAL_ARTIFACT.kind, "name": source or name},
        },
    )
