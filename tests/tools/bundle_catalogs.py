"""Catalogs in front of Debian's docker-registry: what pushes and deletions make of the image, and what that costs.

  tests/tools/bundle_catalogs.py ../shared/bundles/packages.jsonl ../shared/corpus/cases [--costs]

1. Ten operators of the corpus, one after the other, and in another order four at once into another catalog: the same digest.
   A second version of three of them, the release in the middle of a channel deleted. Unpacked with umoci: exactly
   /configs/<package>/catalog.json, with the bytes that the service shows.
2. Two servers push 20 packages of one catalog at once, one is killed in the middle: nothing that was released is lost.
3. With --costs: one more push to a catalog of 5, 50 and 500 packages: requests, bytes, milliseconds.

Exits with 1 when any of that does not hold. Needs PyYAML, skopeo and umoci."""
import argparse
import concurrent.futures
import json
import pathlib
import statistics
import tempfile
import threading
import time

import yaml

import bundle_corpus
import docker_registry
import fleet
from bundle_races import operator

ORGANIZATION = "corpus"
PACKAGES_AT_ONCE = 20
# Beside the release's own: three to read, four to put up layer and config, a look, the write, a look. A push whose turn comes
# after another reads again.
REQUESTS = 10


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=pathlib.Path, help="which uploads are valid")
    parser.add_argument("cases", type=pathlib.Path, help="the uploads")
    parser.add_argument("--server", default=fleet.BINARIES / "omps-server", help="path of omps-server")
    parser.add_argument("--costs", action="store_true", help="also with up to 500 packages, which takes minutes")
    return parser.parse_args()


def organization(name, catalog):
    return f'[ProdConfig.organizations.{name}]\ncatalog = {{ repository = "{catalog}" }}\n'


def files_of(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def next_version(files):
    """The same operator with one more version, which replaces the newest of the default channel; flat uploads only."""
    texts = {path: yaml.safe_load(content) for path, content in files.items() if path.endswith((".yaml", ".yml"))}
    package_file = next(path for path, text in texts.items() if "packageName" in text)
    package = texts[package_file]
    channels = package["channels"]
    channel = next((each for each in channels if each["name"] == package.get("defaultChannel")), channels[0])
    head = channel["currentCSV"]
    csv_file = next(path for path, text in texts.items() if text.get("metadata", {}).get("name") == head)
    csv = texts[csv_file]
    csv["metadata"]["name"], csv["spec"]["replaces"] = f"{head.rsplit('.v')[0]}.v99.0.0", head
    csv["spec"]["version"] = "99.0.0"
    csv["spec"].pop("skips", None)
    new = dict(files)
    # Only the new version: the catalog has the one that it replaces.
    del new[csv_file]
    new["zz-next.clusterserviceversion.yaml"] = yaml.safe_dump(csv).encode()
    for each in channels:
        if each["currentCSV"] == head:
            each["currentCSV"] = csv["metadata"]["name"]
    new[package_file] = yaml.safe_dump(package).encode()
    return new


class Check:
    """What is wrong, as it is found."""

    def __init__(self):
        self.problems = []

    def that(self, holds, problem):
        if not holds:
            self.problems.append(problem)
            print(f"WRONG: {problem}", flush=True)

    def pushed(self, answer, what):
        catalog = answer.body.get("catalog") or {}
        self.that(answer.status == 200 and catalog.get("updated"), f"{what}: {answer} {catalog or answer.body.get('message')}")
        return catalog


def of_catalog(registry, repository, before=0):
    """The requests to a catalog's repository."""
    return [each for each in registry.requests()[before:] if each[1].startswith(f"/v2/{ORGANIZATION}/{repository}/")]


def check_image(check, registry, server, directory, catalog):
    """The image has exactly the files that the service shows."""
    files = bundle_corpus.unpacked(f"{registry.host}/{ORGANIZATION}/{catalog}:latest", directory)
    listed = server.catalog(ORGANIZATION).body["packages"]
    wanted = {f"configs/{package['package']}/catalog.json" for package in listed}
    check.that(set(files) == wanted, f"the image has {sorted(files)}, wanted {sorted(wanted)}")
    return len(files)


def corpus(check, registry, servers, uploads, directory):
    """1."""
    names = sorted(uploads)
    one, other = servers
    rows = []
    for name in names:
        before = len(registry.requests())
        answer = one.push(ORGANIZATION, bundle_corpus.zipped(uploads[name]))
        catalog = check.pushed(answer, name)
        requests = of_catalog(registry, "one", before)
        rows.append([name, len(requests), len(catalog.get("added") or ()), catalog.get("digest", "-")[:19]])
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda name: other.push(ORGANIZATION, bundle_corpus.zipped(uploads[name])), reversed(names))
        for name, answer in zip(reversed(names), answers):
            check.pushed(answer, f"{name}, four at once")
    digests = [registry.digest(f"{ORGANIZATION}/{catalog}", "latest") for catalog in ("one", "other")]
    check.that(digests[0] == digests[1], f"another order has another digest: {digests}")
    fleet.table("ten operators, one after the other; requests are the catalog's", ("operator", "requests", "new bundles", "digest"), rows)
    print(f"in another order, four at once: {digests[1][:19]}; the same: {digests[0] == digests[1]}")
    flat = [name for name in names if name.endswith(".flat")][:3]
    for name in flat:
        answer = one.push(ORGANIZATION, bundle_corpus.zipped(next_version(uploads[name])), "500.0.0")
        catalog = check.pushed(answer, f"{name}, a second version")
        print(f"{name}, a second version: added {catalog.get('added')}, heads {catalog.get('heads')}")
    for name, where in zip(flat, ("between others", "the oldest")):
        # What was the head before; both releases have it.
        repository = next(each["package"] for each in one.catalog(ORGANIZATION).body["packages"] if each["package"] in name)
        one.delete(ORGANIZATION, repository, "1.0.0")
        catalog = check.pushed(one.delete(ORGANIZATION, repository, "2.0.0"), f"{repository} is deleted")
        print(f"{repository}: 1.0.0 and 2.0.0 are deleted, {where}: removed {catalog.get('removed')}, kept {catalog.get('kept')}")
    print(f"umoci: {check_image(check, registry, one, directory / 'image', 'one')} files, each /configs/<package>/catalog.json")
    fresh = one.catalog(ORGANIZATION, query="fresh=true", method="POST").body
    print(f"made anew from the releases: dropped {fresh.get('dropped')}, added {fresh.get('added')}, skipped {fresh.get('skipped')}")
    return flat


def killed(check, registry, servers):
    """2."""
    together = threading.Barrier(PACKAGES_AT_ONCE + 1)
    before = len(registry.requests())

    def push(number):
        together.wait()
        try:
            return servers[number % 2].push("killed", operator(f"lamp-{number}", "the same", "0.1.0"), "1.0.0")
        except OSError:
            return None

    def kill():
        together.wait()
        time.sleep(0.25)
        servers[1].kill()

    with concurrent.futures.ThreadPoolExecutor(PACKAGES_AT_ONCE + 1) as pool:
        killing = pool.submit(kill)
        answers = list(pool.map(push, range(PACKAGES_AT_ONCE)))
        killing.result()
    released = {number for number in range(PACKAGES_AT_ONCE) if "1.0.0" in registry.tags(f"killed/lamp-{number}")}
    answered = {number for number, answer in enumerate(answers) if answer and answer.status == 200}
    images = [each for each in registry.requests()[before:] if each[0] == "PUT" and each[1].startswith("/v2/killed/catalog/manifests/")]
    requests = [each for each in registry.requests()[before:] if each[1].startswith("/v2/killed/catalog/")]
    # The lease of the process that died ends with its deadline and the grace behind it.
    patience = time.monotonic() + 90
    while True:
        servers[0].catalog("killed", method="POST")
        listed = servers[0].catalog("killed").body
        if not listed["pending"] or time.monotonic() > patience:
            break
        time.sleep(2)
    packages = {package["package"] for package in listed["packages"]}
    lost = sorted(f"lamp-{number}" for number in released if f"lamp-{number}" not in packages)
    check.that(answered <= released, f"answered and not released: {answered - released}")
    check.that(not lost, f"released, and not in the catalog: {lost}")
    check.that(not listed["pending"], f"still pending: {listed['pending']}")
    check.that(len(requests) <= REQUESTS * PACKAGES_AT_ONCE * 2, f"{len(requests)} requests")
    print(f"\n{PACKAGES_AT_ONCE} pushes at once, one of two servers killed: {len(answered)} answered, {len(released)} released, "
          f"{len(images)} images, {len(requests)} requests to the catalog; afterwards {len(packages)} packages, {len(lost)} lost")


def costs(check, registry, server):
    """3."""
    rows, made = [], 0
    for packages in (5, 50, 500):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda number: server.push("costs", operator(f"lamp-{number}", "x" * 6_000, "0.1.0")), range(made, packages))
            for answer in answers:
                check.that(answer.status == 200, f"{answer} {answer.body}")
        made = packages
        server.catalog("costs", method="POST")
        times, requests, digest = [], [], None
        for number in range(5):
            name = f"extra-{packages}-{number}"
            plain = time.monotonic()
            server.push("plain", operator(name, "x" * 6_000, "0.1.0"))
            plain = time.monotonic() - plain
            before, began = len(registry.requests()), time.monotonic()
            answer = server.push("costs", operator(name, "x" * 6_000, "0.1.0"))
            times.append((time.monotonic() - began - plain) * 1000)
            check.pushed(answer, name)
            requests.append(len([each for each in registry.requests()[before:] if each[1].startswith("/v2/costs/catalog/")]))
            digest = answer.body["catalog"]["digest"]
        manifest = fleet.call("GET", f"http://{registry.host}/v2/costs/catalog/manifests/{digest}", headers={"Accept": docker_registry.ACCEPT})
        layers = manifest.body["layers"]
        layer = statistics.mean(each["size"] for each in layers[1:])
        sent = layer + manifest.body["config"]["size"] + int(manifest.headers["Content-Length"])
        rows.append([packages, len(layers), manifest.headers["Content-Length"], max(requests), f"{sent:,.0f}", f"{statistics.median(times):.0f}"])
        check.that(max(requests) <= REQUESTS, f"{max(requests)} requests with {packages} packages")
    fleet.table("one more push", ("packages", "layers", "manifest, bytes", "requests", "bytes sent", "ms more than without a catalog"), rows)


def main():
    arguments, running, check = options(), [], Check()
    packages = [json.loads(line) for line in arguments.packages.read_text().splitlines()]
    valid = [package["case"] for package in packages if package["expect"] == "accepted"]
    flat = [case for case in valid if case.endswith(".flat")]
    chosen = (flat[:5] + [case for case in valid if case not in flat])[:10]
    with tempfile.TemporaryDirectory(prefix="omps-bundle-catalogs-") as directory:
        directory = pathlib.Path(directory)
        try:
            registry = docker_registry.DockerRegistry(directory)
            running.append(registry)
            servers = []
            for name, store in (("one", "sqlite"), ("other", "memory")):
                store = fleet.Store(store, directory / name)
                lines = organization(ORGANIZATION, name) + organization("costs", "catalog")
                servers.append(docker_registry.Server(arguments.server, registry, store, directory, name, lines))
                running.append(servers[-1])
            uploads = {case: files_of(arguments.cases / case) for case in chosen}
            corpus(check, registry, servers, uploads, directory)
            shared, pair = fleet.Store("sqlite", directory / "shared"), []
            for number in range(2):
                lines = organization("killed", "catalog")
                pair.append(docker_registry.Server(arguments.server, registry, shared, directory, f"pair-{number}", lines))
                running.append(pair[-1])
            killed(check, registry, pair)
            if arguments.costs:
                costs(check, registry, servers[0])
        finally:
            for process in running:
                process.kill()
    print(f"\n{len(check.problems)} went wrong" if check.problems else "\nall as it should be")
    return bool(check.problems)


if __name__ == "__main__":
    raise SystemExit(main())
