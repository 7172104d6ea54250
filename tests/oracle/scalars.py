"""Generated plain scalars: what the service reports and pushes shows how it reads them.

Three probes of each: in a list that is pushed; as `currentCSV`, whose message has it as Python's `str()` writes it;
as `certified`, which must be a text, in CSVs that each have another error too, so that the list of errors shows which.
"""

import itertools
import random
from collections.abc import Iterator

import yaml

from case import Case
from operators import Operator, Raw, flat, package
from texts import texts

TOKENS = (
    "0 1 2 5 7 8 9 00 10 12 59 60 2020 01 02 30 _ _ . . : : - - + e E e+ e- x 0x 0b 0o b o f a T t Z z inf .inf nan .nan "
    "yes No on OFF true False null ~ = < << ! ? y n N"
).split() + [" "]
PER_PUSH = 200


def cases(seed: int, count: int) -> Iterator[Case]:
    """Pushes of many scalars each, and of one each where it cannot be read."""
    chance = random.Random(seed)
    found = list(dict.fromkeys(itertools.islice(plain_scalars(chance), count)))
    readable = [text for text in found if can_read(text)]
    for start in range(0, len(readable), PER_PUSH):
        some = [Raw(text) for text in readable[start : start + PER_PUSH]]
        yield in_list(some).case(f"list {start}", strict=True)
        yield as_current_csv(some).case(f"currentCSV {start}", strict=True)
        yield as_certified(some).case(f"certified {start}", strict=True)
    for text in set(found) - set(readable):
        yield in_list([Raw(text)]).case(f"unreadable {text}", strict=True)


def in_list(some: list[Raw]) -> Operator:
    """Scalars in a list that is pushed."""
    operator = flat()
    operator.put("csv", ("spec", "x"), some)
    return operator


def as_current_csv(some: list[Raw]) -> Operator:
    """Scalars as the CSVs of channels."""
    operator = flat()
    operator.put("package", ("channels",), [{"name": "a", "currentCSV": text} for text in some])
    return operator


def as_certified(some: list[Raw]) -> Operator:
    """Scalars as annotations."""
    operator = flat()
    for number, text in enumerate(some):
        metadata = {"name": f"csv{number}", "annotations": {"certified": text}}
        operator.documents[f"csv{number:03}.yaml"] = {
            "kind": "ClusterServiceVersion",
            "apiVersion": "v1",
            "metadata": metadata,
        }
    operator.documents["a.package.yaml"] = package("1.0.0")
    return operator


def plain_scalars(chance: random.Random) -> Iterator[str]:
    """Texts of all kinds that are plain scalars."""
    seeds = [text for text in texts("scalars") if is_plain(text)]
    yield from seeds
    while True:
        text = (
            "".join(chance.choices(TOKENS, k=chance.randint(1, 7)))
            if chance.random() < 0.5
            else near(chance, chance.choice(seeds))
        )
        if is_plain(text):
            yield text


def near(chance: random.Random, text: str) -> str:
    """A text with one to three characters changed."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(text))
        text = (
            text[:at]
            + chance.choice(["", *"0123456789._:-+eExXbBoO aAfFnNtTyYzZ~="])
            + text[at + chance.randint(0, 1) :]
        )
    return text


def is_plain(text: str) -> bool:
    """Whether it is a plain scalar, without quotes, tag and anchor."""
    try:
        events = list(yaml.parse(f"a:\n  - {text}\n"))
    except Exception:
        return False
    scalars = [event for event in events if isinstance(event, yaml.ScalarEvent)]
    values = [event for event in scalars[1:] if event.style is None and event.tag is None and event.anchor is None]
    return len(scalars) == 2 and [event.value for event in values] == [text] and len(events) == 10 and text != ""


def can_read(text: str) -> bool:
    """Whether PyYAML has a value for it."""
    try:
        yaml.safe_load(f"- {text}")
    except Exception:
        return False
    return True
