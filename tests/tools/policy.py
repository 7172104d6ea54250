"""checkov's findings in a template, beside those that are accepted with a reason: policy.py CHECKOV TEMPLATE ACCEPTED.
Fails on a finding that is not accepted, and on an acceptance of what is no longer found."""
import json
import subprocess
import sys
import tomllib

checkov, template, accepted_file = sys.argv[1:]


def found():
    command = [checkov, "--file", template, "--framework", "cloudformation", "--output", "json", "--quiet", "--skip-download"]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout
    report = json.loads(output)
    if report["summary"]["parsing_errors"] or not report["summary"]["passed"]:
        sys.exit(f"checkov cannot read {template}: {report['summary']}")
    print(f"checkov {report['summary']['checkov_version']}: {report['summary']['passed']} checks passed")
    return {(check["check_id"], check["resource"].rsplit(".", 1)[-1]): check["check_name"]
            for check in report["results"]["failed_checks"]}


def accepted():
    with open(accepted_file, "rb") as file:
        entries = tomllib.load(file)["accepted"]
    for entry in entries:
        if not entry["reason"].strip():
            sys.exit(f"{entry['check']}: an acceptance needs a reason")
    return {(entry["check"], resource) for entry in entries for resource in entry["resources"]}


findings, acceptances = found(), accepted()
for check, resource in sorted(findings.keys() - acceptances):
    print(f"{resource}: {check}: {findings[check, resource]}")
for check, resource in sorted(acceptances - findings.keys()):
    print(f"{resource}: {check} is accepted, but not found any more: delete it from {accepted_file}")
print(f"{len(findings.keys() & acceptances)} findings are accepted with a reason")
sys.exit(findings.keys() != acceptances)
