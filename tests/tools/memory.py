"""Peak memory above idle for an upload of 20 MiB of manifests: memory.py OMPS_SERVER

Three uploads of a fresh process each: many files that compress, files that do not, and one large file.
"""
import base64
import http.server
import io
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile

from app_registry import AppRegistry

LIMIT_MIB = 80
SIZE = 20 << 20
PACKAGE = "packageName: big\nchannels:\n- name: stable\n  currentCSV: big.v1.0.0\n"
CSV = """apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata: {name: big.v1.0.0, annotations: {certified: "false"}}
spec:
  installModes: []
  install: {strategy: deployment, spec: {deployments: []}}
"""
CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: NAMEs.example.com}
spec:
  group: example.com
  names: {kind: Name, plural: NAMEs}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
"""


def noise(length):
    return base64.b64encode(os.urandom(length * 3 // 4)).decode()


def schema(length):
    field = "          field{0}:\n            type: string\n            description: The field number {0} of the resource.\n"
    lines, size, number = [], 0, 0
    while size < length:
        lines.append(field.format(number))
        size += len(lines[-1])
        number += 1
    return "".join(lines)[:length].rsplit("\n", 1)[0] + "\n"


def crds(count, body):
    room = (SIZE - 4096) // count - len(CRD) - 100
    files = {f"1.0.0/crd{i}.yaml": CRD.replace("NAME", f"name{i}") + body(room) for i in range(count)}
    return {"package.yaml": PACKAGE, "1.0.0/csv.yaml": CSV, **files}


CASES = {
    "200 CRDs that compress": crds(200, schema),
    "20 CRDs that do not": crds(20, lambda room: "          x: " + noise(room - 20) + "\n"),
    "one CSV with 20 texts of nearly a MiB": {
        "package.yaml": PACKAGE,
        "csv.yaml": CSV + "".join(f"  x{i}: {noise(SIZE // 20 - 4096)}\n" for i in range(20)),
    },
}


def resident(pid, field):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(field):
            return int(line.split()[1]) / 1024


def archive(files):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return target.getvalue()


def upload(url, zipped):
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.zip"\r\n\r\n'
    headers = {"Authorization": "basic eDp5", "Content-Type": "multipart/form-data; boundary=b"}
    request = urllib.request.Request(url, head + zipped + b"\r\n--b--\r\n", headers)
    return json.load(urllib.request.urlopen(request, timeout=60))


def measure(server, name, files, quay):
    environment = dict(
        os.environ, OMPS_LISTEN="127.0.0.1:18085", OMPS_QUAY_URL=quay, OMPS_RELEASE_FORMAT="app-registry", OMPS_MAX_CONTENT_LENGTH=str(64 << 20)
    )
    process = subprocess.Popen([server], env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen("http://127.0.0.1:18085/v2/about")
                break
            except OSError:
                time.sleep(0.05)
        zipped = archive(files)
        idle = resident(process.pid, "VmRSS")
        started = time.monotonic()
        answer = upload("http://127.0.0.1:18085/v2/org/zipfile/1.0.0", zipped)
        seconds = time.monotonic() - started
        above = resident(process.pid, "VmHWM") - idle
        unpacked = sum(map(len, files.values())) / (1 << 20)
        print(
            f"{name}: {unpacked:.1f} MiB unpacked, {len(zipped) / (1 << 20):.1f} MiB zipped, version"
            f" {answer['version']} in {seconds:.2f} s; idle {idle:.1f} MiB, peak {above:.1f} MiB above it"
        )
        return above
    finally:
        process.terminate()
        process.wait()


quay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), AppRegistry)
threading.Thread(target=quay.serve_forever, daemon=True).start()
worst = max(measure(sys.argv[1], *case, f"http://127.0.0.1:{quay.server_port}") for case in CASES.items())
print(f"worst: {worst:.1f} MiB, allowed: {LIMIT_MIB} MiB")
sys.exit(worst > LIMIT_MIB)
