"""The functions as `sam local` runs them: every case by curl through `sam local start-api`, every event by
`sam local invoke`. sam_local.py API_URL QUAY_URL ZIP SAM_OPTION…"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

from lambda_cases import CASES, EVENTS, OF_QUEUE, ROOT, check, check_public, check_releases, token

api, quay, operator, *options = sys.argv[1:]
SAM = str(pathlib.Path(sys.executable).with_name("sam"))


def run(command, **more):
    print("$", shlex.join(command).replace(SAM, "sam"), flush=True)
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **more)


def by_curl(case):
    command = ["curl", "-sS", "-w", r"\n%{http_code}", "-X", case.method]
    if case.organization:
        command += ["-H", f"Authorization: {token(case.organization)}"]
    if case.upload:
        command += ["-F", f"file=@{operator if case.upload == 'operator' else ROOT / 'LICENSE'};filename=upload.zip"]
    done = run([*command, api + case.path])
    if done.returncode:
        raise SystemExit(done.stderr)
    text, status = done.stdout.rsplit("\n", 1)
    return int(status), text


def by_invoke(name):
    answer, _ = invoke("".join(word.capitalize() for word in name.split("-")) + "Function", name)
    return answer["statusCode"], answer["body"]


def invoke(function, name):
    done = run([SAM, "local", "invoke", function, "-e", f"events/{name}.json", *options], cwd=ROOT)
    # Nothing but the answer is on standard output.
    answers = re.findall(r"^\{.*\}$", done.stdout, re.MULTILINE)
    if done.returncode or not answers:
        raise SystemExit(done.stderr)
    return json.loads(answers[-1]), done.stderr


os.environ["SAM_CLI_TELEMETRY"] = "0"
for case in CASES:
    print(f"# {case.name}")
    check(case.name, *by_curl(case), case.status, case.body)
check_public(quay)
for name, status, body in EVENTS:
    check(name, *by_invoke(name), status, body)
for name, releases in OF_QUEUE:
    answer, log = invoke("PushEventFunction", name)
    if answer != {"batchItemFailures": []}:
        raise SystemExit(f"{name}: {answer}\n{log}")
    check_releases(quay, releases)
print(f"sam local: {len(CASES)} requests and {len(EVENTS) + len(OF_QUEUE)} events answered as they should be")
