"""Stand-ins and servers as processes of their own, and the operators that are pushed to them: what races.py and
interrupted.py have in common. Standard library only; a DynamoDB, where one is asked for, is moto's."""
import base64
import gzip
import http.client
import io
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile

ORGANIZATION = "testorg"
AWS = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
STORES = ("memory", "sqlite", "dynamodb")
BINARIES = pathlib.Path(__file__).resolve().parents[2] / "target/debug"
START_WITHIN = 20  # seconds

CRD = """apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: lamps.home.example}
spec: {group: home.example, version: v1, names: {kind: Lamp, plural: lamps}}
"""
CSV = """apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata: {name: lamp.v1.0.0, annotations: {}}
spec:
  version: 1.0.0
  description: %s
  installModes: []
  install: {strategy: deployment, spec: {deployments: []}}
  customresourcedefinitions: {owned: [{name: lamps.home.example, kind: Lamp, version: v1}]}
"""
PACKAGE = "packageName: %s\nchannels: [{name: alpha, currentCSV: lamp.v1.0.0}]\n"


def zipped(package, mark):
    """A small valid operator; the mark is in its CSV."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("crd.yaml", CRD), ("csv.yaml", CSV % json.dumps(mark)), ("package.yaml", PACKAGE % package)):
            archive.writestr(zipfile.ZipInfo(name), text)  # a fixed time: the same operator is the same bytes
    return target.getvalue()


def form(content):
    """Content type and body of the form in which a zip is pushed."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="operator.zip"\r\n\r\n'
    return "multipart/form-data; boundary=b", head + content + b"\r\n--b--\r\n"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __str__(self):
        """The status, the error's id or the version, and whether the answer was given before."""
        words = [str(self.status), self.body.get("error") or self.body.get("version")]
        if self.headers.get("Idempotency-Replayed") == "true":
            words.append("replayed")
        return " ".join(word for word in words if word)


def call(method, url, body=None, headers=None, ready=None):
    """Sends a request; `ready` is called between connecting and sending. Raises OSError or HTTPException."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
    try:
        connection.connect()
        if ready:
            ready()
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    try:
        parsed = json.loads(content or b"{}")
    except ValueError:
        parsed = {"error": content[:80].decode(errors="replace")}
    return Answer(answer.status, answer.headers, parsed)


def free_port():
    """A port that nobody listens on, below those that the system gives to outgoing connections: one of these could take it
    before the process that it is for does."""
    while True:
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            except OSError:
                continue
            return taken.getsockname()[1]


class Process:
    """A process that listens on an address, with its output in a file."""

    def __init__(self, command, environment, log):
        self.command, self.environment, self.log = command, environment, log
        self.process = None

    def start(self, port):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_WITHIN
        while True:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise SystemExit(f"{self.command[0]} does not start:\n{pathlib.Path(self.log).read_text()[-2000:]}")
            time.sleep(0.02)

    def kill(self):
        """kill -9"""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def environment(**settings):
    """This process's environment without omps's own variables."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("OMPS_")}
    return own | settings


class StandIns:
    """Quay, Koji and Greenwave, and what their administration says."""

    def __init__(self, binary, options=()):
        command = [str(binary), "--organizations", ORGANIZATION, *options]
        self.process = subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{binary} does not start")
        self.addresses = json.loads(line)
        tokens = self.addresses["organizations"][ORGANIZATION]
        self.robot, self.oauth_token = tokens["robot"], tokens["oauth_token"]
        self.admin_url = self.addresses["admin_url"]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, method, path, body=None):
        answer = call(method, self.admin_url + path, body)
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {answer.body}")
        return answer.body

    def repository(self, name):
        """Visibility and releases (with digests) of a repository; `None` when there is none."""
        return next((held for held in self.ask("GET", "/holdings")["repositories"] if held["name"] == name), None)

    def content(self, name, release):
        """The tar of a release; `None` when there is none."""
        url = f"{self.admin_url}/archives/{ORGANIZATION}/{name}/{release}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return gzip.decompress(answer.read())
        except urllib.error.HTTPError as error:
            error.close()
            return None

    def requests(self):
        return self.ask("GET", "/requests")["requests"]

    def order(self, kind, method, path_prefix, **more):
        """Lets the next such request meet a fault."""
        self.ask("POST", "/faults", json.dumps({"kind": kind, "method": method, "path_prefix": path_prefix, **more}))

    def all_met(self):
        return self.ask("GET", "/faults")["unmet"] == 0

    def forget_faults(self):
        self.ask("DELETE", "/faults")


class Store:
    """Where servers keep what they reserved: the lines of their configuration, and their environment."""

    def __init__(self, kind, directory, dynamodb=None, name="ledger"):
        self.kind, self.environment = kind, {}
        self.settings = {"memory": "", "sqlite": f"data_dir = '{directory}'\n", "dynamodb": f'ledger_table = "{name}"\n'}[kind]
        if kind == "sqlite":
            os.makedirs(directory, exist_ok=True)
        if kind == "dynamodb":
            self.environment = AWS | {"AWS_ENDPOINT_URL": dynamodb}
            create_table(dynamodb, name)


def create_table(endpoint, name):
    body = {"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
    credential = f"test/20260101/{AWS['AWS_REGION']}/dynamodb/aws4_request"
    headers = {"X-Amz-Target": "DynamoDB_20120810.CreateTable", "Content-Type": "application/x-amz-json-1.0",
               "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"}
    answer = call("POST", endpoint + "/", json.dumps(body), headers)
    if answer.status != 200:
        raise SystemExit(f"cannot create the table {name} at {endpoint}: {answer.status} {answer.body}")


def configuration(stand_ins, store, directory, name, more=""):
    """Writes the configuration of a server or a function, and returns its path."""
    path = directory / f"{name}.toml"
    path.write_text(f"""[ProdConfig]
release_format = "app-registry"
quay_url = "{stand_ins.addresses["quay_url"]}"
kojihub_url = "{stand_ins.addresses["kojihub_url"]}"
kojiroot_url = "{stand_ins.addresses["kojiroot_url"]}"
{more}{store.settings}
[ProdConfig.organizations.{ORGANIZATION}]
public = true
oauth_token = "{stand_ins.oauth_token}"
quay_token = "{stand_ins.robot}"
""")
    return path


class Server(Process):
    """An omps-server. It keeps its port and its directories when it is killed and started again."""

    def __init__(self, binary, stand_ins, store, directory, name="server", **variables):
        self.port, directory = free_port(), pathlib.Path(directory)
        self.url, uploads = f"http://127.0.0.1:{self.port}", directory / "uploads"
        uploads.mkdir(exist_ok=True)
        more = f"upload_dir = '{uploads}'\npublic_url = \"{self.url}\"\n"
        config = configuration(stand_ins, store, directory, name, more)
        settings = {"OMPS_CONF_FILE": str(config), "OMPS_LISTEN": f"127.0.0.1:{self.port}"}
        super().__init__([str(binary)], environment(**settings, **store.environment, **variables), directory / f"{name}.log")
        self.start()

    def start(self):
        super().start(self.port)

    def post(self, path, body, headers, ready=None):
        return call("POST", self.url + path, body, headers, ready)


def moto():
    """A DynamoDB that does one request at a time, so that its conditional writes are atomic: its process and its address."""
    port = free_port()
    command = [sys.executable, __file__, str(port)]
    process = Process(command, environment(), os.devnull)
    process.start(port)
    return process, f"http://127.0.0.1:{port}"


def serve_moto(port):
    import threading

    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    one_at_a_time, application = threading.Lock(), DomainDispatcherApplication(create_backend_app)

    def locked(request, start_response):
        with one_at_a_time:
            return list(application(request, start_response))

    run_simple("127.0.0.1", port, locked, threaded=True)


def table(title, heads, rows):
    """Prints a table."""
    print(f"\n{title}")
    rows = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    sys.stdout.flush()


if __name__ == "__main__":
    serve_moto(int(sys.argv[1]))
