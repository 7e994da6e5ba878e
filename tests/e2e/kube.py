# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API over plain HTTPS, as the tests need it: objects are dictionaries, waiting is watching."""

import contextlib
import functools
import http.client
import json
import ssl
import time
import typing
import urllib.parse

from program import BACKSTOP_SECONDS
from wire import UNREACHABLE, Wire

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"  # JSON is YAML.


class Kind(typing.NamedTuple):
    api_version: str
    kind: str

    def object(self, namespace, name, **members):
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": metadata, **members}


CONFIG_MAP = Kind("v1", "ConfigMap")
EVENT = Kind("v1", "Event")
NAMESPACE = Kind("v1", "Namespace")
SECRET = Kind("v1", "Secret")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount")
LEASE = Kind("coordination.k8s.io/v1", "Lease")
CUSTOM_RESOURCE_DEFINITION = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
CLUSTER_ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding")
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role")
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding")
KUSTOMIZATION = Kind("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
EXTERNAL_ARTIFACT = Kind("source.toolkit.fluxcd.io/v1", "ExternalArtifact")
OCI_REPOSITORY = Kind("source.toolkit.fluxcd.io/v1", "OCIRepository")
ARTIFACT = Kind("openfluxcd.ocm.software/v1alpha1", "Artifact")
SNAPSHOT = Kind("delivery.ocm.software/v1alpha1", "Snapshot")
OCI_ARTIFACT = Kind("lamina.dev/v1alpha1", "OCIArtifact")


class KubeError(Exception):
    """What the API server refused, with the Status that it gave."""

    def __init__(self, request, status, body):
        super().__init__(f"{request}: {status} {body.get('message', body) if isinstance(body, dict) else body}")
        self.status = status
        self.body = body


class Kube:
    """A client of one API server as one user."""

    def __init__(self, server, ca_file, token):
        self.server = server
        self._host = server.removeprefix("https://")
        self._context = ssl.create_default_context(cafile=ca_file)
        self._token = token
        self._wire = Wire(self._connect)

    def request(self, method, path, body=None, content_type="application/json"):
        """Status and answer of one request; the answer is JSON where it says so, else text."""
        status, headers, content = self._wire.exchange(method, path, *self._message(body, content_type))
        if headers.get_content_type() == "application/json":
            return status, json.loads(content)
        return status, content.decode(errors="replace")

    def _connect(self):
        return http.client.HTTPSConnection(self._host, timeout=BACKSTOP_SECONDS, context=self._context)

    def _message(self, body, content_type):
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if body is None:
            return None, headers
        return json.dumps(body), {**headers, "Content-Type": content_type}

    def ask(self, method, path, body=None, content_type="application/json"):
        """The answer of a request that must succeed."""
        status, answer = self.request(method, path, body, content_type)
        if status >= 300:
            raise KubeError(f"{method} {path}", status, answer)
        return answer

    @functools.cache  # noqa: B019 - a client lives as long as its cluster
    def _resource(self, kind):
        """Prefix, plural and whether namespaced; asked of the server once."""
        prefix = f"/api/{kind.api_version}" if kind.api_version == "v1" else f"/apis/{kind.api_version}"
        for resource in self.ask("GET", prefix)["resources"]:
            if resource["kind"] == kind.kind and "/" not in resource["name"]:
                return prefix, resource["name"], resource["namespaced"]
        raise LookupError(f"the API server has no {kind.kind} in {kind.api_version}")

    def path(self, kind, namespace=None, name=None, subresource=None, **query):
        prefix, plural, namespaced = self._resource(kind)
        parts = [prefix]
        if namespaced and namespace:
            parts.append(f"namespaces/{namespace}")
        parts += [part for part in (plural, name, subresource) if part]
        return "/".join(parts) + (f"?{urllib.parse.urlencode(query)}" if query else "")

    def path_of(self, item, subresource=None, named=True, **query):
        kind = Kind(item["apiVersion"], item["kind"])
        metadata = item["metadata"]
        return self.path(
            kind, metadata.get("namespace"), metadata["name"] if named else None, subresource, **query
        )

    def get(self, kind, namespace, name):
        """The object; None where there is none."""
        status, answer = self.request("GET", self.path(kind, namespace, name))
        if status == 404:
            return None
        if status != 200:
            raise KubeError(f"GET {kind.kind} {namespace}/{name}", status, answer)
        return answer

    def list(self, kind, namespace=None, **query):
        return self.ask("GET", self.path(kind, namespace, **query))["items"]

    def create(self, item):
        return self.ask("POST", self.path_of(item, named=False), item)

    def apply(self, item, manager="e2e", subresource=None):
        """Server-side apply, with force."""
        path = self.path_of(item, subresource, fieldManager=manager, force="true")
        return self.ask("PATCH", path, item, APPLY)

    def patch(self, kind, namespace, name, change):
        return self.ask("PATCH", self.path(kind, namespace, name), change, MERGE)

    def delete(self, kind, namespace, name):
        """Whether there was something to delete."""
        status, answer = self.request("DELETE", self.path(kind, namespace, name))
        if status not in (200, 202, 404):
            raise KubeError(f"DELETE {kind.kind} {namespace}/{name}", status, answer)
        return status != 404

    def watch(self, kind, namespace, version, seconds, **query):
        """Events (type, object) from a version on until the server or the time ends the watch."""
        path = self.path(
            kind, namespace, watch=1, resourceVersion=version, timeoutSeconds=max(1, int(seconds)), **query
        )
        with contextlib.closing(self._connect()) as connection:
            connection.request("GET", path, *self._message(None, None))
            response = connection.getresponse()
            if response.status != 200:
                raise KubeError(f"GET {path}", response.status, response.read().decode())
            for line in response:
                event = json.loads(line)
                yield event["type"], event["object"]

    def wait(self, kind, namespace, name, holds, what, seconds=BACKSTOP_SECONDS):
        """Watches an object, None while absent, until `holds(object)` is true of it, and returns it."""

        def named(items):
            item = next(iter(items), None)
            return (item,) if holds(item) else None

        field = f"metadata.name={name}"
        return self.wait_all(kind, namespace, named, f"{name}: {what}", seconds, fieldSelector=field)[0]

    def wait_all(self, kind, namespace, holds, what, seconds=BACKSTOP_SECONDS, **query):
        """Watches a list until `holds(objects)` is true, and returns what that was. Outlives the API server."""
        end = time.monotonic() + seconds
        items = {}
        while time.monotonic() < end:
            try:
                listed = self.ask("GET", self.path(kind, namespace, **query))
                # Items of a list have no kind, objects of a watch do.
                items = {_key(item): item for item in listed["items"]}
                answer = holds(items.values())
                if answer:
                    return answer
                version = listed["metadata"]["resourceVersion"]
                for event, item in self.watch(kind, namespace, version, end - time.monotonic(), **query):
                    if event == "ERROR":
                        break
                    if event == "DELETED":
                        items.pop(_key(item), None)
                    else:
                        items[_key(item)] = item
                    answer = holds(items.values())
                    if answer:
                        return answer
            except UNREACHABLE:
                time.sleep(0.1)
            except KubeError as error:
                if error.status not in (401, 403, 429) and error.status < 500:
                    raise
                time.sleep(0.1)  # It is starting.
        last = json.dumps([_brief(item) for item in list(items.values())[:3]], indent=1)
        raise AssertionError(f"it never came that {what}; last seen of {len(items)}: {last}")


def _key(item):
    return item["metadata"].get("namespace"), item["metadata"]["name"]


def _brief(item):
    """What tells why an object is not as it should be."""
    status = item.get("status", {})
    return {
        "name": item["metadata"]["name"],
        "generation": item["metadata"].get("generation"),
        **({"status": status} if status else {name: item[name] for name in ("spec", "data") if name in item}),
    }


def condition(item, name):
    """A condition of an object: {} where it has none of that type."""
    conditions = ((item or {}).get("status") or {}).get("conditions") or ()
    return next((entry for entry in conditions if entry["type"] == name), {})


def is_ready(item):
    """Whether the status tells that what the spec now says is so."""
    ready = condition(item, "Ready")
    generation = (item or {}).get("metadata", {}).get("generation")
    return ready.get("status") == "True" and ready.get("observedGeneration", generation) == generation
