# SPDX-License-Identifier: Apache-2.0
"""Lamina's own client with passwords, tokens and certificates, at docker-registry and distribution."""

import base64
import itertools
import json
import os
import pathlib
import tempfile
import unittest

import certificates
import peers
from front import Front
from lamina_case import LaminaCase, configured
from token_server import TokenServer

INVALID, UNAUTHORIZED, UNAVAILABLE = 2, 5, 7
MIB = 1 << 20


class Secured(LaminaCase):
    """The registry runs with settings() of its class, which finds `secrets`, a folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lamina-interop-")
        self.addCleanup(folder.cleanup)
        self.secrets = pathlib.Path(folder.name)
        self.server_type = configured(self.server_type, self.settings())
        super().setUp()
        self.content = os.urandom(2 * MIB)
        self.file = self.write("file", self.content)

    def environment(self):
        environment = super().environment()
        path = f"{self.folder / 'bin'}:{environment['PATH']}"
        return {**environment, "DOCKER_CONFIG": str(self.folder / "docker"), "PATH": path}

    def docker_config(self, document):
        self.write("docker/config.json", json.dumps(document).encode())

    def log_in(self, password="secret"):
        auth = base64.b64encode(f"user:{password}".encode()).decode()
        self.docker_config({"auths": {self.host: {"auth": auth}}})

    def assert_round_trip(self, name, *options):
        """Pushes and pulls in two ways: with a length, and as a stream."""
        self.push(self.file, name, *options)
        self.assertEqual(self.lamina("pull", self.reference(name), "--to", "-", *options), self.content)
        self.lamina("push", "-", self.reference(f"{name}-stream"), *options, stdin=self.content)
        self.lamina("verify", self.reference(f"{name}-stream"), *options)


class Passwords(Secured):
    HTPASSWD = "user:$2b$04$Yx0LogoYq.lBRLsoXzwMG.ro/SGC68yC/CM0G2iNGcR3iTEPEOarG\n"

    def settings(self):
        (self.secrets / "htpasswd").write_text(self.HTPASSWD)
        return {
            "REGISTRY_AUTH": "htpasswd",
            "REGISTRY_AUTH_HTPASSWD_REALM": "test",
            "REGISTRY_AUTH_HTPASSWD_PATH": self.secrets / "htpasswd",
        }

    def helper(self, name, script):
        """A credential helper that writes down for whom it was asked."""
        asked = self.folder / "asked"
        path = self.write(f"bin/docker-credential-{name}", f"#!/bin/sh\ncat >>{asked}\n{script}\n".encode())
        path.chmod(0o755)

    def test_user_of_docker_config(self):
        self.log_in()
        self.assert_round_trip("v1")
        self.assertIn(self.repository, self.answer("ls", self.host)["repositories"])

    def test_user_of_the_command_line(self):
        (self.folder / "password").write_text("secret\n")
        user = ("--registry", self.host, "--username", "user", "--password-file", "password")
        self.assert_round_trip("v1", *user)

    def test_credential_helpers(self):
        self.helper("right", """echo '{"Username":"user","Secret":"secret"}'""")
        self.helper("wrong", "exit 1")
        for name, document in {
            "store": {"credsStore": "right", "auths": {self.host: {}}},
            "helper": {"credsStore": "wrong", "credHelpers": {self.host: "right"}},
        }.items():
            with self.subTest(name):
                self.docker_config(document)
                self.assert_round_trip(name)
                self.assertEqual(
                    set((self.folder / "asked").read_text().split(self.host)), {""}, "asked for others"
                )

    def test_helpers_that_fail(self):
        self.helper("broken", "echo 'the key ring is locked'; exit 1")
        self.helper("empty", "echo 'credentials not found in native keychain'; exit 1")
        for name, words in {
            "broken": "the key ring is locked",
            "absent": "cannot be run",
            "empty": "log in",
        }.items():
            with self.subTest(name):
                self.docker_config({"credsStore": name})
                said = self.complaint("push", self.file, self.reference("v1"), fails=UNAUTHORIZED)
                self.assertIn(words, said)
                if name != "empty":
                    self.assertIn(f"docker-credential-{name}", said)

    def test_wrong_password_and_nobody(self):
        self.log_in()
        self.push(self.file)
        for name, log_in in {
            "wrong password": lambda: self.log_in("wrong"),
            "nobody": lambda: self.docker_config({}),
            "of another registry": lambda: self.docker_config(
                {"auths": {"127.0.0.1:1": {"auth": "dXNlcjpzZWNyZXQ="}}}
            ),
        }.items():
            with self.subTest(name):
                log_in()
                for command in (
                    ("push", self.file, self.reference("v2")),
                    ("pull", self.reference("v1"), "--to", "out"),
                    ("resolve", self.reference("v1")),
                    ("ls", self.host),
                ):
                    said = self.complaint(*command, fails=UNAUTHORIZED)
                    self.assertIn("401", said)
                    self.assertIn("log in to the registry", said)
                self.assertFalse((self.folder / "out").exists())

    def test_damaged_docker_config(self):
        self.write("docker/config.json", b'{"auths"')
        said = self.complaint("resolve", self.reference("v1"), fails=INVALID)
        self.assertIn("config.json", said)


class Tokens(Secured):
    def settings(self):
        self.tokens = TokenServer(self.secrets, {"user": "secret"})
        self.addCleanup(self.tokens.stop)
        return self.tokens.settings()

    def scope(self, actions):
        return [f"repository:{self.repository}:{actions}"]

    def test_what_is_asked_for(self):
        self.log_in()
        digest = self.push(self.file)["digest"]
        self.assertEqual(
            {scope for asked in self.tokens.asked for scope in asked},
            {*self.scope("pull"), *self.scope("pull,push")},
        )
        self.assertIn(self.repository, self.answer("ls", self.host)["repositories"])
        self.assertEqual(self.tokens.asked[-1], ["registry:catalog:*"])
        self.lamina("copy", self.reference("v1"), self.reference("v1", "-copy"))
        self.assertIn(
            [*self.scope("pull"), f"repository:{self.repository}-copy:pull,push"],
            [sorted(asked, key=len) for asked in self.tokens.asked],
        )
        self.lamina("rm", self.reference(digest))
        self.assertEqual(self.tokens.asked[-1], self.scope("delete,pull,push"))

    def test_anyone_may_pull_but_not_push(self):
        self.log_in()
        self.push(self.file)
        self.docker_config({})
        self.assertEqual(self.lamina("pull", self.reference("v1"), "--to", "-"), self.content)
        self.assertIn("log in", self.complaint("push", self.file, self.reference("v2"), fails=UNAUTHORIZED))
        self.lamina("resolve", self.reference("v2"), fails=3)

    def test_wrong_password(self):
        self.log_in("wrong")
        said = self.complaint("push", self.file, self.reference("v1"), fails=UNAUTHORIZED)
        self.assertIn("/token was answered 401", said)

    def test_identity_token(self):
        self.docker_config({"auths": {self.host: {"identitytoken": self.tokens.refresh_token}}})
        self.assert_round_trip("v1")
        self.assertEqual({request.command for request in self.tokens.requests}, {"POST"})
        self.docker_config({"auths": {self.host: {"identitytoken": "another"}}})
        self.complaint("push", self.file, self.reference("v2"), fails=UNAUTHORIZED)

    def test_expired_token_is_replaced(self):
        self.log_in()
        self.tokens.expired = 1
        self.assert_round_trip("v1")
        self.tokens.expired = 1000
        self.complaint("push", self.file, self.reference("v2"), fails=UNAUTHORIZED)

    def test_tokens_that_end_between_requests(self):
        """Each token is good for two requests, so that requests in the midst of a push are refused."""
        plain = type(self).server_type()
        self.addCleanup(plain.stop)
        front = Front(plain.host)
        self.addCleanup(front.stop)
        left, serial = {}, itertools.count()

        def guard(exchange):
            if exchange.path.startswith("/token?"):
                token = str(next(serial))
                left[token] = 2
                exchange.answer(200, {}, json.dumps({"token": token, "expires_in": 3600}).encode())
                return True
            token = exchange.headers.get("Authorization", "").removeprefix("Bearer ")
            if left.get(token):
                left[token] -= 1
                return False
            challenge = f'Bearer realm="http://{front.host}/token",service="x"'
            exchange.answer(401, {"WWW-Authenticate": challenge})
            return True

        self.host = front.host
        front.interfere = guard
        self.assert_round_trip("v1")
        self.assertEqual(set(left.values()) - {0, 1}, set())
        self.assertGreater(len(left), 4)


class Tls(Secured):
    def settings(self):
        self.authority = certificates.Authority(self.secrets / "ca")
        self.certificate, key = self.authority.issue("registry")
        return {"REGISTRY_HTTP_TLS_CERTIFICATE": self.certificate, "REGISTRY_HTTP_TLS_KEY": key}

    def tls(self, authority=None):
        return ("--tls", "always", "--ca-file", (authority or self.authority).certificate)

    def refusal(self, *options, fails=UNAUTHORIZED):
        return self.complaint("resolve", self.reference("v1"), *options, fails=fails)


class ServerCertificates(Tls):
    def with_certificate(self, **how):
        """The registry shows another certificate of the same authority."""
        certificate, key = self.authority.issue("other", **how)
        server = configured(
            type(self).server_type,
            {"REGISTRY_HTTP_TLS_CERTIFICATE": certificate, "REGISTRY_HTTP_TLS_KEY": key},
        )()
        self.addCleanup(server.stop)
        self.host = server.host

    def test_own_authority(self):
        self.assert_round_trip("v1", *self.tls())
        insecure = ("--tls", "always", "--insecure")
        self.assertEqual(self.lamina("pull", self.reference("v1"), "--to", "-", *insecure), self.content)

    def test_unknown_authority(self):
        for options in (("--tls", "always"), self.tls(certificates.Authority(self.secrets / "other"))):
            said = self.refusal(*options)
            self.assertIn("certificate", said)
            self.assertIn("CA file", said)

    def test_missing_authority_file(self):
        said = self.refusal("--tls", "always", "--ca-file", "absent.pem", fails=INVALID)
        self.assertIn("absent.pem", said)

    def test_expired_certificate(self):
        self.with_certificate(days=-1)
        said = self.refusal(*self.tls())
        self.assertIn("expired", said)
        self.assertNotIn("CA file", said)

    def test_certificate_of_another_host(self):
        self.with_certificate(address="DNS:registry.example")
        said = self.refusal(*self.tls())
        self.assertIn("127.0.0.1", said)
        self.assertNotIn("CA file", said)

    def test_http_and_https_mixed_up(self):
        self.assertIn("HTTPS", self.complaint("tags", f"{self.host}/{self.repository}", fails=INVALID))
        plain = type(self).server_type()
        self.addCleanup(plain.stop)
        self.host = plain.host
        self.assertIn("plain HTTP", self.refusal(*self.tls(), fails=UNAVAILABLE))


class ClientCertificates(Tls):
    TLS_1_2 = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = default
[default]
MaxProtocol = TLSv1.2
"""

    def settings(self):
        settings = super().settings()
        self.clients = certificates.Authority(self.secrets / "clients")
        return {**settings, "REGISTRY_HTTP_TLS_CLIENTCAS": f"[{self.clients.certificate}]"}

    def environment(self):
        """TLS 1.2, where the registry judges a certificate in the handshake. With 1.3 it does so afterwards,
        and its alert is lost where the end of the connection overtakes it."""
        configuration = self.folder / "openssl.cnf"
        configuration.write_text(self.TLS_1_2)
        return {**super().environment(), "OPENSSL_CONF": str(configuration)}

    def shown(self, certificate, key):
        return (*self.tls(), "--cert-file", certificate, "--key-file", key)

    def test_right_certificate(self):
        self.assert_round_trip("v1", *self.shown(*self.clients.issue("client")))

    def test_no_certificate(self):
        self.assertIn("wants a client certificate", self.refusal(*self.tls()))

    def test_certificates_that_are_not_accepted(self):
        for name, (certificate, key) in {
            "of another authority": self.authority.issue("client"),
            "expired": self.clients.issue("expired", days=-1),
        }.items():
            with self.subTest(name):
                said = self.refusal(*self.shown(certificate, key))
                self.assertIn("wants a client certificate that it trusts", said)

    def test_key_of_another_certificate(self):
        (certificate, _), (_, key) = (self.clients.issue(name) for name in ("one", "two"))
        said = self.refusal(*self.shown(certificate, key), fails=INVALID)
        self.assertIn("key", said)


def load_tests(loader, tests, pattern):
    """Each against both registries."""
    cases = unittest.TestSuite()
    for server_type in (peers.DockerRegistry, peers.Distribution):
        for base in (Passwords, Tokens, ServerCertificates, ClientCertificates):
            case = type(f"{base.__name__}{server_type.__name__}", (base,), {"server_type": server_type})
            cases.addTests(loader.loadTestsFromTestCase(case))
    return cases
