# SPDX-License-Identifier: Apache-2.0
"""What a namespace may not name it neither reads, holds nor exports; and the controller can do no more than it may."""

import kube
from e2e_case import ControllerCase
from ocm import repository_of
from program import eventually
from scripted import REPOSITORY, ScriptedRegistry

EXPORTS = (kube.EXTERNAL_ARTIFACT, kube.OCI_REPOSITORY, kube.ARTIFACT, kube.SNAPSHOT)


class Tenancy(ControllerCase):
    CONTROLLER_OPTIONS = ("--allow-repository", "friend-*=theirs/shared/**", "--resync", "1s")

    def setUp(self):
        super().setUp()
        self.theirs = self.registry.publish("theirs/app", b"secret", tags=["v1"])

    def apply(self, name="app", exports=EXPORTS, **spec):
        # A Snapshot needs an identity.
        exports = [{"kind": kind.kind} for kind in exports if "identity" in spec or kind != kube.SNAPSHOT]
        everything = {"tag": "v1", "interval": "24h", "exports": exports, **spec}
        return self.kube.apply(kube.OCI_ARTIFACT.object(self.namespace, name, spec=everything))

    def wait_denied(self, name="app"):
        def holds(item):
            status = item.get("status", {})
            return (
                kube.condition(item, "Stalled").get("reason") == "AccessDenied"
                and status["observedGeneration"] == item["metadata"]["generation"]
                and not {"url", "artifact", "history"} & set(status)
            )

        what = "it is Stalled, AccessDenied, and its status tells nothing"
        item = self.kube.wait(kube.OCI_ARTIFACT, self.namespace, name, holds, what)
        self.assertEqual(kube.condition(item, "Ready")["reason"], "AccessDenied")
        self.assertEqual(kube.condition(item, "Reconciling"), {})
        for kind in EXPORTS:
            self.kube.wait_all(kind, self.namespace, lambda items: not items and [True], "nothing is exported")
        return item

    def holders(self, published):
        path = f"/v2/{published['repository']}/_lamina/holders/{published['digest']}"
        found = self.registry.ask("GET", path)["holders"]
        return {holder["name"] for holder in found if holder["namespace"] == self.namespace}

    def test_repository_of_another_namespace(self):
        for spec in ({}, {"digest": self.theirs["digest"]}, {"identity": {"a": "b"}}):
            self.apply(repository="theirs/app", **spec)
            self.wait_denied()
        self.assertEqual(self.holders(self.theirs), set())

    def test_flat_repository_by_identity_and_scheme(self):
        identity = {"component-name": "example.org/theirs", "component-version": "1"}
        theirs = self.registry.publish(repository_of(identity), b"theirs", tags=["v1"])
        self.apply(identity=identity, scheme="ocm-v1")
        self.wait_denied()
        self.assertEqual(self.holders(theirs), set())

    def test_names_that_only_begin_alike(self):
        for repository in (f"{self.namespace}-b/app", self.namespace, f"x/{self.namespace}/app"):
            self.registry.publish(repository, b"content", tags=["v1"])
            self.apply(repository=repository)
            self.wait_denied()

    def test_status_by_someone_else(self):
        mine = self.registry.publish(f"{self.namespace}/app", b"mine", tags=["v1"])
        self.apply(repository=f"{self.namespace}/app", exports=(kube.EXTERNAL_ARTIFACT,))
        ready = self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "app", kube.is_ready, "it is Ready")
        forged = {
            **ready["status"]["artifact"],
            "repository": "theirs/app",
            "digest": self.theirs["digest"],
            "layer": self.theirs["layer"],
        }
        path = self.kube.path(kube.OCI_ARTIFACT, self.namespace, "app", "status")
        self.kube.ask("PATCH", path, {"status": {"artifact": forged}}, kube.MERGE)
        # The tag that it follows moves: what is true comes back.
        again = self.registry.publish(f"{self.namespace}/app", b"again", tags=["v1"])
        self.kube.wait(
            kube.OCI_ARTIFACT,
            self.namespace,
            "app",
            lambda item: item["status"]["artifact"]["digest"] == again["digest"],
            "it is true again",
        )
        eventually(lambda: self.holders(again) == {"app"}, "what it names is held")
        self.assertEqual(self.holders(self.theirs), set())
        self.assertNotEqual(mine["digest"], again["digest"])
        export = self.kube.get(kube.EXTERNAL_ARTIFACT, self.namespace, "app")
        self.assertNotIn("theirs", export["status"]["artifact"]["url"])

    def test_a_namespace_that_changes_what_it_names_loses_what_it_had(self):
        mine = self.registry.publish(f"{self.namespace}/app", b"mine", tags=["v1"])
        self.apply(repository=f"{self.namespace}/app", exports=(kube.EXTERNAL_ARTIFACT,))
        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "app", kube.is_ready, "it is Ready")
        self.apply(repository="theirs/app", exports=(kube.EXTERNAL_ARTIFACT,))
        self.wait_denied()
        eventually(lambda: not self.holders(mine), "what it had is released")

    def test_friend_may_name_what_a_rule_allows(self):
        shared = self.registry.publish("theirs/shared/app", b"shared", tags=["v1"])
        self.assertTrue(self.namespace.startswith("friend-"))
        self.apply(repository="theirs/shared/app", exports=(kube.EXTERNAL_ARTIFACT,))
        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "app", kube.is_ready, "it is Ready")
        self.assertEqual(self.holders(shared), {"app"})
        self.apply("other", repository="theirs/app")
        self.wait_for_denial_of("other")

    def wait_for_denial_of(self, name):
        def holds(item):
            return kube.condition(item, "Stalled").get("reason") == "AccessDenied"

        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, name, holds, "it is Stalled, AccessDenied")

    def test_all_that_was_asked_of_the_api_server_was_allowed(self):
        self.registry.publish(f"{self.namespace}/app", b"content", tags=["v1"])
        kinds = (kube.EXTERNAL_ARTIFACT, kube.OCI_REPOSITORY, kube.ARTIFACT)
        self.apply(repository=f"{self.namespace}/app", exports=kinds)
        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "app", kube.is_ready, "it is Ready")
        for word in ("forbidden", "403"):
            self.assertNotIn(word, self.controller.log.read_text())


class Secrets(ControllerCase):
    def test_secrets_are_read_only_where_a_role_allows(self):
        registry = ScriptedRegistry(user="user:secret")
        self.addCleanup(registry.stop)
        auth = f'{{"auths": {{"{registry.host}": {{"username": "user", "password": "secret"}}}}}}'
        data = {".dockerconfigjson": auth}
        self.kube.apply(
            kube.SECRET.object(
                self.namespace, "login", type="kubernetes.io/dockerconfigjson", stringData=data
            )
        )
        access = {"host": registry.host, "plainHTTP": True, "secretRef": {"name": "login"}}
        self.oci_artifact("app", repository=REPOSITORY, registry=access)
        refused = self.kube.wait(
            kube.OCI_ARTIFACT,
            self.namespace,
            "app",
            lambda item: kube.condition(item, "Ready").get("reason") == "SecretNotFound",
            "the Secret cannot be read",
        )
        self.assertIn("forbidden", kube.condition(refused, "Ready")["message"])
        self.assertEqual(registry.times, [])
        self.grant_secrets("login")
        self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "app", kube.is_ready, "it is Ready")
