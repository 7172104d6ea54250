"""The service that is asked: one that runs already, or one that is started for the run."""

import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

from blob import Pushed, read_blob
from case import Case
from registry import Registry

ORGANIZATION = "oracle"
BOUNDARY = "oracle-boundary"
HEADERS = {"Authorization": "basic b3JhY2xlOm9yYWNsZQ==", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@dataclasses.dataclass
class Reply:
    """What came back of a push."""

    status: int
    body: dict
    pushed: Pushed | None
    #: Organization, repository and version under which something was pushed.
    place: list[str] | None = None


class Service:
    """A running service and the registry that it pushes to."""

    def __init__(self, url: str, registry: str) -> None:
        self.host = urllib.parse.urlsplit(url).netloc
        self.registry = registry.rstrip("/")
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def push(self, case: Case) -> Reply:
        """Posts a case's zip, as version 1.0.0."""
        self._registry("/_reset", b"{}")
        path = f"/v1/{ORGANIZATION}/{case.repository}/zipfile/1.0.0"
        if case.repository is None:
            path = f"/v2/{ORGANIZATION}/zipfile/1.0.0"
        status, body = self._post(path, multipart(case.archive()))
        last = self._registry("/_last")
        if not last:
            return Reply(status, body, None)
        return Reply(status, body, read_blob(last["blob"]), [last["ns"], last["repo"], last["release"]])

    def validate(self, case: Case) -> Reply:
        """Posts a case's zip for the verdict alone."""
        status, body = self._post(f"/v2/{ORGANIZATION}/validate", multipart(case.archive()))
        return Reply(status, body, None)

    def _post(self, path: str, content: bytes) -> tuple[int, dict]:
        try:
            self.connection.request("POST", path, content, HEADERS)
            response = self.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            return 0, {"error": f"{type(error).__name__}: {error}"}
        try:
            body = json.loads(text)
        except ValueError:
            body = text.decode(errors="replace")
        return response.status, body if isinstance(body, dict) else {"error": body}

    def _registry(self, path: str, body: bytes | None = None) -> dict:
        with urllib.request.urlopen(self.registry + path, data=body, timeout=30) as response:
            return json.load(response)


def multipart(content: bytes) -> bytes:
    """A form with one file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="oracle.zip"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


@contextlib.contextmanager
def started(binary: pathlib.Path) -> Iterator[Service]:
    """The binary, configured for a registry of its own, on a free port; its log is in the temporary directory."""
    registry = Registry()
    registry.start()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="oracle-service-") as directory:
        configuration = pathlib.Path(directory, "omps.toml")
        configuration.write_text(f'[ProdConfig]\nquay_url = "{registry.url}"\nrelease_format = "app-registry"\nmax_content_length = 67108864\n')
        variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OMPS_")},
            "OMPS_CONF_FILE": str(configuration), "OMPS_CONF_SECTION": "ProdConfig", "OMPS_LISTEN": f"127.0.0.1:{port}",
            "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
        }  # fmt: skip
        with open(pathlib.Path(directory, "log"), "w+") as log:
            process = subprocess.Popen([binary], env=variables, stdout=log, stderr=log)
            try:
                wait_for(port, process, log)
                yield Service(f"http://127.0.0.1:{port}", registry.url)
            finally:
                process.terminate()
                process.wait(10)
                registry.shutdown()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen, log: object) -> None:
    """Until the service takes connections."""
    for _ in range(200):
        if process.poll() is not None:
            log.seek(0)
            raise SystemExit(f"the service ended at its start:\n{log.read()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("the service takes no connections")
