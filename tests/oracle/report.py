"""What is printed at the end: counts, and for each kind of difference its smallest case."""

import argparse
import collections
import dataclasses
import json
import pathlib

import shrink
from case import Case
from compare import Difference, excused, signature
from reference import Answer
from service import Reply, Service

LINES = (pathlib.Path(__file__).parent / "explained.txt").read_text().splitlines()


@dataclasses.dataclass
class Explanation:
    """A line of explained.txt."""

    #: A part of the case's name.
    part: str
    #: A part of what a finding must name, where a reading was given up.
    found: str

    def fits(self, case: Case, reply: Reply) -> bool:
        """Whether it explains why this case differs."""
        if self.part not in f"{case.name}⏎":
            return False
        info = reply.body.get("validation_info") or {}
        says = any(self.found in finding["found"] for finding in info.get("findings", []))
        return not self.found or excused(reply) and says


def explanation(line: str) -> Explanation:
    """What a line says: `part # reason`, or `part => found # reason`."""
    part, _, found = line.rpartition(" # ")[0].partition(" => ")
    return Explanation(part, found)


EXPLAINED = [explanation(line) for line in LINES if " # " in line and not line.startswith("#")]


@dataclasses.dataclass
class Report:
    """What was found."""

    differing: list[tuple[Case, Answer, list[Difference]]] = dataclasses.field(default_factory=list)
    #: Cases that differ for a reason in explained.txt.
    explained: list[Case] = dataclasses.field(default_factory=list)
    #: Cases in which a refusal is as right as the reference's answer, and came in its place.
    refused_instead: list[tuple[Case, Answer, Reply]] = dataclasses.field(default_factory=list)
    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    seconds: float = 0
    slowest: tuple[float, str] = (0.0, "")

    def add(self, case: Case, answer: Answer, reply: Reply, found: list[Difference]) -> None:
        """Adds a case that differs."""
        broke = any(difference.what == "status" and str(difference.came).startswith("[5") for difference in found)
        if not broke and any(line.fits(case, reply) for line in EXPLAINED):
            self.explained.append(case)
        else:
            self.differing.append((case, answer, found))

    def count(self, answer: Answer) -> None:
        """Counts the answer that was expected of a case."""
        self.counts["cases"] += 1
        if answer.excuse:
            self.counts["crashed" if answer.crash else "odd"] += 1
        else:
            self.counts["pushed" if answer.status == 200 else "refused"] += 1

    def print_all(self, options: argparse.Namespace, service: Service) -> None:
        """Prints it."""
        for number, group in enumerate(self.groups()[: options.groups], 1):
            print_group(number, group, service)
        if options.odd:
            for case, answer, reply in sorted(self.refused_instead, key=lambda row: row[0].size):
                print(
                    f"instead of {answer.status} {answer.crash or answer.validation_info}: {case.name} ({answer.excuse})"
                )
                print(f"    {reply.body.get('message')} {reply.body.get('validation_info', {}).get('errors')}")
        if options.keep:
            keep(options.keep, [case for case, _, _ in self.differing])
        counts = self.counts
        print(
            f"{counts['cases']} cases in {self.seconds:.0f} s: {counts['pushed']} pushed, {counts['refused']} refused; counted "
            f"apart {counts['crashed']} where the reference crashes and {counts['odd']} of odd types, of which "
            f"{len(self.refused_instead)} were refused in the reference's place"
        )
        if self.explained:
            print(f"{len(self.explained)} differ as explained.txt says")
        print(f"slowest push {self.slowest[0] * 1000:.0f} ms: {self.slowest[1]}")
        print(f"{len(self.differing)} differences")

    def groups(self) -> list[list[tuple[Case, Answer, list[Difference]]]]:
        """Differences by kind, each with its smallest case first."""
        kinds = collections.defaultdict(list)
        for row in self.differing:
            kinds[signature(row[2])].append(row)
        return sorted((sorted(rows, key=lambda row: row[0].size) for rows in kinds.values()), key=len, reverse=True)


def print_group(number: int, group: list[tuple[Case, Answer, list[Difference]]], service: Service) -> None:
    """One kind of difference: the names of its cases, and the smallest, made smaller still."""
    case, answer, found = shrink.smallest(group[0], service)
    print(f"──── {number}: {len(group)} cases, such as")
    for other, _, _ in group[:12]:
        print(f"     {other.name}")
    for path, content in case.files.items():
        print(f"  ┌ {path}")
        for line in content[:1500].decode(errors="backslashreplace").split("\n"):
            print(f"  │ {line}")
    if answer.crash or answer.excuse:
        print(f"  the reference: {answer.crash or answer.excuse}")
    for difference in found:
        print(f"  {difference.what}\n    expected {short(difference.expected)}\n    came   {short(difference.came)}")


def short(value: object) -> str:
    """A value on one line."""
    text = value if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) < 400 else text[:300] + " … " + text[-80:]


def keep(directory: pathlib.Path, cases: list[Case]) -> None:
    """Writes cases as zip files, with their names in a list."""
    directory.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(cases):
        (directory / f"{number:04}.zip").write_bytes(case.archive())
    (directory / "names.txt").write_text("".join(f"{number:04} {case.name}\n" for number, case in enumerate(cases)))
