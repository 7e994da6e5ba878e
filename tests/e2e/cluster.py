# SPDX-License-Identifier: Apache-2.0
"""A Kubernetes control plane of its own: etcd, kube-apiserver, kube-controller-manager; no nodes."""

import json
import pathlib
import re
import secrets
import shutil
import subprocess
import tempfile

import kube
import peers
from certificates import Authority, openssl
from program import Program, free_port

PEERS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "source-crds", "kustomize-crds")
DEPLOY = peers.ROOT / "deploy"
CRD_FOLDERS = (peers.test_input("source-crds"), peers.test_input("kustomize-crds"), DEPLOY / "crds")
SYSTEM = "lamina-system"  # the namespace of what deploy/ installs
CONTROLLERS = (
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
)
# Who wrote what of Lamina's kinds.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "Metadata",
            "verbs": ["create", "update", "patch", "delete"],
            "resources": [{"group": "lamina.dev"}],
        },
        {"level": "None"},
    ],
}


class Cluster:
    """Runs inside `with`, with a folder that is removed unless it is to be kept. Its parts may be killed and
    started again: they keep their ports and their data. With an audit, writes() tells who wrote what."""

    def __init__(self, keep=False, audit=True):
        self._keep = keep
        self._audit = audit
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lamina-cluster-"))
        self._authority = Authority(self.folder / "pki")
        self._api_port = free_port()
        self.server = f"https://127.0.0.1:{self._api_port}"
        self.ca_file = self._authority.certificate
        self._tokens = {}
        for user, group in (
            ("admin", "system:masters"),
            ("limited", "testers"),  # no rights but those that a test gives
            ("system:kube-controller-manager", "system:authenticated"),
        ):
            self._tokens[user] = (secrets.token_hex(16), group)
        self.admin = kube.Kube(self.server, self.ca_file, self._tokens["admin"][0])
        self.limited = kube.Kube(self.server, self.ca_file, self._tokens["limited"][0])
        self.etcd = self._etcd()
        self.apiserver = self._apiserver()
        self.controller_manager = self._controller_manager()

    def __enter__(self):
        try:
            self.etcd.start()
            self.apiserver.start()
            self._install_crds()
            # Its garbage collector learns of kinds that come later only at a resync of 30 s.
            self.controller_manager.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # The controller manager waits in vain for an API server that is gone, and that one for etcd.
        for part in (self.controller_manager, self.apiserver, self.etcd):
            part.stop()
        if self._keep:
            print(f"the logs are in {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def kubeconfig(self, user="admin"):
        """A kubeconfig with the token of one of the cluster's users."""
        return self._write_kubeconfig(user, {"token": self._tokens[user][0]})

    def kubeconfig_with_certificate(self):
        """A kubeconfig of an administrator by client certificate."""
        certificate, key = self._authority.issue("admin", subject="/O=system:masters/CN=admin")
        return self._write_kubeconfig(
            "certificate", {"client-certificate": str(certificate), "client-key": str(key)}
        )

    def service_account(self, namespace, name):
        """Makes a service account; returns its client and its kubeconfig with a token for an hour."""
        self.admin.apply(kube.SERVICE_ACCOUNT.object(namespace, name))
        path = self.admin.path(kube.SERVICE_ACCOUNT, namespace, name, "token")
        token = self.admin.ask("POST", path, {"spec": {"expirationSeconds": 3600}})["status"]["token"]
        return (
            kube.Kube(self.server, self.ca_file, token),
            self._write_kubeconfig(f"{namespace}-{name}", {"token": token}),
        )

    def controller_account(self, name):
        """The kubeconfig of a service account that may do what deploy/ lets the controller do."""
        self.admin.apply(kube.NAMESPACE.object(None, SYSTEM))
        self.kubectl("apply", "--server-side", f"--filename={DEPLOY / 'rbac'}")
        for kind in (kube.CLUSTER_ROLE_BINDING, kube.ROLE_BINDING):
            for binding in self.admin.list(kind, labelSelector="app.kubernetes.io/name=lamina"):
                subject = {"kind": kube.SERVICE_ACCOUNT.kind, "namespace": SYSTEM, "name": name}
                copy = kind.object(binding["metadata"].get("namespace"), f"{binding['metadata']['name']}-{name}")
                self.admin.apply({**copy, "roleRef": binding["roleRef"], "subjects": [subject]})
        return self.service_account(SYSTEM, name)[1]

    def kubectl(self, *argv, stdin=""):
        """What kubectl prints, as administrator."""
        result = subprocess.run(
            [peers.program("kubectl"), f"--kubeconfig={self.kubeconfig()}", *map(str, argv)],
            env={"HOME": str(self.folder)},
            input=stdin,
            capture_output=True,
            text=True,
        )
        if result.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(map(str, argv))}: {result.stderr}")
        return result.stdout

    def metrics(self, name):
        """The samples of one metric of the API server: pairs of labels and value."""
        return [
            (dict(re.findall(r'(\w+)="([^"]*)"', line)), float(line.rpartition(" ")[2]))
            for line in self.admin.ask("GET", "/metrics").splitlines()
            if line.startswith(f"{name}{{")
        ]

    def writes(self, namespace, resource):
        """Who wrote objects of a resource, in the order of the answers: (user, begin, end)."""
        entries = map(json.loads, (self.folder / "audit.log").read_text().splitlines())
        return [
            (entry["user"]["username"], entry["requestReceivedTimestamp"], entry["stageTimestamp"])
            for entry in entries
            if (entry["objectRef"].get("namespace"), entry["objectRef"]["resource"]) == (namespace, resource)
        ]

    def _write_kubeconfig(self, name, user):
        path = self.folder / f"kubeconfig-{name.replace(':', '-')}"
        cluster = {"server": self.server, "certificate-authority": str(self.ca_file)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "e2e", "cluster": cluster}],
            "users": [{"name": "e2e", "user": user}],
            "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "e2e"}}],
            "current-context": "e2e",
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(document))
        return path

    def _etcd(self):
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._etcd_url = client
        return Program(
            self.folder / "etcd.log",
            [
                peers.program("etcd"),
                "--name=e2e",
                f"--data-dir={self.folder / 'etcd'}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=e2e={peer}",
                "--unsafe-no-fsync",  # A killed process loses nothing by it.
            ],
            f"{client}/health",
        )

    def _apiserver(self):
        certificate, key = self._authority.issue("kube-apiserver")
        issuer_key = self.folder / "issuer.key"
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", issuer_key)
        tokens = self.folder / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(
            "".join(f'{token},{user},{user},"{group}"\n' for user, (token, group) in self._tokens.items())
        )
        return Program(
            self.folder / "kube-apiserver.log",
            [
                peers.program("kube-apiserver"),
                f"--etcd-servers={self._etcd_url}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                "--endpoint-reconciler-type=none",  # The loopback is no valid endpoint.
                f"--secure-port={self._api_port}",
                f"--tls-cert-file={certificate}",
                f"--tls-private-key-file={key}",
                f"--client-ca-file={self.ca_file}",
                f"--cert-dir={self.folder}",
                f"--token-auth-file={tokens}",
                "--authorization-mode=RBAC",
                f"--service-account-issuer={self.server}",
                f"--service-account-key-file={issuer_key}",
                f"--service-account-signing-key-file={issuer_key}",
                "--service-cluster-ip-range=10.96.0.0/24",
                "--enable-priority-and-fairness=false",
                "--profiling=false",
                *self._audit_options(),
            ],
            f"{self.server}/readyz",
            self.ca_file,
        )

    def _audit_options(self):
        if not self._audit:
            return ()
        policy = self.folder / "audit-policy.json"
        policy.write_text(json.dumps(AUDIT_POLICY))
        return f"--audit-policy-file={policy}", f"--audit-log-path={self.folder / 'audit.log'}"

    def _controller_manager(self):
        port = free_port()
        certificate, key = self._authority.issue("kube-controller-manager")
        kubeconfig = self.kubeconfig("system:kube-controller-manager")
        return Program(
            self.folder / "kube-controller-manager.log",
            [
                peers.program("kube-controller-manager"),
                f"--kubeconfig={kubeconfig}",
                "--authentication-skip-lookup=true",
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                f"--tls-cert-file={certificate}",
                f"--tls-private-key-file={key}",
                "--leader-elect=false",
                # Without it collecting garbage and deleting namespaces lack rights, and hang without a word.
                "--use-service-account-credentials=true",
                f"--service-account-private-key-file={self.folder / 'issuer.key'}",
                f"--root-ca-file={self.ca_file}",
                f"--controllers={','.join(CONTROLLERS)}",
            ],
            f"https://127.0.0.1:{port}/healthz",
            self.ca_file,
        )

    def _install_crds(self):
        self.kubectl("apply", "--server-side", *(f"--filename={folder}" for folder in CRD_FOLDERS))
        self.admin.wait_all(
            kube.CUSTOM_RESOURCE_DEFINITION,
            None,
            lambda crds: all(kube.condition(crd, "Established").get("status") == "True" for crd in crds),
            "all resource definitions are established",
        )
