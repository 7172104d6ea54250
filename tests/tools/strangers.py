"""What strangers can take of the server, measured: strangers.py OMPS_SERVER [CASE…]

Each case has a server of its own, in front of a Quay that takes every push:

  held       400 connections send a body less its last bytes, to a path that is not there and to a push
  unread     200 clients ask for a large answer and do not read it
  validate   hostile validations beside pushes: how long pushes take before and meanwhile
  slow       a zip of 15 MB at 100 kB/s as an upload, a form of 2 MB at 30 kB/s, and a client that stops

It prints a row for each figure, and fails where memory passes the budgets or where an honest client is refused.
"""
import collections
import http.client
import http.server
import io
import json
import multiprocessing
import os
import pathlib
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

from app_registry import AppRegistry

ADDRESS = ("127.0.0.1", int(os.environ.get("STRANGERS_PORT", "18155")))
TOKEN = "basic eDp5"
MIB = 1 << 20
BUDGETS = {"OMPS_BODY_BUDGET": str(64 * MIB), "OMPS_ANSWER_BUDGET": str(32 * MIB)}
AROUND = 64  # MiB that the server may take beside its budgets
VALIDATIONS = 30  # a second
SECONDS = int(os.environ.get("STRANGERS_SECONDS", "60"))
PACKAGE = "packageName: lamp\nchannels: [{name: alpha, currentCSV: lamp.v1.0.0}]\n"
CSV = """apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata: {name: lamp.v1.0.0, annotations: {}}
spec:
  version: 1.0.0
  installModes: []
  install: {strategy: deployment, spec: {deployments: []}}
  customresourcedefinitions: {owned: [OWNED]}
"""
problems = []


def zipped(method=zipfile.ZIP_DEFLATED, owned="", **files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in {"csv": CSV.replace("OWNED", owned), "package": PACKAGE, **files}.items():
            archive.writestr(name if "." in name else f"{name}.yaml", content)
    return out.getvalue()


def request(path, archive, token=TOKEN):
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n' + archive + b"\r\n--b--\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: omps\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(form)}\r\n"
    head += f"Authorization: {token}\r\n" if token else ""
    return f"{head}Connection: close\r\n\r\n".encode() + form


def connect(receives=None, peer="127.0.0.2"):
    stream = socket.socket()
    stream.bind((peer, 0))
    if receives:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    stream.settimeout(120)
    stream.connect(ADDRESS)
    return stream


def status(stream):
    """The status of an answer that is read to its end; a word where there is none."""
    try:
        received = b""
        while piece := stream.recv(1 << 16):
            received += piece
    except OSError as error:
        return type(error).__name__
    head, _, body = received.partition(b"\r\n\r\n")
    if not head:
        return "closed"
    json.loads(body)  # every answer is JSON
    return int(head.split()[1])


def ask(*arguments, **options):
    started = time.monotonic()
    with connect(peer=options.pop("peer", "127.0.0.1")) as stream:
        try:
            stream.sendall(request(*arguments, **options))
        except OSError:
            pass  # it was answered before its end
        return status(stream), time.monotonic() - started


def row(case, figure, value, wrong=False):
    print(f"{case} | {figure} | {value}{' | WRONG' if wrong else ''}", flush=True)
    if wrong:
        problems.append(figure)


def counted(statuses):
    return ", ".join(f"{count} × {status}" for status, count in sorted(collections.Counter(statuses).items(), key=str))


class Quay(AppRegistry):
    releases = {}


class Server:
    def __init__(self, binary, quay, directory, **environment):
        log = open(pathlib.Path(directory) / "server.log", "ab")
        public = "http://%s:%d" % ADDRESS
        environment = BUDGETS | {"OMPS_UPLOAD_DIR": str(directory), "OMPS_PUBLIC_URL": public, **environment}
        environment |= {"OMPS_LISTEN": "%s:%d" % ADDRESS, "OMPS_QUAY_URL": quay, "OMPS_RELEASE_FORMAT": "app-registry"}
        self.process = subprocess.Popen([binary], env=os.environ | environment, stdout=log)
        while socket.socket().connect_ex(ADDRESS):
            time.sleep(0.05)
        self.push()
        self.idle = self.memory("VmRSS")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def memory(self, field):
        """MiB of the server's memory."""
        found = re.search(rf"{field}:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) / 1024

    pushed = 0

    def push(self):
        Server.pushed += 1
        return ask(f"/v2/org/zipfile/{Server.pushed}.0.0", GOOD)

    def show_memory(self, case, limit):
        peak = self.memory("VmHWM")
        row(case, "memory idle, at most (MiB)", f"{self.idle:.0f}, {peak:.0f} of {limit} allowed", peak > limit)

    def show_rest(self, case):
        time.sleep(3)
        row(case, "memory 3 s afterwards (MiB)", f"{self.memory('VmRSS'):.0f}")


def held(start):
    body = os.urandom(2 * MIB - 1000)
    for path in ["/nowhere", "/v2/org/zipfile"]:
        with start() as server:
            streams, sending = [], []
            for _ in range(400):
                stream = connect()
                bytes_ = request(path, body)[:-20]
                thread = threading.Thread(target=lambda stream=stream, bytes_=bytes_: try_to_send(stream, bytes_))
                thread.start()
                streams.append(stream)
                sending.append(thread)
            for thread in sending:
                thread.join(30)
            server.show_memory(f"held {path}", 96 + AROUND)
            answer, took = server.push()
            row(f"held {path}", "a push from another address meanwhile", f"{answer} after {took:.2f} s", answer != 200)
            started = time.monotonic()
            statuses = [status(stream) for stream in streams]
            row(f"held {path}", f"answers within {time.monotonic() - started:.0f} s", counted(statuses))
            for stream in streams:
                stream.close()
            server.show_rest(f"held {path}")
            answer, took = server.push()
            row(f"held {path}", "a push afterwards", f"{answer} after {took:.2f} s", answer != 200)


def try_to_send(stream, content):
    try:
        stream.sendall(content)
    except OSError:
        pass


def unread(start):
    files = {f"csv{number}": CSV.replace("OWNED", ", ".join(["1"] * 990)) for number in range(5)}
    large = request("/v2/org/validate", zipped(**files), token=None)
    with start() as server:
        with connect() as stream:
            stream.sendall(large)
            received = b""
            while piece := stream.recv(1 << 16):
                received += piece
        row("unread", "bytes asked, bytes answered", f"{len(large)}, {len(received)}")
        streams = [connect(receives=4096) for _ in range(200)]
        until, answered = time.monotonic() + 30, set()
        waiting = list(streams)
        for stream in waiting:
            stream.sendall(large)
        refused = 0
        while time.monotonic() < until:
            time.sleep(0.2)
            for number, stream in enumerate(streams):
                try:
                    start_of_answer = stream.recv(64, socket.MSG_PEEK | socket.MSG_DONTWAIT)
                except OSError:
                    continue
                if b" 503 " in start_of_answer[:20] or not start_of_answer:
                    refused += 1
                    stream.close()
                    streams[number] = stream = connect(receives=4096)
                    try_to_send(stream, large)
                else:
                    answered.add(number)
        row("unread", "clients with an answer, refusals", f"{len(answered)}, {refused}")
        server.show_memory("unread", 96 + AROUND)
        answer, took = server.push()
        row("unread", "a push meanwhile", f"{answer} after {took:.2f} s", answer != 200)
        for stream in streams:
            stream.close()
        server.show_rest("unread")


def push_for(seconds, server, times):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        times.append(server.push())


def pushes(server, seconds):
    """Statuses and quantiles of pushes by two clients."""
    times = []
    clients = [threading.Thread(target=push_for, args=(seconds, server, times)) for _ in range(2)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took = sorted(seconds for _, seconds in times)
    at = lambda part: f"{took[int(part * (len(took) - 1))]:.3f}"
    return [answer for answer, _ in times], f"{len(took)} pushes, p50 {at(0.5)} s, p99 {at(0.99)} s"


def attack(seconds, statuses):
    """Hostile validations from a process of its own; most of their clients leave before the answer."""
    archive = zipped(a="a: [" + "1," * 19_000 + "]\n")
    started = time.monotonic()
    for number in range(seconds * VALIDATIONS):
        time.sleep(max(0, started + number / VALIDATIONS - time.monotonic()))
        threading.Thread(target=lambda: statuses.put(ask("/v2/org/validate", archive, token=None, peer="127.0.0.2")[0]), daemon=True).start()
    time.sleep(2)


def validate(start):
    with start() as server:
        answers, before = pushes(server, min(SECONDS, 15))
        row("validate", "pushes before", f"{counted(answers)}: {before}", set(answers) != {200})
        statuses = multiprocessing.Queue()
        attacker = multiprocessing.Process(target=attack, args=(SECONDS, statuses))
        attacker.start()
        answers, meanwhile = pushes(server, SECONDS)
        row("validate", f"pushes meanwhile, {SECONDS} s", f"{counted(answers)}: {meanwhile}", set(answers) != {200})
        found = []
        while attacker.is_alive() or not statuses.empty():
            try:
                found.append(statuses.get(timeout=0.5))
            except Exception:
                continue
        attacker.join()
        row("validate", f"validations, {VALIDATIONS} a second", counted(found))
        server.show_memory("validate", 96 + AROUND)


def slowly(stream, content, rate):
    started, sent = time.monotonic(), 0
    while sent < len(content):
        piece = content[sent : sent + rate // 10]
        stream.sendall(piece)
        sent += len(piece)
        time.sleep(max(0, started + sent / rate - time.monotonic()))
    return status(stream), time.monotonic() - started


def slow(start):
    # A short run sends half of it, which still takes longer than a fixed time-out of a minute would allow.
    size = 15_000_000 if SECONDS >= 60 else 7_500_000
    blob = zipped(zipfile.ZIP_STORED, **{"blob.txt": "x" * size})
    form = request("/v2/org/zipfile/1000000.0.0", zipped(zipfile.ZIP_STORED, **{"blob.txt": "x" * 2_000_000}))
    with start() as server:
        connection = http.client.HTTPConnection(*ADDRESS)
        connection.request("POST", "/v2/org/uploads", headers={"Authorization": TOKEN})
        url = json.loads(connection.getresponse().read())["url"]
        path = url.partition("%s:%d" % ADDRESS)[2]
        put = f"PUT {path} HTTP/1.1\r\nHost: omps\r\nConnection: close\r\nContent-Length: {len(blob)}\r\n\r\n".encode() + blob
        results = {}

        def send(name, content, rate):
            with connect() as stream:
                results[name] = slowly(stream, content, rate)

        def stop(name, content):
            started = time.monotonic()
            with connect() as stream:
                stream.sendall(content)
                results[name] = status(stream), time.monotonic() - started

        clients = [
            threading.Thread(target=send, args=(f"PUT of {size / 1e6:g} MB at 100 kB/s", put, 100_000)),
            threading.Thread(target=send, args=("POST of 2 MB at 30 kB/s", form, 30_000)),
            threading.Thread(target=stop, args=("a client that stops", form[:100_000])),
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        for name, (answer, took) in results.items():
            row("slow", name, f"{answer} after {took:.0f} s", answer != (408 if "stops" in name else 200))
        server.show_memory("slow", 96 + AROUND)


CASES = {"held": held, "unread": unread, "validate": validate, "slow": slow}


def main(binary, names):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 4096), limit))
    quay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quay)
    process = multiprocessing.Process(target=quay.serve_forever, daemon=True)
    process.start()
    url = f"http://127.0.0.1:{quay.server_port}"
    print("case | figure | value")
    for name in names or CASES:
        with tempfile.TemporaryDirectory() as directory:
            CASES[name](lambda **environment: Server(binary, url, directory, **environment))
    print(f"{len(problems)} wrong" + "".join(f": {problem}" for problem in problems))
    process.terminate()
    return bool(problems)


GOOD = zipped()

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
