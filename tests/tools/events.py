"""Pushes by event and by upload as AWS would have them: the functions under AWS's Runtime Interface Emulator, in front of
moto (S3, SQS, DynamoDB, EventBridge, Secrets Manager) and the sandbox's stand-ins. A loop of this script is what Lambda's
own poller is to the queue. events.py EMULATOR BINARIES MOTO_PORT QUAY_URL KOJI_URL ZIP"""
import base64
import datetime
import http.server
import json
import logging
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
emulator, binaries, moto_port, quay, koji, operator = sys.argv[1:]
moto = ThreadedMotoServer("127.0.0.1", int(moto_port), verbose=False)
logging.getLogger("werkzeug").setLevel(logging.ERROR)
moto.start()
AWS = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{moto_port}", "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
       "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
os.environ.update(AWS)
s3, sqs, table, bus, secrets = (boto3.client(name) for name in ("s3", "sqs", "dynamodb", "events", "secretsmanager"))
BUCKET, PACKAGE = "omps-uploads", "larder-operator-container"
TIMEOUT = 20  # seconds that the emulator says a function has


class Gate(http.server.ThreadingHTTPServer):
    """Stands before a stand-in: open, closed, or swallowing the answers to pushes."""

    daemon_threads = True

    def __init__(self, behind):
        self.behind, self.is_closed, self.swallows, self.swallowed = behind, False, False, threading.Event()
        super().__init__(("127.0.0.1", 0), Through)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Through(http.server.BaseHTTPRequestHandler):
    def do_any(self):
        gate = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if gate.is_closed:
            return self.answer(503, {}, b"closed")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        request = urllib.request.Request(gate.behind + self.path, body or None, headers, method=self.command)
        try:
            response = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        content = response.read()
        if gate.swallows and self.command == "POST":
            gate.swallowed.set()
            time.sleep(60)
        self.answer(response.status, response.headers, content)

    do_GET = do_POST = do_DELETE = do_any

    def answer(self, status, headers, content):
        self.send_response(status)
        if "Content-Type" in headers:
            self.send_header("Content-Type", headers["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except BrokenPipeError:
            pass  # whoever asked was killed

    def log_message(self, *_):
        pass


class Function:
    """A function under the emulator, in a process group of its own."""

    def __init__(self, name, port, **environment):
        self.name, self.url = name, f"http://127.0.0.1:{port}"
        self.command = ["timeout", "900", emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
                        "--runtime-api-address", f"127.0.0.1:{port + 1}", f"{binaries}/{name}"]
        self.environment = os.environ | AWS | environment | {
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(TIMEOUT), "AWS_LAMBDA_FUNCTION_NAME": name}
        self.log = open(ROOT / f"target/events-{name}.log", "wb")
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, env=self.environment, stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        for _ in range(100):
            try:
                urllib.request.urlopen(self.url, timeout=1)
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{self.name} does not start")

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def invoke(self, event):
        request = urllib.request.Request(self.url + "/2015-03-31/functions/function/invocations",
                                         json.dumps(event).encode())
        return json.load(urllib.request.urlopen(request, timeout=60))

    def logged(self):
        return (ROOT / f"target/events-{self.name}.log").read_text(errors="replace")


def check(what, found, wanted):
    print(f"  {what}: {found}", flush=True)
    if found != wanted:
        raise SystemExit(f"{what}: wanted {wanted}")


def releases(organization="testorg"):
    """What Quay has, oldest first."""
    authorization = "basic " + base64.b64encode(
        f"{organization}+omps:{organization.upper()}ROBOTTOKEN".encode()).decode()
    request = urllib.request.Request(f"{quay}/cnr/api/v1/packages?namespace={organization}",
                                     headers={"Authorization": authorization})
    packages = json.load(urllib.request.urlopen(request, timeout=10))
    return sorted(release for package in packages for release in package["releases"])


def record(number, body):
    return {"messageId": f"message-{number}", "body": body if isinstance(body, str) else json.dumps(body)}


def deliver(*bodies):
    """Hands messages to the function at once; the numbers of those that come back."""
    answer = push_event.invoke({"Records": [record(number, body) for number, body in enumerate(bodies)]})
    return [int(failure["itemIdentifier"].removeprefix("message-")) for failure in answer["batchItemFailures"]]


def deliver_to_the_dead(body):
    try:
        deliver(body)
    except (OSError, ValueError):
        pass  # killed, as it should be


def poll():
    """What Lambda does: hands over what is in the queue, deletes what did not fail. How many messages there were."""
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=5).get("Messages", [])
    if messages:
        answer = push_event.invoke({"Records": [
            {"messageId": message["MessageId"], "body": message["Body"]} for message in messages]})
        failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        for message in messages:
            if message["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return len(messages)


def outcomes():
    """The outcome events since the last look, sorted: type, and version or error."""
    told = []
    while messages := sqs.receive_message(QueueUrl=outcome_queue, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            sqs.delete_message(QueueUrl=outcome_queue, ReceiptHandle=message["ReceiptHandle"])
            event = json.loads(message["Body"])
            assert event["source"] == "omps" and event["detail"]["asked"], event
            repeated = ", repeated" if event["detail"].get("repeated") else ""
            told.append(f"{event['detail-type']}: {event['detail'].get('error') or event['detail']['version']}{repeated}")
    return sorted(told)


def build(nvr, organization="testorg"):
    return {"organization": organization, "nvr": nvr}


def state_change(name, state):
    return {"build_id": 7, "name": name, "version": "v0.5.1", "release": "1", "epoch": None, "instance": "primary",
            "attribute": "state", "old": 0, "new": state, "owner": "osbs"}


def put(key, content):
    s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    return {"organization": "testorg", "s3": {"bucket": BUCKET, "key": key}}


def arn(url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


# What template.yaml makes, as far as moto is AWS.
dead_letters = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
redrive = json.dumps({"deadLetterTargetArn": arn(dead_letters), "maxReceiveCount": 2})
queue = sqs.create_queue(QueueName="pushes", Attributes={"VisibilityTimeout": "1", "RedrivePolicy": redrive})["QueueUrl"]
outcome_queue = sqs.create_queue(QueueName="outcomes")["QueueUrl"]
s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [
    {"QueueArn": arn(queue), "Events": ["s3:ObjectCreated:*"],
     "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "v2/testorg/zipfile/notified"}]}}}]})
table.create_table(TableName="ledger", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                   AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
for rule, pattern, target in (("koji", {"source": ["omps.koji"]}, queue), ("outcomes", {"source": ["omps"]}, outcome_queue)):
    bus.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    bus.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn(target)}])
for organization in ("testorg", "rules"):
    robot = f"{organization}+omps:{organization.upper()}ROBOTTOKEN"
    secrets.create_secret(Name=f"omps/{organization}", SecretString=json.dumps(
        {"quay_token": "basic " + base64.b64encode(robot.encode()).decode()}))
config = ROOT / "target/events.toml"
config.write_text(f'[ProdConfig.organizations.testorg]\nkoji_packages = ["{PACKAGE}"]\n')
to_quay, to_koji = Gate(quay), Gate(koji)
settings = {"OMPS_CONF_FILE": str(config), "OMPS_SECRETS_PREFIX": "omps", "OMPS_QUAY_URL": to_quay.url, "OMPS_RELEASE_FORMAT": "app-registry",
            "OMPS_KOJIHUB_URL": to_koji.url + "/kojihub", "OMPS_KOJIROOT_URL": to_koji.url + "/kojifiles/",
            "OMPS_LEDGER_TABLE": "ledger", "OMPS_UPLOAD_BUCKET": BUCKET}
functions = []
try:
    push_event = Function("push-event", 18110, **settings)
    functions.append(push_event)
    zip_bytes = pathlib.Path(operator).read_bytes()
    nvr = f"{PACKAGE}-v0.5.1-1"

    print("# S3, Koji and a message, each by way of the queue")
    put("v2/testorg/zipfile/notified larder.zip", zip_bytes)
    bus.put_events(Entries=[{"Source": "omps.koji", "DetailType": "buildsys.build.state.change",
                             "Detail": json.dumps(state_change(PACKAGE, 1))}])
    put("elsewhere/larder.zip", zip_bytes)
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(
        {"organization": "testorg", "version": "3.5.0", "s3": {"bucket": BUCKET, "key": "elsewhere/larder.zip"}}))
    for _ in range(10):
        poll()
    check("releases", releases(), ["1.0.0", "2.0.0", "3.5.0"])
    check("outcomes", outcomes(), [f"Operator Push Succeeded: {version}" for version in ("1.0.0", "2.0.0", "3.5.0")])

    print("# every other state of a build, and a package that nobody named")
    changes = [state_change(PACKAGE, state) for state in (0, 2, 3, 4)] + [state_change("unnamed-container", 1)]
    wrapped = [{"source": "omps.koji", "detail-type": "buildsys.build.state.change", "detail": change} for change in changes]
    check("come back", deliver(*wrapped), [])
    check("outcomes", outcomes(), [])
    for reason in ("BUILDING", "DELETED", "FAILED", "CANCELED", "no organization's koji_packages names unnamed-container"):
        check(f"logged as dropped: {reason}", any(
            '"dropped"' in line and reason in line for line in push_event.logged().splitlines()), True)

    print("# two transient failures and a final one among five")
    batch = [put("v2/testorg/zipfile/one.zip", zip_bytes), build(nvr, "rules"), put("v2/testorg/zipfile/bad.zip", b"no zip"),
             build(f"{PACKAGE}-v0.5.1-2", "rules"), put("v2/testorg/zipfile/two.zip", zip_bytes)]
    to_koji.is_closed = True
    check("come back", deliver(*batch), [1, 3])
    check("outcomes", outcomes(), ["Operator Push Failed: OMPSUploadedFileError", "Operator Push Succeeded: 4.0.0",
                                   "Operator Push Succeeded: 5.0.0"])
    to_koji.is_closed = False
    check("come back when Koji does", deliver(*batch), [])
    check("outcomes", outcomes(), ["Operator Push Failed: OMPSUploadedFileError", "Operator Push Succeeded: 1.0.0",
                                   "Operator Push Succeeded: 2.0.0", "Operator Push Succeeded: 4.0.0, repeated",
                                   "Operator Push Succeeded: 5.0.0, repeated"])
    deliver(*batch)
    check("releases after a third time", (releases(), releases("rules")),
          (["1.0.0", "2.0.0", "3.5.0", "4.0.0", "5.0.0"], ["1.0.0", "2.0.0"]))
    outcomes()

    print("# killed after Quay took the release")
    killed = put("v2/testorg/zipfile/killed.zip", zip_bytes)
    to_quay.swallows = True
    threading.Thread(target=deliver_to_the_dead, args=[killed], daemon=True).start()
    check("Quay has it", to_quay.swallowed.wait(20), True)
    push_event.kill()
    to_quay.swallows = False
    push_event.start()
    check("comes back while the dead one's claim lasts", deliver(killed), [0])
    redelivered = time.monotonic()
    while deliver(killed):
        check("within the claim's time", time.monotonic() - redelivered < TIMEOUT + 15, True)
        time.sleep(3)
    # The dead function's message may be delivered once more: then its outcome is marked as repeated.
    check("outcomes", [told for told in outcomes() if "repeated" not in told], ["Operator Push Succeeded: 6.0.0"])
    check("releases", releases()[-1:], ["6.0.0"])

    print("# a message that fails to the last is a dead letter, and can be sent again")
    poisoned = json.dumps({"organization": "testorg", "nvr": f"{PACKAGE}-v0.5.1-2", "version": "9.0.0"})
    to_koji.is_closed = True
    sqs.send_message(QueueUrl=queue, MessageBody=poisoned)
    for _ in range(6):
        poll()
        time.sleep(1.1)
    dead = sqs.receive_message(QueueUrl=dead_letters).get("Messages", [])
    check("dead letters", [message["Body"] for message in dead], [poisoned])
    check("outcomes", outcomes(), [])
    to_koji.is_closed = False
    sqs.send_message(QueueUrl=queue, MessageBody=dead[0]["Body"])
    poll()
    check("outcomes once it is sent again", outcomes(), ["Operator Push Succeeded: 9.0.0"])

    print("# 15 MiB by upload id")
    uploads, push_zipfile = Function("create-upload", 18112, **settings), Function("push-zipfile", 18114, **settings)
    functions += [uploads, push_zipfile]
    big = ROOT / "target/events-big.zip"
    big.write_bytes(zip_bytes)
    with zipfile.ZipFile(big, "a") as archive:
        archive.writestr("noise.bin", os.urandom(15 << 20))

    def asked(size):
        event = json.loads((ROOT / "events/create-upload.json").read_text())
        answer = uploads.invoke(event | {"body": json.dumps({"size": size})})
        assert answer["statusCode"] == 200, answer
        return json.loads(answer["body"])

    def upload(place, file):
        command = ["curl", "-s", "-T", file, "-o", os.devnull, "-w", "%{http_code}", place["url"]]
        check("PUT", subprocess.check_output(command, text=True, timeout=60), "200")

    def push(upload_id, organization="testorg"):
        event = json.loads((ROOT / "events/push-zipfile.json").read_text())
        path = f"/v2/{organization}/zipfile"
        headers = {"Authorization": event["headers"]["Authorization"], "Content-Type": "application/json"}
        answer = push_zipfile.invoke(event | {
            "path": path, "resource": "/v2/{organization}/zipfile", "headers": headers, "isBase64Encoded": False,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": json.dumps({"upload": upload_id})})
        body = json.loads(answer["body"])
        return answer["statusCode"], body.get("error") or body["version"]

    refused = (400, "OMPSUploadedFileError")
    place = asked(big.stat().st_size)
    check("max_size", place["max_size"], 24 << 20)
    check("the size is signed", "content-length" in place["url"].lower(), True)
    check("before it is put", push(place["upload"]), refused)
    upload(place, big)
    check("for another organization", push(place["upload"], "rules"), refused)
    check("pushed", push(place["upload"]), (200, "10.0.0"))
    check("again", push(place["upload"]), (200, "10.0.0"))
    check("left in the bucket", s3.list_objects_v2(Bucket=BUCKET, Prefix="uploads/")["KeyCount"], 0)
    event = json.loads((ROOT / "events/create-upload.json").read_text())
    check("without a size", uploads.invoke(event | {"body": None})["statusCode"], 400)
    too_large = uploads.invoke(event | {"body": json.dumps({"size": (24 << 20) + 1})})
    check("larger than allowed", too_large["statusCode"], 400)
    big.write_bytes(zip_bytes)
    place = asked(big.stat().st_size)
    upload(place, big)
    key = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys[f"uploads/testorg/{place['upload']}"]
    key.last_modified -= datetime.timedelta(hours=25)
    check("after a day", push(place["upload"]), refused)
    key.last_modified += datetime.timedelta(hours=2)
    check("before", push(place["upload"]), (200, "11.0.0"))
    print("events: all as it should be")
finally:
    for function in functions:
        function.kill()
