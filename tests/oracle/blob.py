"""What reached the registry, by meaning."""

import base64
import dataclasses
import datetime
import io
import json
import math
import tarfile

import yaml

LISTS = ("clusterServiceVersions", "customResourceDefinitions", "packages")


@dataclasses.dataclass
class Pushed:
    """A release's content."""

    #: `flat`, `nested`, or what is wrong with it.
    kind: str
    #: Nested: every file. Flat: each list of documents in canonical form.
    content: dict[str, object]


def read_blob(blob: str) -> Pushed:
    """Reads a base64 gzipped tar with one top directory."""
    files, tops = {}, set()
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(blob)), mode="r:gz") as archive:
        for member in archive:
            top, _, path = member.name.partition("/")
            tops.add(top)
            if member.isfile():
                files[path] = archive.extractfile(member).read()
            elif not member.isdir():
                return Pushed(f"odd member {member.name}", {})
    if len(tops) != 1:
        return Pushed(f"{len(tops)} top directories", {})
    if set(files) != {"bundle.yaml"}:
        return Pushed("nested", files)
    try:
        return Pushed("flat", read_bundle(files["bundle.yaml"]))
    except Exception as error:
        return Pushed(f"not a bundle: {error}", files)


def read_bundle(content: bytes) -> dict[str, object]:
    """The documents of a bundle.yaml, list by list."""
    bundle = load(content.decode())
    if list(bundle) != ["data"] or sorted(bundle["data"]) != sorted(LISTS):
        raise ValueError(f"keys {list(bundle)}, {list(bundle.get('data', []))}")
    data = bundle["data"]
    if not all(isinstance(text, str) for text in data.values()):
        raise ValueError("a list that is no text")
    return {name: canonical(load(text)) if text else None for name, text in data.items()}


class Loader(yaml.SafeLoader):
    """As `safe_load`; the reference writes the pairs of !!omap and !!pairs so that its own reader refuses them."""


Loader.add_constructor(
    "tag:yaml.org,2002:python/tuple", lambda loader, node: tuple(loader.construct_sequence(node, deep=True))
)


def load(text: str) -> object:
    """A document as YAML 1.1."""
    return yaml.load(text, Loader=Loader)


def canonical(value: object, above: tuple[int, ...] = ()) -> object:
    """A form of JSON in which 1, 1.0, true, "1", dates and bytes stay apart, and the order of keys does not matter."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return {"int": hex(value)}  # decimal digits are bounded in Python
    if isinstance(value, float):
        return {"float": "nan" if math.isnan(value) else repr(value)}
    if isinstance(value, datetime.date):
        return {"timestamp": value.isoformat()}
    if isinstance(value, bytes):
        return {"binary": value.hex()}
    if id(value) in above:
        return {"recursive": len(above) - above.index(id(value))}
    above = (*above, id(value))
    if isinstance(value, list):
        return [canonical(item, above) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [canonical(item, above) for item in value]}
    if isinstance(value, set):
        return {"set": sorted((canonical(item, above) for item in value), key=as_json)}
    pairs = ([canonical(key, above), canonical(item, above)] for key, item in value.items())
    return {"map": sorted(pairs, key=as_json)}


def as_json(value: object) -> str:
    """A key to sort by."""
    return json.dumps(value, sort_keys=True)
