"""Cold starts: from exec to a function's first answer, under a Runtime API of our own on loopback, beside the least
function there can be. In turns, so that noise hits all alike; by hand, on an idle machine.
cold_start.py FOLDER SANDBOX [RUNS]: FOLDER has <function>/bootstrap, as cargo-lambda leaves them, and hello/bootstrap."""
import json
import os
import pathlib
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTIONS = ["hello", "about", "health", "validate", "delete-release", "push-zipfile", "push-koji"]
folder, sandbox, *runs = sys.argv[1:]
RUNS = int(runs[0]) if runs else 25
STAND_INS = {"listen": 18110, "quay": 18111, "koji": 18112, "greenwave": 18113}
MOTO = 18114
ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{MOTO}",
    "OMPS_CONF_FILE": str(ROOT / "config/omps.toml"),
    "OMPS_CONF_SECTION": "LocalConfig",
    "OMPS_RELEASE_FORMAT": "app-registry",
    "OMPS_QUAY_URL": f"http://127.0.0.1:{STAND_INS['quay']}",
    "OMPS_KOJIHUB_URL": f"http://127.0.0.1:{STAND_INS['koji']}/kojihub",
    "OMPS_KOJIROOT_URL": f"http://127.0.0.1:{STAND_INS['koji']}/kojifiles/",
}
PUSHES = ("push-zipfile", "push-koji")


class RuntimeApi(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Hands out one event, and remembers when its answer came. A process is killed while it waits for a second one, so
    each has a Runtime API of its own."""

    daemon_threads = True

    def __init__(self, event):
        super().__init__(("127.0.0.1", 0), Handler)
        self.event, self.answered = event, threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *_):
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # …/invocation/next
        event, self.server.event = self.server.event, None
        if event is None:
            time.sleep(60)
            return
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 30_000))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:f")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self):  # …/response or …/error
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) if "chunked" not in str(
            self.headers.get("Transfer-Encoding")) else self.chunks()
        self.server.at, self.server.answer = time.perf_counter(), (self.path, body)
        self.server.answered.set()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def log_message(self, *_):
        pass


def event_of(function):
    """The function's event; a push goes to the organization that has a secret, as the next release."""
    event = json.loads((ROOT / f"events/{'about' if function == 'hello' else function}.json").read_text())
    if function in PUSHES:
        event["path"] = event["path"].replace("testorg", "public").removesuffix("/1.0.0")
        event["headers"]["Authorization"] = "basic cHVibGljK29tcHM6UFVCTElDUk9CT1RUT0tFTg=="
        event["multiValueHeaders"]["Authorization"] = [event["headers"]["Authorization"]]
    return json.dumps(event).encode()


def cold_start(function):
    """Milliseconds, and the status of the answer."""
    api = RuntimeApi(event_of(function))
    own = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % api.server_address[1], "AWS_LAMBDA_FUNCTION_NAME": function}
    if function in PUSHES:
        own["OMPS_SECRETS_PREFIX"] = "omps"
    started = time.perf_counter()
    process = subprocess.Popen([f"{folder}/{function}/bootstrap"], env=ENVIRONMENT | own,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not api.answered.wait(30):
            raise SystemExit(f"{function}: no answer")
    finally:
        process.kill()
        process.wait()
        api.shutdown()
        api.server_close()
    path, body = api.answer
    if not path.endswith("/response"):
        raise SystemExit(f"{function}: {path} {body.decode()}")
    return (api.at - started) * 1000, json.loads(body)["statusCode"]


def main():
    times = {function: [] for function in FUNCTIONS}
    statuses = {function: set() for function in FUNCTIONS}
    for run in range(RUNS + 2):
        for function in FUNCTIONS:
            milliseconds, status = cold_start(function)
            if run >= 2:  # the first two fill the page cache
                times[function].append(milliseconds)
                statuses[function].add(status)
    hello = statistics.median(times["hello"])
    print(f"{'function':16}{'median ms':>10}{'least':>8}{'x hello':>9}  status")
    for function, measured in times.items():
        median = statistics.median(measured)
        print(f"{function:16}{median:10.2f}{min(measured):8.2f}{median / hello:9.2f}  {sorted(statuses[function])}")


def wait_for(url):
    for _ in range(200):
        try:
            return urllib.request.urlopen(url, timeout=1)
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers at {url}")


servers = []
try:
    with tempfile.TemporaryDirectory() as scratch:
        options = [f"--{name}=127.0.0.1:{port}" for name, port in STAND_INS.items()]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        servers.append(subprocess.Popen([sandbox, "--app-registry", *options, f"--folder={scratch}"], **quiet))
        servers.append(subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(MOTO)], **quiet))
        wait_for(f"http://127.0.0.1:{STAND_INS['listen']}/v2/about")
        wait_for(f"http://127.0.0.1:{MOTO}/moto-api/")
        subprocess.run([sys.executable, ROOT / "tests/tools/seed_aws.py", f"http://127.0.0.1:{MOTO}",
                        f"{scratch}/larder-operator.zip"], check=True)
        main()
finally:
    for server in servers:
        server.kill()
        server.wait()
