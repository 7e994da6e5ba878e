# SPDX-License-Identifier: Apache-2.0
"""HTTP with connections that are kept, to servers that may be killed."""

import http.client
import threading

# What a client sees of a server that is down, or goes down.
UNREACHABLE = (OSError, http.client.HTTPException)


class Wire:
    """Requests to one server; each thread has a connection of its own."""

    def __init__(self, connect):
        self.connect = connect
        self._local = threading.local()

    def exchange(self, method, path, body=None, headers=None):
        """Status, headers and body of an answer. A connection that was kept may be gone, which says nothing of the
        server: then the request is repeated once."""
        kept = getattr(self._local, "connection", None)
        if kept is not None:
            try:
                return self._ask(kept, method, path, body, headers)
            except UNREACHABLE:
                self._local.connection = None
        connection = self.connect()
        answer = self._ask(connection, method, path, body, headers)
        self._local.connection = connection
        return answer

    @staticmethod
    def _ask(connection, method, path, body, headers):
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        except UNREACHABLE:
            connection.close()
            raise
