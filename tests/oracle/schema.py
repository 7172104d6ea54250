"""Values of types that no schema allows, in fields that the reference reads. There it does as Python does with the type."""

from collections.abc import Iterator

import yaml

from operators import Path

#: For each kind: fields, and the type that their schema allows. `*` is every item. Fields for which the rules have a message
#: of their own (certified, strategy, deployments…) are not here.
FIELDS: dict[str, dict[Path, type | tuple[type, ...]]] = {
    "CustomResourceDefinition": {
        ("metadata",): dict,
        ("metadata", "name"): str,
        ("spec",): dict,
        ("spec", "group"): str,
        ("spec", "names"): dict,
        ("spec", "names", "kind"): str,
        ("spec", "names", "plural"): str,
        ("spec", "version"): str,
        ("spec", "versions"): list,
        ("spec", "versions", "*"): dict,
        ("spec", "versions", "*", "name"): str,
    },
    "ClusterServiceVersion": {
        ("metadata",): dict,
        ("metadata", "name"): str,
        ("metadata", "annotations"): dict,
        ("spec",): dict,
        ("spec", "install"): dict,
        ("spec", "install", "spec"): dict,
        ("spec", "customresourcedefinitions"): (dict, type(None)),
        ("spec", "customresourcedefinitions", "owned"): list,
        ("spec", "customresourcedefinitions", "owned", "*"): dict,
        ("spec", "customresourcedefinitions", "owned", "*", "name"): str,
        ("spec", "customresourcedefinitions", "owned", "*", "kind"): str,
        ("spec", "customresourcedefinitions", "owned", "*", "version"): str,
    },
    "package": {
        ("packageName",): str,
        ("channels",): list,
        ("channels", "*"): dict,
        ("channels", "*", "currentCSV"): str,
    },
}


def oddity(files: dict[str, bytes]) -> str | None:
    """The first value of a type that no schema allows."""
    for path, content in files.items():
        try:
            root = yaml.safe_load(content.decode())
        except Exception:
            continue  # unreadable: the answer says so
        if not isinstance(root, dict):
            continue
        kind = "package" if "packageName" in root else root.get("kind")
        for field, expected in FIELDS.get(kind if isinstance(kind, str) else "", {}).items():
            for value in values(root, field):
                if not isinstance(value, expected):
                    return f"{path}: {'.'.join(field)} is {type(value).__name__}"
        if kind == "ClusterServiceVersion":
            examples = list(values(root, ("metadata", "annotations", "alm-examples")))
            if any(isinstance(value, bytes) for value in examples):
                return f"{path}: alm-examples is bytes"
            descriptions = list(values(root, ("spec", "description")))
            if any(isinstance(value, list | dict | set | bytes) for value in descriptions):
                return f"{path}: spec.description is {type(descriptions[0]).__name__}"
    return None


def values(node: object, path: Path) -> Iterator[object]:
    """The values at a path."""
    if not path:
        yield node
    elif path[0] == "*":
        for item in node if isinstance(node, list) else []:
            yield from values(item, path[1:])
    elif isinstance(node, dict) and path[0] in node:
        yield from values(node[path[0]], path[1:])
