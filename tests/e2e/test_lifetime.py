# SPDX-License-Identifier: Apache-2.0
"""How long the registry keeps what objects hold: until they are gone, and no longer."""

import datetime
import json
import shutil

import kube
import lamina
from e2e_case import ControllerCase
from program import eventually

GRACE_SECONDS = 2
MANY = 30  # More than 20, and most of all holders.


class LifetimeCase(ControllerCase):
    REGISTRY_OPTIONS = ("--released-grace", f"{GRACE_SECONDS}s")
    CONTROLLER_OPTIONS = ("--resync", "1s")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.uid = cls.kube.get(kube.NAMESPACE, None, "kube-system")["metadata"]["uid"]

    @classmethod
    def publish_owned(cls, namespace, name, content=None, ttl=3600, tag="v1", repository=None):
        """As `lamina publish` does: the object of that name is to hold it."""
        scope = {"cluster": cls.uid, "group": "lamina.dev", "kind": "OCIArtifact"}
        return cls.registry.publish(
            repository or f"{namespace}/{name}",
            content or f"{namespace}/{name}".encode(),
            tags=[tag],
            ttl=ttl,
            owner={**scope, "namespace": namespace, "name": name},
        )

    def publish(self, name, content=None, **options):
        return self.publish_owned(self.namespace, name, content, **options)

    def wait_ready(self, name, published=None):
        def holds(item):
            digest = (item or {}).get("status", {}).get("artifact", {}).get("digest")
            return kube.is_ready(item) and (published is None or digest == published["digest"])

        return self.kube.wait(kube.OCI_ARTIFACT, self.namespace, name, holds, "it is Ready")

    def wait_reason(self, name, reason):
        def holds(item):
            return kube.condition(item, "Ready").get("reason") == reason

        return self.kube.wait(kube.OCI_ARTIFACT, self.namespace, name, holds, f"Ready is {reason}")

    def delete(self, name):
        self.assertTrue(self.kube.delete(kube.OCI_ARTIFACT, self.namespace, name))

    def client(self, *argv):
        return lamina.client(*argv, "--registry", self.registry.host)

    def holders(self, published):
        """Who holds it, as `lamina holders of` says; the names of this cluster's objects."""
        found = self.client("holders", "of", f"{published['repository']}@{published['digest']}")
        return sorted(holder["name"] for holder in found if holder["cluster"] == self.uid)

    def names_that_hold(self):
        return {holder["name"] for holder in self.client("holders", "ls", "--cluster", self.uid)}

    def is_orphan(self, published):
        orphans = self.registry.pages("/v2/_lamina/orphans", "orphans")
        return published["digest"] in {orphan["digest"] for orphan in orphans}

    def is_stored(self, published):
        path = f"/v2/{published['repository']}/manifests/{published['digest']}"
        status = self.registry.exchange("HEAD", path)[0]
        self.assertIn(status, (200, 404))
        return status == 200

    def wait_released(self, *published):
        for one in published:
            eventually(lambda one=one: not self.is_stored(one) or not self.holders(one), "nobody holds it")

    def wait_gone(self, *published):
        for one in published:
            eventually(lambda one=one: not self.is_stored(one), f"{one['repository']} is gone")


class Lifetime(LifetimeCase):
    """The controller says of its lists that they are up to 30 s old, and the registry believes no list about what
    is younger: what needs that was made before the first test, and comes last."""

    LONG = "made-long-ago"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kube.create(kube.NAMESPACE.object(None, cls.LONG))
        cls.addClassCleanup(cls.kube.delete, kube.NAMESPACE, None, cls.LONG)
        cls.never = cls.publish_owned(cls.LONG, "never", ttl=1)
        names = ["lost", *(f"many-{i}" for i in range(MANY))]
        cls.old = {name: cls.publish_owned(cls.LONG, name) for name in names}
        for name in names:
            spec = {"repository": f"{cls.LONG}/{name}", "tag": "v1", "interval": "24h"}
            cls.kube.apply(kube.OCI_ARTIFACT.object(cls.LONG, name, spec=spec))
        cls.kube.wait_all(
            kube.OCI_ARTIFACT,
            cls.LONG,
            lambda items: len(items) == len(names) and all(map(kube.is_ready, items)),
            "all are Ready",
        )

    def test_held_while_its_object_lives(self):
        published = self.publish("app", ttl=1)
        self.assertIn(published["digest"], {orphan["digest"] for orphan in self.client("orphans")})
        self.oci_artifact("app")
        self.wait_ready("app")
        self.assertNotIn(published["digest"], {orphan["digest"] for orphan in self.client("orphans")})
        self.assertEqual(self.holders(published), ["app"])
        # What nobody owns goes by its time alone: when it has gone, the time of the other is over as well.
        other = self.registry.publish(f"{self.namespace}/other", b"other", tags=["v1"], ttl=2)
        self.wait_gone(other)
        self.assertTrue(self.is_stored(published))
        self.delete("app")
        eventually(lambda: self.is_orphan(published), "nobody holds it")
        self.wait_gone(published)

    def test_held_by_an_object_that_came_back(self):
        stays, goes = self.publish("stays"), self.publish("goes")
        for name in ("stays", "goes"):
            self.oci_artifact(name)
            self.wait_ready(name)
        self.delete("stays")
        self.wait_released(stays)
        self.oci_artifact("stays")
        self.wait_ready("stays")
        self.assertEqual(self.holders(stays), ["stays"])
        self.delete("goes")
        self.wait_gone(goes)
        self.assertTrue(self.is_stored(stays))

    def test_content_without_a_time_stays(self):
        published = self.registry.publish(f"{self.namespace}/app", b"content", tags=["v1"])
        self.oci_artifact("app")
        self.wait_ready("app")
        owned = self.publish("owned")
        self.oci_artifact("owned")
        self.wait_ready("owned")
        self.delete("app")
        self.wait_released(published)
        self.delete("owned")
        self.wait_gone(owned)
        self.assertTrue(self.is_stored(published))
        self.assertFalse(self.is_orphan(published))

    def test_shared_content_goes_with_the_last_in_either_order(self):
        shared = []
        for first, second in (("a", "b"), ("d", "c")):
            published = self.publish(first, repository=f"{self.namespace}/shared-{first}")
            for name in (first, second):
                self.oci_artifact(name, repository=published["repository"])
                self.wait_ready(name)
            self.assertEqual(self.holders(published), sorted((first, second)))
            self.delete(first)
            eventually(lambda p=published, s=second: self.holders(p) == [s], "only one holds it")
            shared.append(published)
        # Where something is gone that was released later, so would be what nobody holds.
        other = self.publish("other")
        self.oci_artifact("other")
        self.wait_ready("other")
        self.delete("other")
        self.wait_gone(other)
        for published, name in zip(shared, ("b", "c"), strict=True):
            self.assertTrue(self.is_stored(published))
            self.assertFalse(self.is_orphan(published))
            self.delete(name)
        self.wait_gone(*shared)

    def test_replaced_content_is_served_for_its_retention(self):
        first = self.publish("app", b"first")
        self.oci_artifact("app", retention={"ttl": "3s", "keepLast": 0})
        url = self.wait_ready("app", first)["status"]["url"].removeprefix(self.registry.url)
        second = self.publish("app", b"second")
        status = self.wait_ready("app", second)["status"]
        (former,) = status["history"]
        self.assertEqual(former["digest"], first["digest"])
        self.assertEqual(self.holders(first), ["app"])
        self.assertEqual(self.registry.exchange("GET", url)[::2], (200, b"first"))
        self.kube.wait(
            kube.OCI_ARTIFACT,
            self.namespace,
            "app",
            lambda item: "history" not in item["status"],
            "what was before is given up",
        )
        replaced = datetime.datetime.fromisoformat(former["replacedTime"])
        self.assertGreaterEqual(datetime.datetime.now(datetime.UTC) - replaced, datetime.timedelta(seconds=3))
        self.wait_released(first)
        self.wait_gone(first)
        self.assertEqual(self.registry.exchange("GET", url)[0], 404)
        self.assertEqual(self.holders(second), ["app"])

    def test_a_number_of_former_contents_is_kept(self):
        self.oci_artifact("app", retention={"ttl": "0s", "keepLast": 1})
        published = []
        for content in (b"1", b"2", b"3"):
            published.append(self.publish("app", content))
            self.wait_ready("app", published[-1])
        self.wait_gone(published[0])
        for one in published[1:]:
            self.assertEqual(self.holders(one), ["app"])

    def test_deletion_by_a_client_waits_for_the_object(self):
        published = self.publish("app")
        self.oci_artifact("app", digest=published["digest"])
        self.wait_ready("app")
        path = f"/v2/{published['repository']}/manifests/{published['digest']}"
        status, headers, _ = self.registry.exchange("DELETE", path)
        self.assertEqual(status, 202)
        self.assertTrue(headers["Warning"].startswith("299 "), headers["Warning"])
        self.assertEqual(self.registry.exchange("HEAD", f"/v2/{published['repository']}/manifests/v1")[0], 404)
        request = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "1"}}}
        self.kube.patch(kube.OCI_ARTIFACT, self.namespace, "app", request)
        self.kube.wait(
            kube.OCI_ARTIFACT,
            self.namespace,
            "app",
            lambda item: kube.is_ready(item) and item["status"].get("lastHandledReconcileAt") == "1",
            "it was looked at, and is Ready",
        )
        self.assertEqual(self.holders(published), ["app"])
        self.delete("app")
        self.wait_gone(published)

    def test_holds_of_a_cluster_that_was_set_up_anew(self):
        former, present = self.publish("app", b"former", tag="v0"), self.publish("app", b"present")
        holder = {
            "namespace": self.namespace,
            "name": "app",
            "holds": [{"repository": former["repository"], "digest": former["digest"]}],
        }
        update = f"""{{"cluster": "former", "group": "lamina.dev", "kind": "OCIArtifact", "generation": 1,
                       "complete": true, "holders": [{json.dumps(holder)}]}}"""
        self.registry.ask("POST", "/v2/_lamina/holds", update.encode())
        self.oci_artifact("app")
        self.wait_ready("app")
        self.assertEqual([h["name"] for h in self.client("holders", "ls", "--cluster", "former")], ["app"])
        self.assertEqual(self.holders(former), [])
        self.assertFalse(self.is_orphan(former))
        self.assertEqual(self.client("holders", "adopt", "former", self.uid), {"adopted": 1})
        self.assertEqual(self.client("holders", "ls", "--cluster", "former"), [])
        self.wait_gone(former)  # The object does not name it, and the next list of all says so.
        self.assertEqual(self.holders(present), ["app"])

    def test_what_never_got_its_object_goes_after_a_list_of_all(self):
        # Its time to live was over before the first test. One without an owner needs no list.
        eventually(lambda: not self.is_stored(self.never), "it is gone", 2 * 60)
        self.assertFalse(self.is_orphan(self.never))

    def test_with_many_gone_at_once_nothing_is_released(self):
        many = [published for name, published in self.old.items() if name.startswith("many-")]
        self.publish("rest")
        self.oci_artifact("rest")
        self.wait_ready("rest")
        self.controller.stop()
        for i in range(MANY):
            self.kube.delete(kube.OCI_ARTIFACT, self.LONG, f"many-{i}")
        self.controller.start()

        def rest_says(text):
            def holds(item):
                return text == kube.condition(item, "HoldsInDoubt").get("reason")

            return self.kube.wait(kube.OCI_ARTIFACT, self.namespace, "rest", holds, f"HoldsInDoubt is {text}")

        doubting = rest_says("HoldersMissing")
        self.assertTrue(kube.is_ready(doubting))
        self.assertIn(f"holds content for {MANY} OCIArtifact objects", self.controller.output())
        for published in many:
            self.assertTrue(self.is_stored(published))
            self.assertFalse(self.is_orphan(published))
        self.client("holders", "release", self.uid)
        rest_says(None)
        self.wait_gone(*many)
        eventually(lambda: "rest" in self.names_that_hold(), "what lives holds again")

    def test_while_the_controller_is_down_nothing_is_lost_but_what_was_deleted(self):
        self.publish("kept")
        self.oci_artifact("kept")
        kept = self.wait_ready("kept")
        self.controller.stop()
        self.kube.delete(kube.OCI_ARTIFACT, self.LONG, "lost")
        self.assertEqual(self.holders(self.old["lost"]), ["lost"])
        self.controller.start()
        self.wait_gone(self.old["lost"])
        self.assertIn("kept", self.names_that_hold())
        self.assertEqual(
            self.kube.get(kube.OCI_ARTIFACT, self.namespace, "kept")["metadata"]["resourceVersion"],
            kept["metadata"]["resourceVersion"],
        )


class Restored(LifetimeCase):
    def test_a_registry_that_lost_all_is_filled_again(self):
        contents = {"small": b"small", "large": bytes(range(256)) * 1000, "pinned": b"pinned"}
        published = {name: self.publish(name, content) for name, content in contents.items()}
        for name, one in published.items():
            pin = {"digest": one["digest"]} if name == "pinned" else {}
            self.oci_artifact(name, exports=[{"kind": kube.EXTERNAL_ARTIFACT.kind}], **pin)
        before = {name: self.wait_ready(name, one) for name, one in published.items()}
        self.registry.kill()
        shutil.rmtree(self.registry.folder / "data")
        self.registry.start()
        for name in published:
            item = self.wait_reason(name, "ArtifactNotFound")
            # Consumers keep what they have.
            self.assertEqual(item["status"]["artifact"], before[name]["status"]["artifact"])
            self.assertIsNotNone(self.kube.get(kube.EXTERNAL_ARTIFACT, self.namespace, name))
        for name, content in contents.items():
            self.publish(name, content)
            after = self.wait_ready(name, published[name])
            self.assertEqual(after["status"]["url"], before[name]["status"]["url"])
            self.assertEqual(self.holders(published[name]), [name])
