# SPDX-License-Identifier: Apache-2.0
"""Registries that fail, and content that is not what it should be: what the status says, and how it ends."""

import base64
import itertools
import json

import kube
from certificates import Authority
from e2e_case import ControllerCase
from lamina import ARTIFACT_TYPE, TAR_GZIP
from program import eventually, free_port
from scripted import REPOSITORY, ScriptedRegistry, sha256

LARGE = bytes(range(256)) * 1000  # so that the layer is a file, which can be damaged
STALLED = ("AccessDenied", "InvalidSpec", "UnsupportedArtifact")
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


class FailureCase(ControllerCase):
    def wait_for(self, name, holds, what):
        return self.kube.wait(kube.OCI_ARTIFACT, self.namespace, name, holds, what)

    def wait_ready(self, name, published=None):
        def holds(item):
            digest = (item or {}).get("status", {}).get("artifact", {}).get("digest")
            return kube.is_ready(item) and (published is None or digest == published["digest"])

        return self.assert_conditions(self.wait_for(name, holds, "it is Ready"))

    def wait_reason(self, name, reason):
        def holds(item):
            return kube.condition(item, "Ready").get("reason") == reason

        return self.assert_conditions(self.wait_for(name, holds, f"Ready is {reason}"))

    def assert_conditions(self, item):
        """Those of kstatus: what may pass is in progress, what needs a hand has failed."""
        ready = kube.condition(item, "Ready")
        failed = ready["status"] == "False"
        stalled = ready["reason"] in STALLED
        self.assertEqual(item["status"]["observedGeneration"], item["metadata"]["generation"])
        self.assertEqual(bool(kube.condition(item, "Stalled")), failed and stalled)
        self.assertEqual(bool(kube.condition(item, "Reconciling")), failed and not stalled)
        for entry in item["status"]["conditions"]:
            self.assertEqual(entry["observedGeneration"], item["metadata"]["generation"])
        return item

    def request(self, name, value):
        annotation = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": value}}}
        self.kube.patch(kube.OCI_ARTIFACT, self.namespace, name, annotation)

    def elsewhere(self, name, host, **spec):
        registry = {"host": host, "plainHTTP": True, **spec.pop("registry", {})}
        spec = {"repository": REPOSITORY, "registry": registry, **spec}
        return self.oci_artifact(name, **spec)

    def scripted(self, script=None, **options):
        registry = ScriptedRegistry(script, **options)
        self.addCleanup(registry.stop)
        return registry


def status_of(status, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda registry, exchange: exchange.answer(status, headers)


def changed(place, **change):
    """Serves well but for what is at one kind of place."""

    def script(registry, exchange):
        registry.serve(exchange, **(change if f"/{place}/" in exchange.path else {}))

    return script


def other_digest(registry, exchange):
    if "/manifests/" in exchange.path:
        headers = {"Content-Type": MANIFEST_TYPE, "Docker-Content-Digest": sha256(b"other")}
        exchange.answer(200, headers, registry.manifest)
    else:
        registry.serve(exchange)


class OtherRegistries(FailureCase):
    CONTROLLER_OPTIONS = ("--stall-timeout", "1s")
    FAILURES = {
        "s401": ("AuthenticationFailed", status_of(401)),
        "s403": ("AuthenticationFailed", status_of(403)),
        "s404": ("ArtifactNotFound", status_of(404)),
        "s429": ("RegistryRateLimited", status_of(429)),
        "s500": ("RegistryUnavailable", status_of(500)),
        "s503": ("RegistryUnavailable", status_of(503)),
        "hangs-up": ("RegistryUnavailable", lambda registry, exchange: exchange.vanish()),
        "broken-off": ("RegistryUnavailable", changed("blobs", keep=0.5)),
        "other-bytes": ("DigestMismatch", changed("blobs", change=lambda content: b"x" + content[1:])),
        "fewer-bytes": ("DigestMismatch", changed("blobs", change=lambda content: content[:-1])),
        "more-bytes": ("DigestMismatch", changed("blobs", change=lambda content: content + b"x")),
        "other-digest": ("DigestMismatch", other_digest),
        "malformed": ("UnsupportedArtifact", changed("manifests", change=lambda content: b"{}")),
    }

    def test_each_failure_has_its_reason_and_ends_without_a_hand(self):
        registries = {}
        for name, (_, script) in self.FAILURES.items():
            registry = registries[name] = self.scripted()
            registry.script = lambda exchange, registry=registry, script=script: script(registry, exchange)
            self.elsewhere(name, registry.host, interval="2s")
        for name, (reason, _) in self.FAILURES.items():
            self.wait_reason(name, reason)
        # By now the delay between two looks has grown: without it there were hundreds.
        for name, registry in registries.items():
            self.assertLess(len(registry.times), 60, name)
        for registry in registries.values():
            registry.script = registry.serve
        for name in self.FAILURES:
            self.wait_ready(name)

    def test_registry_that_is_not_there(self):
        self.elsewhere("app", f"127.0.0.1:{free_port()}")
        self.wait_reason("app", "RegistryUnavailable")
        self.elsewhere("app", self.scripted().host)
        self.wait_ready("app")

    def test_registry_that_says_when_to_come_again(self):
        refusals = itertools.count()

        def script(exchange):
            if next(refusals) < 2:
                exchange.answer(429, {"Retry-After": "2"})
            else:
                registry.serve(exchange)

        registry = self.scripted(script)
        self.elsewhere("app", registry.host)
        self.wait_reason("app", "RegistryRateLimited")
        self.wait_ready("app")
        first, second, third = registry.times[:3]
        self.assertGreaterEqual(second - first, 1.9)
        self.assertGreaterEqual(third - second, 1.9)

    def test_registries_that_fail_do_not_hold_up_others(self):
        refusing = self.scripted(lambda exchange: exchange.answer(429, {"Retry-After": "3600"}))
        for i in range(16):  # Twice the controller's workers.
            self.elsewhere(f"refused-{i}", refusing.host)
        eventually(lambda: len(refusing.times) >= 8, "all workers have been there")
        self.registry.publish(f"{self.namespace}/app", b"content", tags=["v1"])
        self.oci_artifact("app")
        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "app", kube.is_ready, "it is Ready", 20)
        for i in range(16):
            self.wait_reason(f"refused-{i}", "RegistryRateLimited")

    def test_registry_that_is_slow(self):
        released = []

        def script(exchange):
            if not released:
                eventually(lambda: released, "the test lets it answer")
            registry.serve(exchange)

        registry = self.scripted(script)
        self.addCleanup(released.append, True)
        self.elsewhere("app", registry.host)
        self.wait_reason("app", "RegistryUnavailable")
        released.append(True)
        self.wait_ready("app")

    def test_what_the_layer_must_be(self):
        registry = self.scripted()
        right = {"digest": sha256(registry.layer), "size": len(registry.layer), "mediaType": TAR_GZIP}
        wrong = {"digest": sha256(b""), "size": 1, "mediaType": "text/plain"}
        for field, value in wrong.items():
            with self.subTest(field):
                self.elsewhere("app", registry.host, layer={**right, field: value})
                message = kube.condition(self.wait_reason("app", "DigestMismatch"), "Ready")["message"]
                self.assertIn(str(value), message)
                self.assertIn(str(right[field]), message)
                self.elsewhere("app", registry.host, layer=right)
                self.wait_ready("app")

    def test_credentials_and_certificates_by_secrets(self):
        authority = Authority(self.folder / "right")
        registry = self.scripted(certificate=authority.issue("registry"), user="user:secret")
        secrets = {"secretRef": {"name": "login"}, "certSecretRef": {"name": "ca"}}
        self.grant_secrets("login", "ca")
        self.elsewhere("app", registry.host, registry={**secrets, "plainHTTP": False})
        self.wait_reason("app", "SecretNotFound")
        self.login(registry.host, "user:wrong")
        self.certificates(Authority(self.folder / "wrong"))
        message = kube.condition(self.wait_reason("app", "AuthenticationFailed"), "Ready")["message"]
        self.assertIn("certificate", message)
        self.assertEqual(registry.times, [])
        self.certificates(authority)
        self.wait_for(
            "app",
            lambda item: "was answered 401" in kube.condition(item, "Ready")["message"],
            "the credentials are refused",
        )
        self.login(registry.host, "user:secret")
        self.wait_ready("app")

    def login(self, host, user):
        auths = {"auths": {host: {"auth": base64.b64encode(user.encode()).decode()}}}
        self.secret("login", "kubernetes.io/dockerconfigjson", **{".dockerconfigjson": json.dumps(auths)})

    def certificates(self, authority):
        self.secret("ca", "Opaque", **{"ca.crt": authority.certificate.read_text()})

    def secret(self, name, kind, **data):
        self.kube.apply(kube.SECRET.object(self.namespace, name, type=kind, stringData=data))


class OwnRegistry(FailureCase):
    def publish(self, name, content=b"content", **fields):
        return self.registry.publish(f"{self.namespace}/{name}", content, tags=["v1"], **fields)

    def put_manifest(self, name, media_type, **members):
        document = json.dumps({"schemaVersion": 2, "mediaType": media_type, **members}).encode()
        path = f"/v2/{self.namespace}/{name}/manifests/v1"
        status, _, answer = self.registry.exchange("PUT", path, document, Content_Type=media_type)
        self.assertEqual(status, 201, answer)

    def test_registry_that_is_away_for_a_while(self):
        self.publish("before")
        self.oci_artifact("before")
        before = self.wait_ready("before")
        self.registry.kill()
        self.oci_artifact("meanwhile")
        self.wait_reason("meanwhile", "RegistryUnavailable")
        item = self.kube.get(kube.OCI_ARTIFACT, self.namespace, "before")
        self.assertEqual(item["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"])
        self.registry.start()
        self.wait_reason("meanwhile", "ArtifactNotFound")
        self.publish("meanwhile")
        self.wait_ready("meanwhile")

    def test_damage_is_told_and_leaves_the_export_alone_until_it_heals(self):
        published = self.publish("app", LARGE)
        self.oci_artifact("app", exports=[{"kind": kube.EXTERNAL_ARTIFACT.kind}])
        before = self.wait_ready("app")
        export = self.kube.get(kube.EXTERNAL_ARTIFACT, self.namespace, "app")
        self.registry.corrupt(published["layer"]["digest"])
        self.request("app", "1")
        damaged = self.wait_reason("app", "ContentCorrupted")
        self.assertIn(published["layer"]["digest"], kube.condition(damaged, "Ready")["message"])
        for field in ("artifact", "url", "lastVerifiedTime"):
            self.assertEqual(damaged["status"][field], before["status"][field])
        self.assertEqual(self.kube.get(kube.EXTERNAL_ARTIFACT, self.namespace, "app"), export)
        self.publish("app", LARGE)
        self.wait_ready("app", published)
        self.assertEqual(self.kube.get(kube.EXTERNAL_ARTIFACT, self.namespace, "app"), export)

    def test_artifacts_of_other_than_one_layer(self):
        published = self.publish("app")
        digests = {"mediaType": MANIFEST_TYPE, "digest": published["digest"], "size": self.size_of(published)}
        self.put_manifest("app", INDEX_TYPE, manifests=[digests])
        self.oci_artifact("app")
        message = kube.condition(self.wait_reason("app", "UnsupportedArtifact"), "Ready")["message"]
        self.assertIn("an index", message)
        layer = {name: published["layer"][name] for name in ("mediaType", "digest", "size")}
        config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": sha256(b"{}"), "size": 2}
        self.put_manifest(
            "app", MANIFEST_TYPE, artifactType=ARTIFACT_TYPE, config=config, layers=[layer, layer]
        )
        self.wait_for(
            "app",
            lambda item: "found 2 layers" in kube.condition(item, "Ready")["message"],
            "the layers were counted",
        )
        self.wait_reason("app", "UnsupportedArtifact")
        # Nobody touches the object: the tag moves.
        self.publish("app")
        self.wait_ready("app", published)

    def size_of(self, published):
        path = f"/v2/{published['repository']}/manifests/{published['digest']}"
        return int(self.registry.exchange("HEAD", path)[1]["Content-Length"])

    def test_nothing_happens_while_suspended(self):
        first = self.publish("app", b"first")
        self.oci_artifact("app")
        self.wait_ready("app", first)
        self.oci_artifact("app", suspend=True)
        second = self.publish("app", b"second")
        self.request("app", "1")
        self.look_at_another()
        status = self.kube.get(kube.OCI_ARTIFACT, self.namespace, "app")["status"]
        self.assertEqual(status["artifact"]["digest"], first["digest"])
        self.assertNotIn("lastHandledReconcileAt", status)
        self.oci_artifact("app", suspend=False)
        resumed = self.wait_ready("app", second)
        self.assertEqual(resumed["status"]["lastHandledReconcileAt"], "1")
        self.oci_artifact("app", suspend=True)
        self.kube.delete(kube.OCI_ARTIFACT, self.namespace, "app")
        path = f"/v2/{second['repository']}/_lamina/holders/{second['digest']}"
        eventually(lambda: not self.registry.ask("GET", path)["holders"], "nobody holds it")

    def look_at_another(self):
        """What the controller was to see before has been seen after this."""
        self.publish("another")
        self.oci_artifact("another")
        self.wait_ready("another")

    def test_request_makes_a_look_that_trusts_nothing(self):
        published = self.publish("app", LARGE)
        self.oci_artifact("app")
        self.wait_ready("app")
        for value in ("2026-01-02T03:04:05Z", "again"):
            self.request("app", value)
            self.wait_for(
                "app",
                lambda item, value=value: item["status"].get("lastHandledReconcileAt") == value,
                "the request was acted on",
            )
        self.registry.corrupt(published["layer"]["digest"])
        self.request("app", "the last")
        self.wait_reason("app", "ContentCorrupted")

    def test_what_is_unchanged_is_not_written(self):
        names = [f"app-{i}" for i in range(10)]
        for name in names:
            self.publish(name)
            self.oci_artifact(name, exports=[{"kind": kube.EXTERNAL_ARTIFACT.kind}])
        for name in names:
            self.wait_ready(name)
        exports = self.versions(kube.EXTERNAL_ARTIFACT, names)
        objects = self.versions(kube.OCI_ARTIFACT, names)
        for name in names:
            self.publish(name)
        self.look_at_another()
        self.controller.stop()
        self.controller.start()
        self.oci_artifact("another", metadata={"a": "b"})
        self.wait_ready("another")
        self.assertEqual(self.versions(kube.EXTERNAL_ARTIFACT, names), exports)
        self.assertEqual(self.versions(kube.OCI_ARTIFACT, names), objects)

    def versions(self, kind, names):
        items = self.kube.list(kind, self.namespace)
        return {
            item["metadata"]["name"]: item["metadata"]["resourceVersion"]
            for item in items
            if item["metadata"]["name"] in names
        }
