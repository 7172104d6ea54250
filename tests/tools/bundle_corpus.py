"""Pushes every valid operator of the corpus as bundle images to Debian's docker-registry, and reads them back.

  tests/tools/bundle_corpus.py ../shared/bundles/packages.jsonl ../shared/corpus/cases ../shared/bundles/layers.jsonl

For each: `skopeo inspect` shows the labels; `skopeo copy` and `umoci unpack` give exactly the manifests that were uploaded;
the same push again has the same answer and sends nothing; another release has the same bundles and no new blob; a server with
another directory, time zone, umask and ledger gives an upload in another order the same digests; what umoci unpacks is what
layers.jsonl says, with modes, times and nothing beside. Then one new version in a nested upload leaves the digests of the others
alone. Exits with 1 when any of that does not hold. Needs PyYAML, skopeo and umoci."""
import argparse
import hashlib
import io
import json
import os
import pathlib
import subprocess
import tempfile
import zipfile

import yaml

import docker_registry
import fleet

SAMPLE = pathlib.Path(__file__).resolve().parents[1] / "fixtures/larder-operator"
LABEL = "operators.operatorframework.io.bundle."
MANIFESTS = (".yaml", ".yml", ".json")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=pathlib.Path, help="which uploads are valid, and what is in no bundle")
    parser.add_argument("cases", type=pathlib.Path, help="the uploads")
    parser.add_argument("layers", type=pathlib.Path, help="what the layers of some bundles must hold")
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


def wrong_layer(root, expected):
    """What umoci unpacked otherwise than layers.jsonl says."""
    problems, found = [], set()
    for path in root.rglob("*"):
        name, stat = path.relative_to(root).as_posix() + ("/" if path.is_dir() else ""), path.lstat()
        found.add((name, f"{stat.st_mode & 0o7777:04o}", None if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()))
        if stat.st_mtime:
            problems.append(f"{name}: the time {stat.st_mtime}")
    annotations = root / "metadata/annotations.yaml"
    # Its bytes are free.
    found = {(name, mode, None if name == "metadata/annotations.yaml" else digest) for name, mode, digest in found}
    wanted = {tuple(each) for each in expected["files"]}
    problems += [f"unpacked, and not wanted: {each}" for each in sorted(found - wanted, key=str)]
    problems += [f"wanted, and not unpacked: {each}" for each in sorted(wanted - found, key=str)]
    if yaml.safe_load(annotations.read_text())["annotations"] != expected["annotations"]:
        problems.append("other annotations")
    return problems


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
    def __init__(self, registry, servers, directory, layers):
        self.registry, (self.server, self.other), self.directory, self.layers = registry, servers, directory, layers
        self.bundles, self.compared = 0, 0

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
            expected = self.layers.get((case, bundle["name"]))
            if expected:
                self.compared += 1
                found += wrong_layer(self.directory / f"{case}-{number}/bundle/rootfs", expected)
            problems += [f"{bundle['name']}: {problem}" for problem in found]
        return problems

    def check_a_new_version(self):
        """What is wrong where one version is added to the sample, a nested upload."""
        uploaded = {path.relative_to(SAMPLE).as_posix(): path.read_text() for path in SAMPLE.rglob("*") if path.is_file()}
        added = dict(uploaded)
        for path, text in uploaded.items():
            if path.startswith("0.4.0/"):
                text = text.replace("0.4.0", "0.4.1").replace("  version: 0.4.1\n", "  version: 0.4.1\n  replaces: larder-operator.v0.4.0\n")
                added[path.replace("0.4.0", "0.4.1")] = text
        # In the default channel: in another one, the old head would name other channels, and so be another bundle.
        added["larder.package.yaml"] = uploaded["larder.package.yaml"].replace("v0.4.0", "v0.4.1")
        first, second = (self.server.push("versions", zipped(files)) for files in (uploaded, added))
        before, after = ({bundle["name"]: bundle["digest"] for bundle in answer.body.get("bundles") or ()} for answer in (first, second))
        print(f"a new version in a nested upload: {before} -> {after}")
        new = set(after) - set(before)
        kept = all(after.get(name) == digest for name, digest in before.items())
        written = {bundle["name"] for bundle in second.body.get("bundles") or () if bundle["pushed"]}
        if not before or new != {"larder-operator.v0.4.1"} or not kept or written != new:
            return [f"a new version in a nested upload: {first} {second}: written {written}"]
        return []


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
            layers = [json.loads(line) for line in arguments.layers.read_text().splitlines()]
            layers = {(layer["case"], layer["name"]): layer for layer in layers}
            corpus = Corpus(registry, running[1:], directory, layers)
            for package in valid:
                root = arguments.cases / package["case"]
                paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
                uploaded = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
                problems = corpus.check(package["case"], uploaded, set(package.get("left_out") or ()))
                wrong += bool(problems)
                for problem in problems:
                    print(f"{package['case']}: {problem}", flush=True)
            for problem in corpus.check_a_new_version():
                wrong += 1
                print(problem, flush=True)
        finally:
            for process in running:
                process.kill()
    print(f"{len(valid)} of {len(packages)} operators are valid; {corpus.bundles} bundles were read back; "
          f"{corpus.compared} of {len(layers)} layers were compared; {wrong} operators went wrong")
    return bool(wrong) or not valid or corpus.compared != len(layers)


if __name__ == "__main__":
    raise SystemExit(main())
