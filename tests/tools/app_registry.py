"""The part of Quay's App Registry that a push uses, for scripts: it takes every push, and shows what it took by its digest.

It is quick and not strict: tests of the protocol use the stand-in of `tests/src/quay`.
"""

import base64
import gzip
import hashlib
import http.server
import json

PACKAGES = "/cnr/api/v1/packages/"
LOGIN = "/cnr/api/v1/users/login"


class AppRegistry(http.server.BaseHTTPRequestHandler):
    """One connection. Subclasses share `releases`: the digest of each, by `namespace/package/release`."""

    protocol_version = "HTTP/1.1"
    releases: dict[str, str] = {}

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == LOGIN:
            return self.answer(200, {"token": "basic " + body["user"]["username"]})
        self.take(body["release"], body["blob"])
        self.answer(200, {"status": "ok"})

    def take(self, release, blob):
        """Keeps a release. Quay knows content by the SHA-256 of the tar."""
        tar = gzip.decompress(base64.b64decode(blob))
        self.releases[f"{self.path.removeprefix(PACKAGES)}/{release}"] = hashlib.sha256(tar).hexdigest()

    def do_GET(self):
        """A release, or a listing without packages."""
        path = self.path.partition("?")[0]
        name = path.removeprefix(PACKAGES)
        if path.rstrip("/") == PACKAGES.rstrip("/"):
            return self.answer(200, [])
        if name in self.releases:
            return self.answer(200, [{"release": name.rpartition("/")[2], "content": {"digest": self.releases[name]}}])
        return self.answer(404, {"error": {"code": "package-not-found", "message": "package not found", "details": {}}})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass
