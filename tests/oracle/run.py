"""Asks the reference and the service about every case, and prints what differs."""

import argparse
import contextlib
import itertools
import multiprocessing
import time
from collections.abc import Iterator

import coverage
import generate
import scalars
import service
from case import Case
from compare import strict_differences, differences, excused, validated
from reference import Answer, ask
from report import Report


def run(options: argparse.Namespace) -> int:
    """The exit status."""
    start = time.monotonic()
    cases = chosen(options)
    with multiprocessing.Pool(options.jobs) as pool, contextlib.ExitStack() as stack:
        answers = zip(cases, pool.imap(ask, cases, chunksize=4))
        if options.reference_only:
            return coverage.print_coverage(answers)
        if options.server:
            running = stack.enter_context(service.started(options.server.resolve()))
        else:
            running = service.Service(options.url, options.registry)
        report = asked(running, answers)
        report.seconds = time.monotonic() - start
        report.print_all(options, running)
    return 1 if report.differing else 0


def chosen(options: argparse.Namespace) -> list[Case]:
    """The cases that the command line asks for."""
    found = scalars.cases(options.seed, options.scalars) if options.scalars else generate.cases(options.seed)
    return [
        case
        for case in itertools.islice(found, None if options.scalars else options.count)
        if options.only in case.name
    ]


def asked(running: service.Service, answers: Iterator[tuple[Case, Answer]]) -> Report:
    """Pushes every case."""
    report = Report()
    for case, answer in answers:
        start = time.monotonic()
        reply = running.push(case)
        report.slowest = max(report.slowest, (time.monotonic() - start, case.name))
        found = differences(case, answer, reply)
        if not found and case.repository is None:
            found = validated(case, answer, reply, running.validate(case))
        if found:
            report.add(case, answer, reply, found)
        elif answer.excuse and strict_differences(case, answer, reply):
            report.refused_instead.append((case, answer, reply))
            assert excused(reply)
        report.count(answer)
    return report
