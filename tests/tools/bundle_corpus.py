"""Pushes every valid operator of the corpus as bundle images to Debian's docker-registry, and reads them back.

  tests/tools/bundle_corpus.py ../shared/bundles/packages.jsonl ../shared/corpus/cases

For each: `skopeo inspect` shows the labels; `skopeo copy` and `umoci unpack` give exactly the manifests that were uploaded;
the same push again has the same answer and sends nothing; another release has the same bundles and no new blob; a server with
another directory, time zone, umask and ledger gives an upload in another order the same digests. Exits with 1 when any of that
does not hold."""
import argparse
import io
import json
import os
import pathlib
import subprocess
import tempfile
import zipfile

import docker_registry
import fleet

LABEL = "operators.operatorframework.io.bundle."
MANIFESTS = (".yaml", ".yml", ".json")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=pathlib.Path, help="which uploads are valid, and what is in no bundle")
    parser.add_argument("cases", type=pathlib.Path, help="the uploads")
    parser.add_argument("--server", default=fleet.BINARIES / "omps-server", help="path of omps-server")
    return parser.parse_args()


def zipped(files, backwards=False):
    """The files as a zip, in one order or the other."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files, reverse=backwards):
            time = (2001, 2, 3, 4, 5, 6) if backwards else (1980, 1, 1, 0, 0, 0)
            archive.writestr(zipfile.ZipInfo(name, time), files[name])
    return target.getvalue()


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def unpacked(image, directory):
    """The files of an image, by path."""
    directory.mkdir()
    run("skopeo", "copy", "--quiet", "--src-tls-verify=false", f"docker://{image}", f"oci:{directory}/layout:image")
    run("umoci", "unpack", "--rootless", "--image", f"{directory}/layout:image", str(directory / "bundle"))
    root = directory / "bundle/rootfs"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def is_of(name, content, uploaded):
    """Whether a manifest is an uploaded file, or a document of one that has several."""
    stem = pathlib.PurePath(name).stem.rpartition("-")[0]
    for path, bytes_ in uploaded.items():
        path = pathlib.PurePath(path)
        if path.name == name and bytes_ == content or stem and path.stem == stem and content.strip() in bytes_:
            return True
    return False


def wrong_content(files, uploaded, left_out):
    """What is wrong with the manifests of an unpacked bundle."""
    manifests = {path.removeprefix("manifests/"): files[path] for path in files if path.startswith("manifests/")}
    problems = [f"{name} was not uploaded" for name in manifests if not is_of(name, manifests[name], uploaded)]
    # In a nested upload, the folder of the CSV is the bundle.
    folders = {os.path.dirname(path) for path in uploaded if uploaded[path] in manifests.values() and b"ClusterServiceVersion" in uploaded[path]}
    for path in uploaded:
        folder, name = os.path.split(path)
        is_manifest = path.lower().endswith(MANIFESTS) and path not in left_out
        if folder and folder in folders and is_manifest and uploaded[path] not in manifests.values():
            split = any(other.startswith(pathlib.PurePath(name).stem + "-") for other in manifests)
            problems += [] if split else [f"{path} is missing"]
    return problems + ([] if "metadata/annotations.yaml" in files else ["no annotations.yaml"])


def wrong_labels(image, bundle, repository):
    labels = json.loads(run("skopeo", "inspect", "--no-tags", "--tls-verify=false", f"docker://{image}"))["Labels"] or {}
    wanted = {
        "mediatype.v1": "registry+v1",
        "manifests.v1": "manifests/",
        "metadata.v1": "metadata/",
        "package.v1": repository,
        "channels.v1": ",".join(bundle["channels"]),
    }
    return [f"label {name}: {labels.get(LABEL + name)}" for name, value in wanted.items() if labels.get(LABEL + name) != value]


def digests(answer):
    return [bundle["digest"] for bundle in answer.body.get("bundles") or ()]


def image_digest(answer):
    return answer.body["image"].split("@")[1]


class Corpus:
    def __init__(self, registry, servers, directory):
        self.registry, (self.server, self.other), self.directory = registry, servers, directory
        self.bundles = 0

    def uploads_since(self, before):
        return [path for method, path, _ in self.registry.requests()[before:] if method == "POST" and "/blobs/uploads/" in path]

    def check(self, case, uploaded, left_out):
        """What is wrong with the releases of one operator."""
        content, key = zipped(uploaded), f"corpus-{case}"
        first = self.server.push("corpus", content, "99.0.0", **{"Idempotency-Key": key})
        if first.status != 200:
            return [f"{first} {first.body.get('message')}"]
        before = len(self.registry.requests())
        again = self.server.push("corpus", content, "99.0.0", **{"Idempotency-Key": key})
        later = self.server.push("corpus", content, "100.0.0")
        problems = []
        if again.body != first.body:
            problems.append("the same push again has another answer")
        if later.status != 200 or digests(later) != digests(first):
            problems.append(f"another release has other bundles: {later}")
        if self.uploads_since(before):
            problems.append("the same bundles were uploaded again")
        elsewhere = self.other.push("elsewhere", zipped(uploaded, backwards=True), "99.0.0")
        if elsewhere.status != 200 or digests(elsewhere) != digests(first) or image_digest(elsewhere) != image_digest(first):
            problems.append(f"another server gives other digests: {elsewhere}")
        repository = first.body["repo"]
        for number, bundle in enumerate(first.body["bundles"]):
            self.bundles += 1
            image = f"{self.registry.host}/corpus/{repository}:{bundle['tag']}"
            if self.registry.digest(f"corpus/{repository}", bundle["tag"]) != bundle["digest"]:
                problems.append(f"{bundle['name']}: another digest")
            files = unpacked(image, self.directory / f"{case}-{number}")
            found = wrong_labels(image, bundle, repository) + wrong_content(files, uploaded, left_out)
            problems += [f"{bundle['name']}: {problem}" for problem in found]
        return problems


def server_elsewhere(binary, registry, directory):
    """A server with another directory, time zone, umask and ledger."""
    other = directory / "another directory"
    other.mkdir()
    was, mask = os.getcwd(), os.umask(0o077)
    os.chdir(other)
    try:
        store = fleet.Store("memory", directory)
        return docker_registry.Server(binary, registry, store, directory, "other", TZ="Pacific/Auckland", LC_ALL="C")
    finally:
        os.chdir(was)
        os.umask(mask)


def main():
    arguments, wrong = options(), 0
    packages = [json.loads(line) for line in arguments.packages.read_text().splitlines()]
    valid = [package for package in packages if package["expect"] == "accepted"]
    binary, running = pathlib.Path(arguments.server).resolve(), []
    with tempfile.TemporaryDirectory(prefix="omps-bundle-corpus-") as directory:
        directory = pathlib.Path(directory)
        try:
            registry = docker_registry.DockerRegistry(directory)
            running.append(registry)
            server = docker_registry.Server(binary, registry, fleet.Store("memory", directory), directory, "server")
            running.append(server)
            running.append(server_elsewhere(binary, registry, directory))
            corpus = Corpus(registry, running[1:], directory)
            for package in valid:
                root = arguments.cases / package["case"]
                paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
                uploaded = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
                problems = corpus.check(package["case"], uploaded, set(package.get("left_out") or ()))
                wrong += bool(problems)
                for problem in problems:
                    print(f"{package['case']}: {problem}", flush=True)
        finally:
            for process in running:
                process.kill()
    print(f"{len(valid)} of {len(packages)} operators are valid; {corpus.bundles} bundles were read back; {wrong} operators went wrong")
    return bool(wrong) or not valid


if __name__ == "__main__":
    raise SystemExit(main())
