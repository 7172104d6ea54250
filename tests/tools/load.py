"""200 pushes at once, and what happens to those for whom no worker is free: load.py OMPS_SERVER

Every push must be answered, and none lost: the registry has a release for each. Bounded in count and time.
"""
import concurrent.futures
import http.client
import http.server
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile

from app_registry import AppRegistry

PUSHES = 200
ADDRESS = ("127.0.0.1", 18086)
FILES = {
    "package.yaml": "packageName: load\nchannels:\n- name: stable\n  currentCSV: load.v1.0.0\n",
    "csv.yaml": """apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata: {name: load.v1.0.0, annotations: {certified: "false"}}
spec:
  installModes: []
  install: {strategy: deployment, spec: {deployments: []}}
  description: """
    + "many words that compress well " * 4000
    + "\n",
}


class Quay(AppRegistry):
    pause = 0.0

    def take(self, release, blob):
        time.sleep(self.pause)
        super().take(release, blob)


class Registry(http.server.ThreadingHTTPServer):
    request_queue_size = 512

    def handle_error(self, *_):
        """A caller whose time is up hangs up."""


def form():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in FILES.items():
            archive.writestr(path, text)
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="load.zip"\r\n\r\n'
    return head + target.getvalue() + b"\r\n--b--\r\n"


def push(body, version):
    started = time.monotonic()
    connection = http.client.HTTPConnection(*ADDRESS, timeout=60)
    headers = {"Authorization": "basic eDp5", "Content-Type": "multipart/form-data; boundary=b"}
    connection.request("POST", f"/v2/org/zipfile/{version}", body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.getheader("Retry-After"), time.monotonic() - started


def run(server, quay, title, count, **environment):
    Quay.releases.clear()
    environment = dict(os.environ, OMPS_LISTEN="%s:%d" % ADDRESS, OMPS_QUAY_URL=quay, OMPS_RELEASE_FORMAT="app-registry", OMPS_LOG_LEVEL="ERROR", **environment)
    process = subprocess.Popen([server], env=environment, stdout=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(ADDRESS):
            time.sleep(0.05)
        body = form()
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            answers = list(pool.map(lambda number: push(body, f"{number}.0.0"), range(count)))
        peak = next(int(line.split()[1]) / 1024 for line in open(f"/proc/{process.pid}/status") if line.startswith("VmHWM"))
        pushed = [answer for answer in answers if answer[0] == 200]
        others = sorted({answer[:2] for answer in answers if answer[0] != 200})
        earliest = min((answer[2] for answer in answers if answer[0] != 200), default=0)
        print(
            f"{title}: {len(pushed)} of {count} pushed, {len(Quay.releases)} releases, slowest"
            f" {max(answer[2] for answer in answers):.2f} s, others {others}"
            + (f" after {earliest:.2f} s at the earliest" if others else "")
            + f", peak memory {peak:.0f} MiB"
        )
        return len(pushed), others, earliest
    finally:
        process.terminate()
        process.wait()


registry = Registry(("127.0.0.1", 0), Quay)
threading.Thread(target=registry.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{registry.server_port}"
server = sys.argv[1]

pushed, others, _ = run(server, url, f"{PUSHES} at once", PUSHES)
good = pushed == PUSHES == len(Quay.releases) and not others
Quay.pause = 1.5
pushed, others, earliest = run(server, url, "one worker, 2 s", 5, WORKERS_NUM="1", WORKER_TIMEOUT="2")
good &= pushed >= 1 and (503, "5") in others and earliest > 1.9
print("as wanted" if good else "NOT as wanted")
sys.exit(not good)
