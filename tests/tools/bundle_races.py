"""Many pushes of bundle images at once, through two servers with one ledger, to Debian's docker-registry, which lets every
push replace every tag.

For each case and round: every 200's tags have its digests, no tag was written twice, of the pushes with one version or one
bundle exactly one succeeds, and versions have no gaps but those of failed pushes. At last, of two releases with equal content
one is deleted, twice at once: the other and the bundle stay. Exits with 1 when any of that does not hold."""
import argparse
import collections
import concurrent.futures
import http.client
import io
import json
import pathlib
import tempfile
import threading
import time
import zipfile

import docker_registry
import fleet

# name, pushes at once, the version that all of them ask for, whether all have a bundle of one version
CASES = (
    ("50 without version", 50, None, False),
    ("50 of 9.0.0", 50, "9.0.0", False),
    ("50 contents of one bundle", 50, None, True),
)
HEADS = ("case", "round", "200s", "wrong digest", "moved tags", "other answers", "seconds", "verdict")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=fleet.BINARIES / "omps-server", help="path of omps-server")
    parser.add_argument("--rounds", type=int, default=2)
    return parser.parse_args()


def operator(package, mark, version):
    """A small valid operator whose bundle has this version."""
    name = f"lamp.v{version}"
    csv = (fleet.CSV % json.dumps(mark)).replace("lamp.v1.0.0", name).replace("version: 1.0.0", f"version: {version}")
    files = {"crd.yaml": fleet.CRD, "csv.yaml": csv, "package.yaml": (fleet.PACKAGE % package).replace("lamp.v1.0.0", name)}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file), text)
    return target.getvalue()


def at_once(count, work):
    """Does `work(number, ready)` so many times; all wait for each other in `ready`. `None` where there was no answer."""
    together = threading.Barrier(count)

    def one(number):
        try:
            return work(number, together.wait)
        except (OSError, http.client.HTTPException):
            return None

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def written(registry, repository):
    """How many times each tag of a repository was written."""
    start = f"/v2/{repository}/manifests/"
    puts = (path for method, path, status in registry.requests() if method == "PUT" and status == 201)
    return collections.Counter(path.removeprefix(start) for path in puts if path.startswith(start))


def is_wrong(registry, repository, body):
    """Whether a tag of this answer has another digest than the answer says."""
    tags = {body["version"]: body["image"].split("@")[1]}
    tags |= {bundle["tag"]: bundle["digest"] for bundle in body["bundles"]}
    return any(registry.digest(repository, tag) != digest for tag, digest in tags.items())


def judge(registry, repository, answers, version, one_bundle):
    """The columns of the table, and what is wrong."""
    done = [answer.body for answer in answers if answer and answer.status == 200]
    others = collections.Counter(str(answer) for answer in answers if not answer or answer.status != 200)
    wrong = sum(is_wrong(registry, repository, body) for body in done)
    moved = sorted(tag for tag, times in written(registry, repository).items() if times > 1)
    versions = {body["version"] for body in done}
    problems = []
    if wrong:
        problems.append("tags with other digests")
    if moved:
        problems.append("tags written twice")
    if len(versions) != len(done):
        problems.append("a version given twice")
    if (version or one_bundle) and len(done) != 1:
        problems.append("not exactly one 200")
    if not version and not one_bundle:
        if max((int(each.split(".")[0]) for each in versions), default=0) - len(versions) > others.total():
            problems.append("gaps that no failed push explains")
        if not done:
            problems.append("none succeeded")
    if any(answer.split()[0] not in ("500", "503") for answer in others):
        problems.append("answers other than 500 and 503")
    listed = ", ".join(f"{times} x {answer}" for answer, times in others.most_common()) or "-"
    return [len(done), wrong, len(moved), listed], problems


def delete_one_of_two(registry, servers):
    """Two servers delete one of two releases with equal content at once: what is wrong then."""
    repository, content = f"{fleet.ORGANIZATION}/lamp-deleted", operator("lamp-deleted", "the same", "0.1.0")
    for version in ("1.0.0", "2.0.0"):
        answer = servers[0].push(fleet.ORGANIZATION, content, version)
        if answer.status != 200:
            return [f"no push: {answer}"]
    kept = {tag: registry.digest(repository, tag) for tag in ("0.1.0", "2.0.0")}
    answers = at_once(2, lambda number, ready: servers[number].delete(fleet.ORGANIZATION, "lamp-deleted", "1.0.0", ready))
    problems = []
    statuses = sorted(answer.status if answer else 0 for answer in answers)
    if 200 not in statuses:
        problems.append(f"none deleted it: {[str(answer) for answer in answers]}")
    if registry.tags(repository) != set(kept):
        problems.append(f"the tags are {registry.tags(repository)}")
    problems += [f"{tag} is another" for tag, digest in kept.items() if registry.digest(repository, tag) != digest]
    print(f"\nof two equal releases one is deleted twice at once: {statuses}; {'; '.join(problems) or 'the other stays'}")
    return problems


def main():
    arguments, rows, wrong = options(), [], 0
    running = []
    with tempfile.TemporaryDirectory(prefix="omps-bundle-races-") as directory:
        directory = pathlib.Path(directory)
        try:
            registry = docker_registry.DockerRegistry(directory)
            running.append(registry)
            store, servers = fleet.Store("sqlite", directory / "data"), []
            for number in range(2):
                servers.append(docker_registry.Server(arguments.server, registry, store, directory, f"server-{number}"))
                running.append(servers[-1])
            for case, (name, count, version, one_bundle) in enumerate(CASES):
                for round_ in range(1, arguments.rounds + 1):
                    package, began = f"lamp-{case}-{round_}", time.monotonic()

                    def push(number, ready):
                        content = operator(package, f"push {number}", "0.1.0" if one_bundle else f"0.{number}.0")
                        return servers[number % 2].push(fleet.ORGANIZATION, content, version, ready)

                    answers = at_once(count, push)
                    seconds = time.monotonic() - began
                    columns, problems = judge(registry, f"{fleet.ORGANIZATION}/{package}", answers, version, one_bundle)
                    wrong += bool(problems)
                    rows.append([name, round_, *columns, f"{seconds:.1f}", "; ".join(problems) or "ok"])
            wrong += bool(delete_one_of_two(registry, servers))
        finally:
            for process in running:
                process.kill()
    fleet.table("two servers, one ledger in SQLite, docker-registry", HEADS, rows)
    print(f"\n{wrong} went wrong" if wrong else "\nall as it should be")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
