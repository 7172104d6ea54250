"""What the cases cover, by the reference's answers: every message of the contract must occur."""

import collections
import re
from collections.abc import Iterable

from case import Case
from reference import Answer

MESSAGES = [
    "Could not find packageName in manifests.",
    "Failed to process yaml file /{}",
    "Courier requires valid input YAML files",
    "Only 1 package is expected to exist in source root folder.",
    "Bundle does not contain any packages.",
    "The source directory structure is not in valid flat or nested format,because no valid CSV file is found in root or manifest directories.",
    "Resulting bundle is invalid, input yaml is improperly defined.",
    "crd metadata.name not defined.",
    "crd metadata not defined.",
    "crd apiVersion not defined.",
    "crd spec not defined.",
    "crd spec.names not defined.",
    "crd spec.names.kind not defined.",
    "crd spec.names.plural not defined.",
    "crd spec.group not defined.",
    "crd spec.version or spec.versions not defined.",
    "crd spec.versions is empty.",
    "crd spec.versions contains an invalid CustomResourceDefinitionVersion.",
    "crd spec.version should contain exactly one version flagged as storage version.",
    "csv metadata not defined.",
    "csv metadata.name not defined.",
    "csv metadata.annotations not defined.",
    *(f"csv metadata.annotations.{name} not defined" for name in ("categories", "description", "containerImage", "createdAt", "support")),
    "csv metadata.annotations.certified not defined.",
    "metadata.annotations.certified is not of typestring",
    "metadata.annotations.alm-examples contains invalid json string",
    "csv apiVersion not defined.",
    "csv spec not defined.",
    *(f"csv spec.{name} not defined" for name in ("displayName", "description", "icon", "version", "provider", "maturity")),
    "csv spec.installModes not defined",
    "csv spec.install not defined",
    "csv spec.install.strategy not defined",
    "csv spec.install.strategy must be one of ['deployment']",
    "csv spec.install.spec not defined",
    "csv spec.install.spec.deployments not defined",
    *(f"csv spec.install.spec.{name} should be a list" for name in ("deployments", "permissions", "clusterPermissions")),
    "name not defined for item in spec.customresourcedefinitions.",
    "custom resource definition {} referenced in csv not defined in root list of crds",
    "kind not defined for item in spec.customresourcedefinitions.",
    "version not defined for item in spec.customresourcedefinitions.",
    "CRD.spec.names.kind does not match CSV.spec.crd.owned.kind",
    "CSV.spec.crd.owned.version is not in CRD.spec.versions list",
    "`CRD.spec.names.plural`.`CRD.spec.group` does not match CSV.spec.crd.owned.name",
    "CRD.spec.version does not match CSV.spec.crd.owned.version",
    "package channels not defined.",
    "no package channels defined.",
    "package channel.name not defined.",
    "package channel.currentCSV not defined.",
    "channel.currentCSV {} is not included in list of csvs",
    "The packageName ({}) in bundle does not match repository name ({}) provided as command line argument.",
]  # fmt: skip
PATTERNS = {message: re.compile(re.escape(message).replace(r"\{\}", ".*"), re.DOTALL) for message in MESSAGES}


def print_coverage(answers: Iterable[tuple[Case, Answer]]) -> int:
    """Prints how often each message occurs; returns 1 when one never does, or one is new."""
    verdicts, messages = collections.Counter(), collections.Counter()
    for _, answer in answers:
        verdicts[kind(answer)] += 1
        said = [*answer.validation_info.get("errors", []), *answer.validation_info.get("warnings", [])]
        said += [answer.message.removeprefix("Failed to push manifest: ")] if answer.message else []
        if not answer.excuse:
            messages.update({message_of(text) for text in said})
    for name, count in verdicts.most_common():
        print(f"{count:6} {name}")
    print()
    for message in [*MESSAGES, *(messages.keys() - set(MESSAGES))]:
        print(f"{messages[message]:6} {message}")
    missing, unknown = set(MESSAGES) - messages.keys(), messages.keys() - set(MESSAGES)
    print(f"\n{verdicts.total()} cases; {len(missing)} messages never occur, {len(unknown)} are not in the contract")
    return 1 if missing or unknown else 0


def kind(answer: Answer) -> str:
    """A word for an answer."""
    if answer.excuse:
        return f"apart: {answer.crash.partition(':')[0] if answer.crash else 'odd types, ' + str(answer.status)}"
    if answer.status == 200:
        return f"pushed, {answer.pushed.kind}"
    return "refused, unreadable where the reference crashed" if answer.crash else "refused"


def message_of(text: str) -> str:
    """The contract's form of a message, or the text itself."""
    return next((message for message, pattern in PATTERNS.items() if pattern.fullmatch(text)), text)
