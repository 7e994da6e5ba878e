# SPDX-License-Identifier: Apache-2.0
"""A token server as distribution's `auth: token` wants it: JWTs signed by the openssl program."""

import base64
import itertools
import json
import time
import urllib.parse

from certificates import openssl
from front import Front

HOUR = 3600
SERVICE, ISSUER = "registry.example", "tokens.example"


def encode(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=")


class TokenServer(Front):
    """Grants what is asked for to `users` (name -> password), and pull to anyone.

    `asked` has the scopes of each token, `expired` says of how many tokens from now on have ended already.
    """

    def __init__(self, folder, users):
        super().__init__(interfere=self.issue)
        self.users, self.asked, self.expired = users, [], 0
        self.refresh_token = "refresh"
        self._serial = itertools.count()
        self._key, self.certificate = folder / "token.key", folder / "token.pem"
        openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self._key),
            *("-out", self.certificate, "-days", 1, "-subj", "/CN=tokens"),
        )
        self._x5c = "".join(self.certificate.read_text().split("\n")[1:-2])

    def settings(self):
        return {
            "REGISTRY_AUTH": "token",
            "REGISTRY_AUTH_TOKEN_REALM": f"http://{self.host}/token",
            "REGISTRY_AUTH_TOKEN_SERVICE": SERVICE,
            "REGISTRY_AUTH_TOKEN_ISSUER": ISSUER,
            "REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE": self.certificate,
        }

    def issue(self, exchange):
        if exchange.command == "POST":  # OAuth2
            query = urllib.parse.parse_qs(exchange.read_body().decode())
            known = query["refresh_token"] == [self.refresh_token]
            refused = not known
        else:
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(exchange.path).query)
            given = exchange.headers.get("Authorization")
            known = given in {
                f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"
                for name, password in self.users.items()
            }
            refused = given is not None and not known
        if refused or query["service"] != [SERVICE]:
            exchange.answer(401, {}, b'{"details": "who are you?"}')
            return True
        scopes = " ".join(query.get("scope", [])).split()
        self.asked.append(scopes)
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            granted = [action for action in actions.split(",") if known or action == "pull"]
            access.append({"type": kind, "name": name, "actions": granted})
        token = self._sign(access)
        body = {"access_token" if exchange.command == "POST" else "token": token, "expires_in": HOUR}
        exchange.answer(200, {"Content-Type": "application/json"}, json.dumps(body).encode())
        return True

    def _sign(self, access):
        now = int(time.time())
        ends = now + HOUR
        if self.expired > 0:
            self.expired -= 1
            ends = now - HOUR
        claims = {
            **{"iss": ISSUER, "sub": "test", "aud": SERVICE, "access": access},
            **{"iat": now, "nbf": now - 2 * HOUR, "exp": ends, "jti": str(next(self._serial))},
        }
        header = {"typ": "JWT", "alg": "RS256", "x5c": [self._x5c]}
        signed = b".".join(encode(json.dumps(part).encode()) for part in (header, claims))
        return (signed + b"." + encode(openssl("dgst", "-sha256", "-sign", self._key, stdin=signed))).decode()
