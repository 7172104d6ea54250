"""What differs between the reference's answer and the service's reply."""

import dataclasses
import re

from blob import Pushed
from case import Case
from reference import UNREADABLE, Answer
from service import ORGANIZATION, Reply


@dataclasses.dataclass
class Difference:
    """One thing that differs."""

    what: str
    expected: object
    came: object


def differences(case: Case, answer: Answer, reply: Reply) -> list[Difference]:
    """Everything that differs; nothing when the reply is right."""
    if reply.status >= 500 or reply.status == 0:
        return [Difference("status", answer.status, [reply.status, reply.body])]
    strict = list(strict_differences(case, answer, reply))
    if answer.excuse and strict and excused(reply):
        return []
    return strict


def excused(reply: Reply) -> bool:
    """Whether this is a clean refusal of the manifests."""
    return reply.status == 400 and reply.body.get("error") == "PackageValidationError" and reply.pushed is None


def validated(case: Case, answer: Answer, push: Reply, reply: Reply) -> list[Difference]:
    """What differs between a push's reply and that of `validate`, which is the reference's when the push is right."""
    found = []

    def check(what: str, expected: object, came: object) -> None:
        if expected != came:
            found.append(Difference(f"validate {what}", expected, came))

    # What is wrong inside a zip is the verdict, whose words are those of a push without what a push puts before them.
    if not answer.excuse:
        check("status", 200, reply.status)
    if push.status == 200:
        check("warnings", lists(answer.validation_info), lists(reply.body.get("validation_info")))
    else:
        check("message", push.body.get("message", "").removeprefix("Failed to push manifest: "), reply.body.get("message"))
        check("validation_info", push.body.get("validation_info"), reply.body.get("validation_info"))
    if reply.status == 200:
        verdict = [ORGANIZATION, answer.repository, case.paths, push.status == 200]
        check("verdict", verdict, [reply.body.get(key) for key in ("organization", "repo", "extracted_files", "valid")])
    return found


def strict_differences(case: Case, answer: Answer, reply: Reply) -> list[Difference]:
    """Everything that differs from the reference's own answer."""
    found = []

    def check(what: str, expected: object, came: object) -> None:
        if expected != came:
            found.append(Difference(what, expected, came))

    check("status", answer.status, reply.status)
    if answer.status != 200:
        check("error", "PackageValidationError", reply.body.get("error"))
        check("body.status", answer.status, reply.body.get("status"))
        check("message", answer.message, message(answer, reply))
        check("validation_info", lists(answer.validation_info), lists(reply.body.get("validation_info")))
        check("pushed", None, reply.pushed)
        return found
    body = {"organization": ORGANIZATION, "repo": answer.repository, "version": "1.0.0", "extracted_files": case.paths}
    if reply.status != 200:
        found[0].came = [reply.status, reply.body.get("message"), lists(reply.body.get("validation_info"))]
        return found
    check("body", body, reply.body)
    check("place", [ORGANIZATION, answer.repository, "1.0.0"], reply.place)
    return found + content(answer.pushed, reply.pushed)


def message(answer: Answer, reply: Reply) -> object:
    """The reply's message, without what may follow the text for unreadable files."""
    came = reply.body.get("message")
    if answer.message is None:
        return None
    if answer.message == UNREADABLE and isinstance(came, str) and came.startswith(UNREADABLE):
        return UNREADABLE  # a place and a reason may follow
    return came


def lists(info: object) -> object:
    """errors and warnings; further keys are ours. Where OMPS has none of both, ours are empty."""
    if not isinstance(info, dict):
        return info
    found = {key: value for key, value in info.items() if key in ("errors", "warnings")}
    return {} if found == {"errors": [], "warnings": []} else found


def content(expected: Pushed, came: Pushed | None) -> list[Difference]:
    """What differs in what was pushed."""
    if came is None or expected.kind != came.kind:
        return [Difference("pushed", expected.kind, came and came.kind)]
    if expected.content.keys() != came.content.keys():
        return [Difference("pushed files", sorted(expected.content), sorted(came.content))]
    return [
        Difference(f"pushed {name}", *shortest(expected.content[name], came.content[name]))
        for name in expected.content
        if expected.content[name] != came.content[name]
    ]


def shortest(expected: object, came: object) -> tuple[object, object]:
    """The innermost values that differ."""
    if isinstance(expected, list) and isinstance(came, list) and len(expected) == len(came):
        unequal = [(one, two) for one, two in zip(expected, came) if one != two]
        if len(unequal) == 1:
            return shortest(*unequal[0])
    if isinstance(expected, dict) and isinstance(came, dict) and expected.keys() == came.keys() and len(expected) == 1:
        (key,) = expected
        return shortest(expected[key], came[key])
    return expected, came


def signature(found: list[Difference]) -> str:
    """The same for differences of one kind: what was expected and what came, without names of files and places."""
    parts = []
    for difference in found:
        said = "" if difference.what.startswith("pushed") else f" {difference.expected} {difference.came}"
        parts.append(difference.what + re.sub(r"/?\S*\.ya?ml|line \d+|column \d+|/?\S*csv\d*\.\S+", "", said))
        if difference.what == "message":
            break  # the lists differ then too
    return " / ".join(parts)
