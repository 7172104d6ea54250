"""What the reference answers: OMPS's lookup of the package name (ruamel.yaml), then operator-courier itself."""

import dataclasses
import logging
import os
import pathlib
import re
import tempfile
import traceback
import warnings
from collections.abc import Mapping, Set
from unittest import mock

from operatorcourier import api
from operatorcourier.api import build_and_verify
from operatorcourier.errors import OpCourierBadBundle, OpCourierBadYaml
from operatorcourier.push import PushCmd
from operatorcourier.verified_manifest import VerifiedManifest
from ruamel.yaml import YAML
from ruamel.yaml.comments import TaggedScalar

import schema
from blob import Pushed, read_blob
from case import Case

REPOSITORY = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}")
PREFIX = "Failed to push manifest: "
UNREADABLE = PREFIX + "Courier requires valid input YAML files"
INVALID = PREFIX + "Resulting bundle is invalid, input yaml is improperly defined."


@dataclasses.dataclass
class Answer:
    """What a service must answer."""

    status: int
    #: None: any message will do.
    message: str | None = None
    #: `errors` and `warnings`, also when all is well; empty for failures before the rules.
    validation_info: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    #: Where it is pushed; nothing when no package name was found.
    repository: str | None = None
    pushed: Pushed | None = None
    #: Why a 400 PackageValidationError is as right as this answer.
    excuse: str | None = None
    #: The reference crashed, and how: this answer is not its own.
    crash: str | None = None


logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")  # ruamel.yaml only warns of an anchor's second definition


def ask(case: Case) -> Answer:
    """The answer to one push."""
    with tempfile.TemporaryDirectory(prefix="oracle-") as directory:
        write(case, pathlib.Path(directory))
        name = package_name(case, pathlib.Path(directory))
        if isinstance(name, Answer):
            return name
        with sorted_listings():
            answer = verdict(case.repository or name, directory)
    answer.repository = case.repository or name
    if answer.excuse is None and not case.strict:
        answer.excuse = schema.oddity(case.files)
    return answer


def write(case: Case, directory: pathlib.Path) -> None:
    """Lays the files out."""
    for path, content in case.files.items():
        target = directory / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def package_name(case: Case, directory: pathlib.Path) -> str | Answer:
    """The first packageName in the top level's YAML files, by name, as YAML 1.2."""
    for path in sorted(directory.iterdir()):
        if not path.is_file() or not path.name.endswith((".yaml", ".yml")):
            continue
        failed = Answer(400, f"Failed to process yaml file /{path.name}")
        try:
            root = YAML().load(path.read_text())
        except Exception:
            return failed
        if isinstance(root, str | list | Set):
            continue
        if not isinstance(root, Mapping):
            return failed
        if "packageName" not in root:
            continue
        name = root["packageName"]
        if isinstance(name, TaggedScalar):
            name = name.value  # `!!str 5`, which OMPS itself does not handle
        if not isinstance(name, str) or not REPOSITORY.fullmatch(name):
            return Answer(400, excuse="a package name that cannot be a repository")
        return str(name)
    return Answer(400, "Could not find packageName in manifests.")


def verdict(repository: str, directory: str) -> Answer:
    """operator-courier's verdict and what it pushes."""
    blobs, manifests = [], []

    def keep(_self: PushCmd, _namespace: str, _repository: str, _release: str, blob: str, _token: str) -> None:
        blobs.append(blob)

    def build(*arguments: object, **options: object) -> VerifiedManifest:
        manifests.append(build_and_verify(*arguments, **options))
        return manifests[0]

    try:
        with mock.patch.object(PushCmd, "_push_to_registry", keep), mock.patch.object(api, "build_and_verify", build):
            api.build_verify_and_push("organization", repository, "1.0.0", "basic x", source_dir=directory)
    except OpCourierBadYaml as error:
        return Answer(400, PREFIX + str(error))
    except OpCourierBadBundle as error:
        return Answer(400, PREFIX + str(error), error.validation_info)
    except Exception as error:
        return crashed(error)
    return Answer(200, validation_info=manifests[0].validation_dict, pushed=read_blob(blobs[0]))


def crashed(error: Exception) -> Answer:
    """Where the reference crashed: a file that cannot be read is one for us, else any refusal is right."""
    crash = f"{type(error).__name__}: {str(error)[:80]}"
    frames = traceback.extract_tb(error.__traceback__)
    writing = any(frame.name in ("format_bundle", "dump", "validate") for frame in frames)
    reading = isinstance(error, UnicodeDecodeError) or any("yaml" in frame.filename.split(os.sep) for frame in frames)
    if reading and not writing:
        return Answer(400, UNREADABLE, crash=crash)
    return Answer(400, excuse="the reference crashed", crash=crash)


def sorted_listings() -> mock._patch:
    """Directories as the reference lists them, in the order of their names."""
    listdir, walk = os.listdir, os.walk

    def sorted_walk(*arguments: object, **options: object) -> object:
        for root, directories, files in walk(*arguments, **options):
            directories.sort()
            yield root, directories, sorted(files)

    return mock.patch.multiple(os, listdir=lambda *a: sorted(listdir(*a)), walk=sorted_walk)
