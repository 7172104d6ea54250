"""A registry that keeps what it gets: the part of Quay's App Registry that a push uses, and a way to ask for the last one."""

import argparse
import http.server
import json
import threading


class Registry(http.server.ThreadingHTTPServer):
    """Listens on 127.0.0.1; `GET /_last` answers the last push, `POST /_reset` forgets everything."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.releases: dict[tuple[str, str], dict] = {}
        self.last: dict = {}

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Serves in the background."""
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Registry

    def do_GET(self) -> None:
        """Releases of a package, the version, the last push."""
        if self.path == "/_last":
            return self.answer(200, self.server.last)
        if self.path == "/cnr/version":
            return self.answer(200, {"cnr-api": "0.2.7"})
        repository, release = self.repository()
        releases = self.server.releases.get(repository, {})
        shown = [{"release": name, "blob": blob} for name, blob in releases.items() if release in (None, name)]
        if shown:
            return self.answer(200, shown)
        return self.refuse(404, "package-not-found", "package not found")

    def do_POST(self) -> None:
        """A push."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/_reset":
            self.server.releases, self.server.last = {}, {}
            return self.answer(200, {})
        repository, _ = self.repository()
        if repository is None or not {"release", "media_type", "blob"} <= set(body):
            return self.refuse(400, "invalid-usage", "Missing something")
        releases = self.server.releases.setdefault(repository, {})
        if body["release"] in releases:
            return self.refuse(409, "package-exists", "package exists already")
        releases[body["release"]] = body["blob"]
        self.server.last = {"ns": repository[0], "repo": repository[1], **body}
        return self.answer(200, {"status": "ok"})

    def repository(self) -> tuple[tuple[str, str] | None, str | None]:
        """The namespace and the package in the path, and the release behind them, if there is one."""
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:4] != ["cnr", "api", "v1", "packages"] or len(parts) not in (6, 7):
            return None, None
        return (parts[4], parts[5]), parts[6] if len(parts) == 7 else None

    def refuse(self, status: int, code: str, message: str) -> None:
        """An error as CNR words it."""
        self.answer(status, {"error": {"code": code, "message": message, "details": {}}})

    def answer(self, status: int, body: object) -> None:
        """A JSON answer."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8799)
    Registry(parser.parse_args().port).serve_forever()
