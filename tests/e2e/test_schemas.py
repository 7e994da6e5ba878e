# SPDX-License-Identifier: Apache-2.0
"""The resources as files: what their schemas refuse and accept, what people see of them, and what deploy/ installs."""

import json
import pathlib
import re
import textwrap
import unittest

import kube
import peers
from e2e_case import E2eCase

HERE = pathlib.Path(__file__).resolve().parent
DEPLOY = peers.ROOT / "deploy"
PAGES = peers.ROOT / "docs" / "spec" / "v1alpha1"

NAMESPACE = "schemas"
OURS = {
    "ociartifacts.lamina.dev": "ociartifact.md",
    "snapshots.delivery.ocm.software": "snapshot.md",
    "artifacts.openfluxcd.ocm.software": "artifact.md",
}
SNAPSHOT = kube.Kind("delivery.ocm.software/v1alpha1", "Snapshot")
STRICT = {"fieldValidation": "Strict", "dryRun": "All"}
TOO_LARGE = "an identity must not exceed 16 KiB as JSON"  # The one rule whose sample would fill pages.

# What the API server calls a violation of each keyword.
REASONS = {
    "enum": "FieldValueNotSupported",
    "maxItems": "FieldValueTooMany",
    "maxLength": "FieldValueTooLong",
    "maxProperties": "FieldValueTooMany",
    "maximum": "FieldValueInvalid",
    "minProperties": "FieldValueInvalid",
    "minimum": "FieldValueInvalid",
    "pattern": "FieldValueInvalid",
}


def documents(text):
    """JSON documents one after another, as kubectl prints them."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:]


def fields(schema, path=""):
    """All fields below a schema as (path, schema); `[]` stands for an item of a list, `*` for a key of a map."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from fields(child, f"{path}.{name}" if path else name)
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from fields(schema["additionalProperties"], f"{path}.*")


def value_at(path, value):
    """A resource that has a value at a path of fields()."""
    for step in reversed(re.findall(r"\[\]|[^.\[]+", path)):
        value = [value] if step == "[]" else {"key" if step == "*" else step: value}
    return value


class SchemaCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = E2eCase.cluster
        cls.kube = cls.cluster.admin
        cls.kube.apply(kube.NAMESPACE.object(None, NAMESPACE))
        cls.schemas = {}
        for name in OURS:
            crd = cls.kube.get(kube.CUSTOM_RESOURCE_DEFINITION, None, name)
            (version,) = crd["spec"]["versions"]
            cls.schemas[crd["spec"]["names"]["kind"]] = version["schema"]["openAPIV3Schema"]

    def kubectl(self, *argv, **options):
        return self.cluster.kubectl(f"--namespace={NAMESPACE}", *argv, **options)

    def samples(self, name):
        """The resources of a file in schemas/, with the text that a refusal must contain; "" where there is none."""
        for item in self.documents_of(HERE / "schemas" / name):
            item["metadata"]["namespace"] = NAMESPACE
            yield item, item["metadata"].get("annotations", {}).get("refused", "")

    def documents_of(self, file, **options):
        convert = ("create", "--dry-run=client", "--validate=false", "--output=json")
        return documents(self.cluster.kubectl(*convert, f"--filename={file}", **options))

    def create(self, item):
        return self.kube.request("POST", self.kube.path_of(item, named=False, **STRICT), item)

    def write_status(self, item):
        """Writes the status of a resource, which is made for it."""
        self.kube.create({name: value for name, value in item.items() if name != "status"})
        kind = kube.Kind(item["apiVersion"], item["kind"])
        self.addCleanup(self.kube.delete, kind, NAMESPACE, item["metadata"]["name"])
        return self.kube.request("PATCH", self.kube.path_of(item, "status", **STRICT), item, kube.MERGE)

    def assert_refused(self, answer, text):
        status, body = answer
        self.assertIn(status, (400, 422), body)
        self.assertIn(text, body["message"])

    def assert_accepted(self, answer):
        status, body = answer
        self.assertIn(status, (200, 201), body)


class Refused(SchemaCase):
    def test_invalid_resources(self):
        for item, text in self.samples("invalid.yaml"):
            with self.subTest(f"{item['kind']} {item['metadata']['name']}"):
                self.assertTrue(text, "no annotation says how this is refused")
                self.assert_refused(self.create(item), text)

    def test_invalid_statuses(self):
        for item, text in self.samples("status.yaml"):
            if text:
                with self.subTest(f"{item['kind']} {item['metadata']['name']}"):
                    self.assert_refused(self.write_status(item), text)

    def test_every_limit_of_a_spec_is_one(self):
        # Values just beyond each number; as samples, they would fill pages.
        for path, schema in fields(self.schemas["OCIArtifact"]):
            beyond = {
                "maxLength": lambda n: "a" * (n + 1),
                "maximum": lambda n: n + 1,
                "minimum": lambda n: n - 1,
                "maxItems": lambda n: [{"kind": "ExternalArtifact", "name": f"n{i}"} for i in range(n + 1)],
                "maxProperties": lambda n: {f"key{i}": "value" for i in range(n + 1)},
            }
            for keyword in beyond.keys() & schema.keys() if path.startswith("spec") else ():
                with self.subTest(path, keyword=keyword):
                    item = self.oci_artifact("limit", value_at(path, beyond[keyword](schema[keyword]))["spec"])
                    status, body = self.create(item)
                    self.assertEqual(status, 422, body)
                    self.assertIn((path, REASONS[keyword]), {(p, r) for p, r, _ in self.causes(body)})

    def test_an_identity_beyond_16_kib_as_json(self):
        # {"k":"..."} has 8 characters around the value.
        self.assert_accepted(self.create(self.oci_artifact("large", {"identity": {"k": "x" * 16376}})))
        self.assert_refused(
            self.create(self.oci_artifact("large", {"identity": {"k": "x" * 16377}})), TOO_LARGE
        )

    def test_every_rule_is_broken_by_a_sample(self):
        found = {kind: set() for kind in self.schemas}
        answers = [(item, self.create(item)) for item, _ in self.samples("invalid.yaml")]
        answers += [(item, self.write_status(item)) for item, text in self.samples("status.yaml") if text]
        for item, (_, body) in answers:
            found[item["kind"]].update(self.causes(body))
        for kind, schema in self.schemas.items():
            for path, field in fields(schema):
                for what, path_of_rule, reason, text in self.rules(path, field):
                    with self.subTest(kind, rule=what, path=path):
                        self.assertTrue(
                            any(p == path_of_rule and r == reason and text in m for p, r, m in found[kind]),
                            f"no sample has {path_of_rule} refused as {reason} {text}",
                        )

    @staticmethod
    def oci_artifact(name, spec):
        return kube.OCI_ARTIFACT.object(NAMESPACE, name, spec={"repository": "team-a/app"} | spec)

    def causes(self, body):
        """What the API server objects to, as (path of fields(), reason, message)."""
        for cause in body.get("details", {}).get("causes", ()):
            path = re.sub(r"\[\d+\]", "[]", cause.get("field", ""))
            yield re.sub(r"^(spec\.(?:identity|metadata))\..*", r"\1.*", path), cause["reason"], cause["message"]

    def rules(self, path, field):
        """What a field's schema asks for that samples are to break: (keyword, path, reason, text of the message)."""
        for rule in field.get("x-kubernetes-validations", ()):
            at = (path + rule.get("fieldPath", "")).removeprefix(".")
            if rule["message"] != TOO_LARGE:
                yield rule["rule"], at, "FieldValueInvalid", rule["message"]
        for keyword in ("enum", "minProperties", "pattern"):
            if keyword in field:
                yield keyword, path, REASONS[keyword], ""
        for name in field.get("required", ()):
            yield "required", f"{path}.{name}".removeprefix("."), "FieldValueRequired", ""


class Accepted(SchemaCase):
    def test_valid_resources(self):
        for item, _ in self.samples("valid.yaml"):
            with self.subTest(f"{item['kind']} {item['metadata']['name']}"):
                self.assert_accepted(self.create(item))

    def test_valid_statuses(self):
        for item, text in self.samples("status.yaml"):
            if not text:
                with self.subTest(f"{item['kind']} {item['metadata']['name']}"):
                    status, body = self.write_status(item)
                    self.assertEqual(status, 200, body)
                    # Nothing of it was dropped.
                    self.assertEqual(body["status"], body["status"] | item["status"])

    def test_defaults(self):
        answer = self.create(Refused.oci_artifact("defaults", {}))[1]
        defaults = {"scheme": "lamina", "interval": "1h", "retention": {"ttl": "10m", "keepLast": 2}}
        self.assertEqual(answer["spec"], {"repository": "team-a/app"} | defaults)
        # Until a controller has looked, kstatus takes the object for one in progress.
        self.assertEqual(answer["status"], {"observedGeneration": -1})
        # v1 has none, so ours must not add any.
        spec = {"identity": {}, "digest": "", "tag": ""}
        snapshot = self.create(SNAPSHOT.object(NAMESPACE, "defaults", spec=spec))[1]
        self.assertNotIn("status", snapshot)
        self.assertEqual(snapshot["spec"], spec)


class Shown(SchemaCase):
    def test_every_field_is_explained(self):
        for kind, schema in self.schemas.items():
            for path, field in fields(schema):
                if path.startswith(("spec", "status")) and not path.endswith("*"):
                    with self.subTest(kind, path=path):
                        self.assertRegex(field.get("description", ""), r"^[A-Z].*\.$")
        text = self.kubectl("explain", "ociartifact.spec.retention.keepLast")
        self.assertIn("How many previous contents stay", text)

    def test_every_field_is_on_its_page(self):
        for (kind, schema), page in zip(self.schemas.items(), OURS.values(), strict=True):
            with self.subTest(kind):
                listed = re.findall(r"^\| `((?:spec|status)\..+?)`", (PAGES / page).read_text(), re.MULTILINE)
                there = [path for path, _ in fields(schema) if re.match(r"(spec|status)\..*[^*\]]$", path)]
                self.assertEqual(sorted(listed), sorted(there))

    def test_examples_of_the_documentation(self):
        pages = [*PAGES.glob("*.md"), *(peers.ROOT / "docs" / "guides").glob("*.md"), *DEPLOY.glob("*.md")]
        for page in sorted(pages):
            blocks = re.findall(r"^ *```yaml\n( *apiVersion:.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL)
            for number, block in enumerate(blocks, 1):
                for item in self.documents_of("-", stdin=textwrap.dedent(block)):
                    with self.subTest(page.name, number=number):
                        item["metadata"]["namespace"] = NAMESPACE
                        self.assert_accepted(self.create(item))

    def test_columns_and_short_names(self):
        ready = next(item for item, _ in self.samples("status.yaml") if item["kind"] == "OCIArtifact")
        self.kube.create(ready)
        self.addCleanup(self.kube.delete, kube.OCI_ARTIFACT, NAMESPACE, "ready")
        self.kube.ask("PATCH", self.kube.path_of(ready, "status"), ready, kube.MERGE)
        title, row = self.kubectl("get", "ociart").splitlines()
        self.assertEqual(title.split(), ["NAME", "READY", "STATUS", "AGE"])
        self.assertRegex(row, r"^ready +True +verified sha256:d766d30af256 +\d+s$")
        title, row = self.kubectl("get", "lamina", "--output=wide").splitlines()
        self.assertEqual(title.split(), ["NAME", "READY", "STATUS", "REPOSITORY", "DIGEST", "AGE"])
        self.assertIn(ready["status"]["artifact"]["digest"], row)
        for repository, found in (("team-a/app", 1), ("team-a/other", 0)):
            names = self.kubectl("get", "ociart", "--output=name", f"--field-selector=spec.repository={repository}")
            self.assertEqual(len(names.splitlines()), found)
        self.assertEqual(self.kubectl("get", "snap"), "")


class Deploy(SchemaCase):
    """What `kubectl apply --kustomize deploy` installs."""

    ACCOUNT = "system:serviceaccount:lamina-system:lamina"
    GROUPS = ("system:serviceaccounts", "system:serviceaccounts:lamina-system", "system:authenticated")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kube.apply(kube.NAMESPACE.object(None, "lamina-system"))

    def test_the_api_server_accepts_all_of_it(self):
        apply = ("apply", "--server-side", "--validate=strict", "--dry-run=server", "--force-conflicts")
        answer = self.cluster.kubectl(*apply, f"--kustomize={DEPLOY}")
        for expected in ("statefulset.apps/lamina", "service/lamina", "serviceaccount/lamina", *OURS):
            self.assertIn(f"{expected} ", answer)
        for folder in ("examples", "rbac"):
            self.cluster.kubectl(*apply, f"--filename={DEPLOY / folder}")

    def test_the_pods_are_restricted(self):
        (workload,) = (item for item in self.documents_of(DEPLOY / "lamina.yaml") if item["kind"] == "StatefulSet")
        namespace = kube.NAMESPACE.object(None, "restricted")
        namespace["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.kube.apply(namespace)
        self.kube.apply(kube.SERVICE_ACCOUNT.object("restricted", "lamina"))
        spec = workload["spec"]["template"]["spec"] | {"volumes": [{"name": "data", "emptyDir": {}}]}
        pod = kube.Kind("v1", "Pod").object("restricted", "lamina", spec=spec)
        self.assert_accepted(self.create(pod))
        (container,) = spec["containers"]
        self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])  # `restricted` does not ask for it.
        container["securityContext"]["allowPrivilegeEscalation"] = True
        status, body = self.create(pod)
        self.assertEqual(status, 403, body)  # The check above can fail.

    def test_the_rights_of_the_controller(self):
        self.cluster.kubectl("apply", "--server-side", f"--filename={DEPLOY / 'rbac'}")
        for verb, resource, name, namespace, expected in (
            ("list", "ociartifacts.lamina.dev", "", None, True),
            ("watch", "ociartifacts.lamina.dev", "", None, True),
            ("patch", "ociartifacts.lamina.dev/status", "a", "team-a", True),
            ("patch", "ociartifacts.lamina.dev", "a", "team-a", False),
            ("create", "ociartifacts.lamina.dev", "", "team-a", False),
            ("delete", "ociartifacts.lamina.dev", "a", "team-a", False),
            ("patch", "snapshots.delivery.ocm.software", "a", "team-a", True),
            ("patch", "snapshots.delivery.ocm.software/status", "a", "team-a", True),
            ("create", "artifacts.openfluxcd.ocm.software", "", "team-a", True),
            ("patch", "externalartifacts.source.toolkit.fluxcd.io/status", "a", "team-a", True),
            ("create", "ocirepositories.source.toolkit.fluxcd.io", "", "team-a", True),
            ("patch", "ocirepositories.source.toolkit.fluxcd.io/status", "a", "team-a", False),
            ("patch", "gitrepositories.source.toolkit.fluxcd.io", "a", "team-a", False),
            ("list", "components.delivery.ocm.software", "", None, True),
            ("patch", "components.delivery.ocm.software/status", "a", "team-a", False),
            ("create", "events", "", "team-a", True),
            ("list", "events", "", "team-a", False),
            ("get", "namespaces", "kube-system", None, True),
            ("get", "namespaces", "team-a", None, False),
            ("list", "namespaces", "", None, False),
            ("update", "leases.coordination.k8s.io", "lamina-controller", "lamina-system", True),
            ("update", "leases.coordination.k8s.io", "other", "lamina-system", False),
            ("update", "leases.coordination.k8s.io", "lamina-controller", "kube-system", False),
            ("get", "secrets", "registry-credentials", "team-a", False),
            ("list", "secrets", "", None, False),
            ("get", "configmaps", "a", "team-a", False),
            ("create", "pods", "", "lamina-system", False),
            ("list", "customresourcedefinitions.apiextensions.k8s.io", "", None, False),
            ("get", "customresourcedefinitions.apiextensions.k8s.io", "snapshots.delivery.ocm.software", None, True),
        ):
            with self.subTest(verb, resource=resource, name=name):
                self.assertEqual(self.allowed(verb, resource, name, namespace), expected)

    def test_secrets_are_read_where_a_namespace_says_so(self):
        self.kube.apply(kube.NAMESPACE.object(None, "team-a"))
        secrets = f"--filename={DEPLOY / 'examples' / 'secrets.yaml'}"
        self.cluster.kubectl("apply", "--server-side", secrets)
        self.addCleanup(self.cluster.kubectl, "delete", secrets)
        self.assertTrue(self.allowed("get", "secrets", "registry-credentials", "team-a"))
        self.assertFalse(self.allowed("get", "secrets", "other", "team-a"))
        self.assertFalse(self.allowed("list", "secrets", "", "team-a"))
        self.assertFalse(self.allowed("get", "secrets", "registry-credentials", "team-b"))

    def test_users_get_ociartifacts_with_the_roles_that_they_have(self):
        self.cluster.kubectl("apply", "--server-side", f"--filename={DEPLOY / 'rbac'}")
        self.kube.wait(
            kube.Kind("rbac.authorization.k8s.io/v1", "ClusterRole"),
            None,
            "edit",
            lambda role: any("lamina.dev" in rule.get("apiGroups", ()) for rule in role["rules"]),
            "the aggregated role has the rules of lamina",
        )

    def allowed(self, verb, resource, name, namespace):
        resource, _, subresource = resource.partition("/")
        plural, _, group = resource.partition(".")
        attributes = {
            **{"verb": verb, "group": group, "resource": plural, "subresource": subresource},
            **{"name": name, "namespace": namespace or ""},
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": self.ACCOUNT, "groups": self.GROUPS, "resourceAttributes": attributes},
        }
        answer = self.kube.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return answer["status"]["allowed"]
