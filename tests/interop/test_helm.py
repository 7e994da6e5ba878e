# SPDX-License-Identifier: Apache-2.0
"""Helm: a real chart packaged, pushed, shown, templated and pulled."""

import json
import tarfile

import peers
from peer_case import PeerCase, sha256, tree

CHART = "ingress-nginx"
VERSION = "4.11.0"
CHART_TYPE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


class Helm(PeerCase):
    PEERS = ("helm", CHART)

    def helm(self, *argv, **options):
        return self.run_client("helm", *argv, **options)

    def push(self):
        """Packages and pushes the chart, as `helm push` names it; returns the bytes of the package."""
        self.helm("package", peers.test_input(CHART))
        package = self.folder / f"{CHART}-{VERSION}.tgz"
        self.helm("push", "--plain-http", package.name, f"oci://{self.host}/{self.repository}")
        self.repository += f"/{CHART}"
        return package.read_bytes()

    @property
    def chart(self):
        return f"oci://{self.host}/{self.repository}"

    def test_pulled_package_equals_the_pushed_one(self):
        package = self.push()
        manifest = json.loads(self.stored_manifest(VERSION))
        self.assertEqual(manifest["config"]["mediaType"], "application/vnd.cncf.helm.config.v1+json")
        self.assertEqual([layer["mediaType"] for layer in manifest["layers"]][:1], [CHART_TYPE])
        self.assertEqual(self.stored_layers(VERSION)[0], package)

        (self.folder / "out").mkdir()
        self.helm("pull", "--plain-http", "--version", VERSION, "-d", "out", self.chart)
        self.assertEqual(tree(self.folder / "out"), {f"{CHART}-{VERSION}.tgz": package})
        with tarfile.open(self.folder / "out" / f"{CHART}-{VERSION}.tgz") as archive:
            self.assertIn(f"{CHART}/Chart.yaml", archive.getnames())

    def test_pull_by_digest(self):
        package = self.push()
        digest = sha256(self.stored_manifest(VERSION))
        (self.folder / "out").mkdir()
        self.helm("pull", "--plain-http", "-d", "out", f"{self.chart}@{digest}")
        self.assertEqual(list(tree(self.folder / "out").values()), [package])

    def test_show_and_template_the_newest_version(self):
        self.push()
        shown = self.helm("show", "chart", "--plain-http", self.chart).decode()
        self.assertIn(f"version: {VERSION}", shown)
        rendered = self.helm("template", "--plain-http", "name", self.chart).decode()
        self.assertIn("kind: Deployment", rendered)

    def test_version_that_was_not_pushed(self):
        self.push()
        self.helm("pull", "--plain-http", "--version", "9.9.9", self.chart, fails=True)
