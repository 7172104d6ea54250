"""The functions as AWS's Runtime Interface Emulator runs them, without Docker: every case and every event, each to the
emulator of its function. emulator.py QUAY_URL ZIP EMULATOR_URL_OF=FUNCTION…"""
import base64
import json
import sys
import urllib.request

from lambda_cases import CASES, EVENTS, ROOT, check, check_public, token

quay, operator, *emulators = sys.argv[1:]
emulators = dict(emulator.split("=", 1) for emulator in emulators)
BOUNDARY = "omps-test-boundary"


def invoke(function, event):
    url = f"{emulators[function]}/2015-03-31/functions/function/invocations"
    request = urllib.request.Request(url, json.dumps(event).encode())
    answer = json.load(urllib.request.urlopen(request, timeout=60))
    return answer["statusCode"], answer["body"]


def event_of(function):
    return json.loads((ROOT / f"events/{function}.json").read_text())


def as_event(case):
    """What API Gateway would make of the request."""
    headers = {"Host": "local"}
    body = None
    if case.organization:
        headers["Authorization"] = token(case.organization)
    if case.upload:
        file = open(operator if case.upload == "operator" else ROOT / "LICENSE", "rb").read()
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="upload.zip"\r\n\r\n'
        body = base64.b64encode(head.encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode()).decode()
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
    return event_of(case.function) | {
        "httpMethod": case.method,
        "path": case.path,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": body,
        "isBase64Encoded": body is not None,
    }


for case in CASES:
    print(f"# {case.name}: {case.method} {case.path}")
    check(case.name, *invoke(case.function, as_event(case)), case.status, case.body)
check_public(quay)
for name, status, body in EVENTS:
    print(f"# events/{name}.json")
    check(name, *invoke(name, event_of(name)), status, body)
print(f"emulator: {len(CASES)} requests and {len(EVENTS)} events answered as they should be")
