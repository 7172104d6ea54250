"""Debian's docker-registry, and servers that push bundle images to it: what bundle_races.py and bundle_corpus.py have in
common. Standard library only."""
import pathlib
import re

import fleet

AUTHORIZATION = "Basic dGVzdDp0ZXN0"  # docker-registry asks nobody who they are
ACCEPT = "application/vnd.oci.image.manifest.v1+json"
LINE = re.compile(rb'"(GET|HEAD|POST|PUT|PATCH|DELETE) (/v2/[^ ?"]*)[^"]*" (\d{3})')
CONFIGURATION = """version: 0.1
log: {level: info, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
http: {addr: "127.0.0.1:%d", secret: test}
"""


class DockerRegistry(fleet.Process):
    """A registry with an empty store."""

    def __init__(self, directory):
        self.port, directory = fleet.free_port(), pathlib.Path(directory)
        self.host = f"127.0.0.1:{self.port}"
        config = directory / "registry.yml"
        config.write_text(CONFIGURATION % (directory / "registry", self.port))
        super().__init__(["docker-registry", "serve", str(config)], fleet.environment(), directory / "registry.log")
        self.start(self.port)

    def requests(self):
        """What was asked until now: method, path and status of each request."""
        lines = LINE.findall(pathlib.Path(self.log).read_bytes())
        return [(method.decode(), path.decode(), int(status)) for method, path, status in lines]

    def tags(self, repository):
        answer = fleet.call("GET", f"http://{self.host}/v2/{repository}/tags/list")
        return set(answer.body.get("tags") or ())

    def digest(self, repository, reference):
        """The digest that a tag points to; `None` when it is not there."""
        answer = fleet.call("GET", f"http://{self.host}/v2/{repository}/manifests/{reference}", headers={"Accept": ACCEPT})
        return answer.headers["Docker-Content-Digest"] if answer.status == 200 else None


class Server(fleet.Process):
    """An omps-server that pushes to this registry; `organizations` are lines of its configuration."""

    def __init__(self, binary, registry, store, directory, name, organizations="", **variables):
        self.port, directory = fleet.free_port(), pathlib.Path(directory)
        self.url = f"http://127.0.0.1:{self.port}"
        config = directory / f"{name}.toml"
        config.write_text(
            f'[ProdConfig]\nregistry_url = "http://{registry.host}"\nmax_content_length = {64 << 20}\n{store.settings}\n{organizations}\n'
        )
        settings = {"OMPS_CONF_FILE": str(config), "OMPS_LISTEN": f"127.0.0.1:{self.port}"}
        environment = fleet.environment(**settings, **store.environment, **variables)
        super().__init__([str(binary)], environment, directory / f"{name}.log")
        self.start(self.port)

    def push(self, organization, content, version=None, ready=None, **headers):
        content_type, body = fleet.form(content)
        path = f"/v2/{organization}/zipfile" + (f"/{version}" if version else "")
        headers = {"Authorization": AUTHORIZATION, "Content-Type": content_type} | headers
        return fleet.call("POST", self.url + path, body, headers, ready)

    def catalog(self, organization, package=None, query="", method="GET"):
        path = f"/v2/{organization}/catalog" + (f"/{package}" if package else "") + (f"?{query}" if query else "")
        return fleet.call(method, self.url + path, None, {"Authorization": AUTHORIZATION})

    def delete(self, organization, repository, version, ready=None):
        path = f"/v2/{organization}/{repository}/{version}"
        return fleet.call("DELETE", self.url + path, None, {"Authorization": AUTHORIZATION}, ready)
