"""Many pushes of one package at once, through one or several servers, to a Quay that loses pushes which overlap.

For each case and round: the content of every 200 is in Quay, no version is given twice, versions have no gaps but those of
failed pushes, and of the pushes with one version exactly one succeeds. Exits with 1 when any of that does not hold."""
import argparse
import collections
import concurrent.futures
import hashlib
import http.client
import pathlib
import tempfile
import threading
import time

import fleet
from lambda_runtime import Function

# name, pushes at once, the version that all of them ask for
CASES = (("20 without version", 20, None), ("50 without version", 50, None), ("50 of 1.0.0", 50, "1.0.0"))
REFUSED = "500 QuayCourierError"
HEADS = ("case", "round", "200s", "lost", "twice", "gaps", "failed", "other answers", "Quay asked", "seconds", "verdict")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=fleet.BINARIES / "omps-server", help="path of omps-server")
    parser.add_argument("--stand-ins", default=fleet.BINARIES / "stand-ins", help="path of stand-ins")
    parser.add_argument("--store", choices=fleet.STORES, default="memory")
    parser.add_argument("--dynamodb", metavar="URL", help="a DynamoDB; without it moto is started")
    parser.add_argument("--processes", type=int, help="servers (default: 1 with the store memory, else 2)")
    parser.add_argument("--functions", type=int, default=0, help="instances of the function push-zipfile beside them")
    parser.add_argument("--function", default=fleet.BINARIES / "push-zipfile", help="path of push-zipfile")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--push-window", default="5", metavar="MS", help="between Quay's look and its write (default 5; atomic: none)")
    parser.add_argument("--listing-limit", default="100", metavar="N")
    parser.add_argument("--requests-a-second", metavar="N", help="Quay's limit for one token (default: none)")
    arguments = parser.parse_args()
    if arguments.functions and arguments.store != "dynamodb":
        parser.error("functions share no store but dynamodb")
    return arguments


def push_all(targets, authorization, package, count, version):
    """Sends all pushes at the same moment: for each its mark and its answer, `None` when there was none."""
    together = threading.Barrier(count)

    def push(number):
        mark = f"push {number} to {package}"
        content_type, body = fleet.form(fleet.zipped(package, mark))
        path = f"/v2/{fleet.ORGANIZATION}/zipfile" + (f"/{version}" if version else "")
        headers = {"Authorization": authorization, "Content-Type": content_type}
        try:
            return mark, targets[number % len(targets)].post(path, body, headers, together.wait)
        except (OSError, http.client.HTTPException):
            return mark, None

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(push, range(count)))


def is_there(stand_ins, held, package, mark, version):
    """Whether Quay holds this push's content as that version, under the digest that it shows."""
    content = stand_ins.content(package, version)
    shown = [release["digest"] for release in held if release["release"] == version]
    return content is not None and mark.encode() in content and shown == [hashlib.sha256(content).hexdigest()]


def judge(stand_ins, package, answers, version):
    """The columns of the table, and what is wrong."""
    done = [(mark, answer.body.get("version")) for mark, answer in answers if answer and answer.status == 200]
    others = collections.Counter(str(answer) for _, answer in answers if not answer or answer.status != 200)
    repository = stand_ins.repository(package)
    held = repository["releases"] if repository else []
    lost = sum(not is_there(stand_ins, held, package, *push) for push in done)
    versions = {pushed for _, pushed in done}
    twice = len(done) - len(versions)
    failed = others.total()
    problems = []
    if lost:
        problems.append("content lost")
    if twice:
        problems.append("a version given twice")
    if len({release["release"] for release in held} - versions) > failed:
        problems.append("releases that nobody pushed")
    if done and not repository["public"]:
        problems.append("not public")
    if version:
        gaps = 0
        if len(done) != 1 or versions != {version}:
            problems.append("not exactly one 200")
        if set(others) != {REFUSED}:
            problems.append(f"answers other than {REFUSED}")
    else:
        numbers = {int(name.split(".")[0]) for name in versions | {release["release"] for release in held}}
        gaps = max(numbers, default=0) - len(versions)
        if gaps > failed:
            problems.append("gaps that no failed push explains")
        if not done:
            problems.append("none succeeded")
    listed = ", ".join(f"{times} x {answer}" for answer, times in others.most_common()) or "-"
    return [len(done), lost, twice, gaps, failed, listed], problems


def main():
    arguments = options()
    processes = arguments.processes if arguments.processes is not None else (1 if arguments.store == "memory" else 2)
    manners = ["--listing-limit", arguments.listing_limit, "--deletes-by-second"]
    if arguments.push_window != "atomic":
        manners += ["--push-window", arguments.push_window]
    if arguments.requests_a_second:
        manners += ["--requests-a-second", arguments.requests_a_second]
    running, rows, wrong = [], [], 0
    with tempfile.TemporaryDirectory(prefix="omps-races-") as directory:
        directory = pathlib.Path(directory)
        stand_ins = fleet.StandIns(arguments.stand_ins, manners)
        try:
            dynamodb = arguments.dynamodb
            if arguments.store == "dynamodb" and not dynamodb:
                moto, dynamodb = fleet.moto()
                running.append(moto)
            store = fleet.Store(arguments.store, directory / "data", dynamodb)
            targets = []
            for number in range(processes):
                targets.append(fleet.Server(arguments.server, stand_ins, store, directory, f"server-{number}"))
                running.append(targets[-1])
            for number in range(arguments.functions):
                targets.append(Function(arguments.function, stand_ins, store, directory, f"function-{number}"))
                running.append(targets[-1])
            for case, (name, count, version) in enumerate(CASES):
                for round_ in range(1, arguments.rounds + 1):
                    package, asked, began = f"lamp-{case}-{round_}", len(stand_ins.requests()), time.monotonic()
                    answers = push_all(targets, stand_ins.robot, package, count, version)
                    seconds = time.monotonic() - began
                    columns, problems = judge(stand_ins, package, answers, version)
                    wrong += bool(problems)
                    asked = len(stand_ins.requests()) - asked
                    rows.append([name, round_, *columns, asked, f"{seconds:.1f}", "; ".join(problems) or "ok"])
        finally:
            for process in running:
                process.kill()
            stand_ins.stop()
    fleet.table(f"store {arguments.store}, {processes} servers, {arguments.functions} functions, Quay: {' '.join(manners)}", HEADS, rows)
    print(f"\n{wrong} of {len(rows)} rounds went wrong" if wrong else f"\nall {len(rows)} rounds as they should be")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
