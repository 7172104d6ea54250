"""Valid operators to start from, and how their documents become YAML."""

import copy
import json
import re

from case import Case

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./_-]*")
NOT_TEXT = {"yes", "no", "on", "off", "true", "false", "null"}
Path = tuple[str | int, ...]


class Raw(str):
    """YAML that goes into a document as it is; lines after the first are indented with the rest."""


def scalar(value: object) -> str:
    """A value on one line."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        if PLAIN.fullmatch(value) and value.lower() not in NOT_TEXT:
            return value
        return quoted(value)
    return json.dumps(value)


def quoted(text: str) -> str:
    """A text in double quotes, escaped where YAML requires it."""
    text = json.dumps(text, ensure_ascii=False)
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]", lambda char: f"\\u{ord(char[0]):04x}", text
    )


def to_yaml(value: object, indent: int = 0) -> str:
    """A document in block style."""
    if isinstance(value, Raw) or not isinstance(value, dict | list) or not value:
        return scalar(value) + "\n"
    pad = " " * indent
    if isinstance(value, dict):
        return "".join(f"{pad}{scalar(key)}:{_after(item, indent)}" for key, item in value.items())
    return "".join(f"{pad}-{_after(item, indent)}" for item in value)


def _after(item: object, indent: int) -> str:
    if isinstance(item, Raw):
        return " " + item.replace("\n", "\n" + " " * (indent + 2)) + "\n"
    if isinstance(item, dict | list) and item:
        return "\n" + to_yaml(item, indent + 2)
    return " " + scalar(item) + "\n"


class Operator:
    """Documents by path, sorted by what they are."""

    def __init__(self, package: tuple[str, dict], csvs: dict[str, dict], crds: dict[str, dict]) -> None:
        self.documents: dict[str, object] = {**crds, **csvs, package[0]: package[1]}
        self.paths = {"package": [package[0]], "csv": list(csvs), "crd": list(crds)}
        #: What is done to the text of a file at last.
        self.finish: dict[str, list] = {}
        self.repository: str | None = None

    def document(self, role: str, number: int = 0) -> dict:
        """A document by what it is."""
        return self.documents[self.paths[role][number]]

    def put(self, role: str, path: Path, value: object, number: int = 0) -> None:
        """Sets a field; an empty path is the whole document."""
        if not path:
            self.documents[self.paths[role][number]] = value
            return
        parent = self.parent(role, path, number)
        if isinstance(parent, dict) or has_item(parent, path[-1]):
            parent[path[-1]] = value

    def drop(self, role: str, path: Path, number: int = 0) -> None:
        """Removes a field, if it is there."""
        parent = self.parent(role, path, number)
        if isinstance(parent, dict):
            parent.pop(path[-1], None)
        elif has_item(parent, path[-1]):
            del parent[path[-1]]

    def parent(self, role: str, path: Path, number: int) -> object:
        """What holds a field."""
        node = self.documents.get(self.paths[role][number])
        for key in path[:-1]:
            try:
                node = node[key]
            except (KeyError, IndexError, TypeError):
                return None  # an earlier change took the place away
        return node

    def case(self, name: str, strict: bool = False) -> Case:
        """The files of a push."""
        files = {}
        for path, document in self.documents.items():
            content = document if isinstance(document, bytes) else to_yaml(document).encode()
            for change in self.finish.get(path, []):
                content = change(content)
            files[path] = content
        return Case(name, files, self.repository, strict)


def has_item(node: object, key: str | int) -> bool:
    """Whether this is a list with an item of that number."""
    return isinstance(node, list) and isinstance(key, int) and len(node) > key


def crd(name: str = "memcacheds", kind: str = "Memcached", group: str = "cache.example.com") -> dict:
    """A CRD with spec.versions."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1beta1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{name}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": name},
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
    }


def old_crd(name: str = "backups", kind: str = "Backup", group: str = "cache.example.com") -> dict:
    """A CRD with spec.version."""
    document = crd(name, kind, group)
    del document["spec"]["versions"]
    document["spec"]["version"] = "v1alpha1"
    return document


def owned(document: dict) -> dict:
    """How a CSV says that it owns a CRD."""
    spec = document["spec"]
    version = spec["version"] if "version" in spec else spec["versions"][0]["name"]
    return {"name": document["metadata"]["name"], "kind": spec["names"]["kind"], "version": version}


def csv(version: str, *crds: dict) -> dict:
    """A CSV without a warning."""
    return {
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "ClusterServiceVersion",
        "metadata": {
            "name": f"memcached.v{version}",
            "annotations": {
                "categories": "Database", "description": "A cache", "containerImage": "quay.io/example/memcached",
                "createdAt": "2020-01-02", "support": "Example", "certified": "false", "alm-examples": "[]",
            },
        },
        "spec": {
            "displayName": "Memcached", "description": "A cache", "icon": [], "version": version,
            "provider": {"name": "Example"}, "maturity": "alpha", "installModes": [],
            "install": {"strategy": "deployment", "spec": {"deployments": [{"name": "memcached"}]}},
            "customresourcedefinitions": {"owned": [owned(document) for document in crds]},
        },
    }  # fmt: skip


def package(*versions: str) -> dict:
    """A package with a channel for each version."""
    channels = [{"name": f"channel-{version}", "currentCSV": f"memcached.v{version}"} for version in versions]
    return {"packageName": "memcached", "channels": channels}


def flat(package_path: str = "a.package.yaml") -> Operator:
    """One CSV, one CRD; the package comes first, so that only the verdict reads the others."""
    return Operator((package_path, package("1.0.0")), {"csv.yaml": csv("1.0.0", crd())}, {"crd.yaml": crd()})


def late() -> Operator:
    """The same, but the lookup of the package name reads CSV and CRD too."""
    return flat("package.yaml")


def bare(package_path: str = "a.package.yaml") -> Operator:
    """A CSV with what it must have, and no CRD."""
    document = csv("1.0.0")
    del document["metadata"]["annotations"], document["spec"]["customresourcedefinitions"]
    document["spec"] = {key: document["spec"][key] for key in ("description", "installModes", "install")}
    return Operator((package_path, package("1.0.0")), {"csv.yaml": document}, {})


def bare_late() -> Operator:
    """The same, the package last."""
    return bare("package.yaml")


def rich() -> Operator:
    """Two CSVs and three CRDs, flat, the package first."""
    both = crd("users", "User")
    both["spec"]["version"] = "v1"
    crds = {"crd1.yaml": crd(), "crd2.yml": old_crd(), "crd3.yaml": both}
    csvs = {"csv1.yaml": csv("1.0.0", *crds.values()), "csv2.yaml": csv("2.0.0", crd())}
    return Operator(("00-package.yaml", package("1.0.0", "2.0.0")), csvs, crds)


def nested() -> Operator:
    """Two versions in directories."""
    csvs = {"1.0.0/csv.yaml": csv("1.0.0", crd(), old_crd()), "1.1.0/csv.yaml": csv("1.1.0", crd())}
    crds = {"1.0.0/crd.yaml": crd(), "1.0.0/old.crd.yaml": old_crd(), "1.1.0/crd.yaml": crd()}
    return Operator(("package.yaml", package("1.0.0", "1.1.0")), csvs, crds)


BASES = {"flat": flat, "late": late, "rich": rich, "nested": nested}


def copy_of(document: dict) -> dict:
    """A document of its own."""
    return copy.deepcopy(document)
