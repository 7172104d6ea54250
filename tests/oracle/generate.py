"""Cases in a fixed order: every rule alone first, then each group in turn, at last random combinations without end."""

import itertools
import random
from collections.abc import Callable, Iterator

from case import Case
from layouts import BROKEN, PACKAGE, changed, layouts
from mutations import (
    FIELDS, ITEM, KEYS, NOTES, RULES, SHAPES, VALUES, VERSIONS, WARNINGS, Mutation, both, drop, put, rewritten, version, with_owned, with_versions,
)  # fmt: skip
from operators import BASES, Operator, Path, Raw, bare, bare_late, copy_of, flat, late, nested, rich
from texts import CHANGES, marked, prepended, texts

Maker = Callable[[], Case]
Group = list[Maker]
SCALARS, DOCUMENTS, JSON = texts("scalars"), texts("documents"), texts("json")


def cases(seed: int) -> Iterator[Case]:
    """All of them; the first of a number are the same for every larger number."""
    chance = random.Random(seed)
    for maker in [*rules(flat), *layout_messages()]:
        yield maker()
    groups = [
        rules(rich) + rules(nested), layout_cases(), fields(), keys(), shapes(), scalars_as_values(), scalars_in_fields(), documents(),
        json_texts(), changes(), rule_pairs(),
    ]  # fmt: skip
    for group in groups:
        chance.shuffle(group)
    for makers in itertools.zip_longest(*groups):
        for maker in filter(None, makers):
            yield maker()
        yield combination(chance)
    while True:
        yield combination(chance)


def apply(base: Callable[[], Operator], name: str, *mutations: Mutation) -> Maker:
    """A case from an operator and changes to it."""

    def make() -> Case:
        operator = base()
        for mutation in mutations:
            mutation(operator)
        return operator.case(f"{base.__name__}: {name}")

    return make


def rules(base: Callable[[], Operator]) -> Group:
    """Each rule broken alone; what is only warned of also beside an error, which shows the warnings."""
    error = RULES["csv installModes"]
    found = [apply(base, name, mutation) for name, mutation in (RULES | WARNINGS).items()]
    return found + [apply(base, f"{name} and an error", mutation, error) for name, mutation in WARNINGS.items()]


def rule_pairs() -> Group:
    """Each two rules broken together."""
    bases = itertools.cycle((flat, nested, rich))
    pairs = itertools.combinations((RULES | WARNINGS).items(), 2)
    return [apply(base, f"{one} + {two}", first, second) for base, ((one, first), (two, second)) in zip(bases, pairs)]


def layout_cases() -> Group:
    """Each layout."""
    return [lambda name=name, operator=operator: operator.case(name) for name, operator in layouts().items()]


def layout_messages() -> Group:
    """A case for each message about the layout."""
    found = {
        "no package": {"package.yaml": None},
        "no package for the verdict": {"package.yaml": None, ".yaml": PACKAGE},
        "two packages": {"package2.yaml": PACKAGE},
        "no CSV": {"csv.yaml": None},
        "unreadable before the package": {"a.yaml": BROKEN},
        "unreadable behind the package": {"z.yaml": BROKEN},
    }
    return [
        lambda name=name, files=files: changed(late(), files).case(f"late: {name}") for name, files in found.items()
    ]


def fields() -> Group:
    """Each field missing, and of each type."""
    found = []
    for role, path in FIELDS:
        field = f"{role} {'.'.join(map(str, path))}"
        if path:
            found += [apply(base, f"{field} missing", drop(role, *path)) for base in (flat, nested)]
        found += [apply(flat, f"{field} is {name}", put(role, path, value)) for name, value in VALUES.items()]
        found += [apply(nested, f"{field} is null", put(role, path, None))]
    return found


def keys() -> Group:
    """Each field's key written in another way, twice, or merged in."""
    return [
        apply(base, f"{role} {'.'.join(map(str, path))} {name}", rewritten(role, path, change))
        for (role, path), base in zip(FIELDS * 2, itertools.cycle((flat, nested, late)))
        if path and isinstance(path[-1], str)
        for name, change in KEYS.items()
    ]


def shapes() -> Group:
    """Several of everything."""
    return [apply(base, name, mutation) for base in (flat, rich, nested) for name, mutation in SHAPES.items()]


def scalars_as_values() -> Group:
    """Each odd scalar as a value that no rule looks at, and as a key."""
    found = []
    for text in SCALARS:
        found.append(apply(bare, f"spec.x: {marked(text)}", put("csv", ("spec", "x"), Raw(text))))
        found.append(apply(bare_late, f"spec.x: {marked(text)}", put("csv", ("spec", "x"), Raw(text))))
        found.append(apply(bare, f"spec.x: - {marked(text)}", put("csv", ("spec", "x"), [Raw(text), "end"])))
        if "\n" not in text:
            found.append(apply(bare, f"spec.x as key: {marked(text)}", put("csv", ("spec", "x"), {Raw(text): "a"})))
            found.append(
                apply(
                    bare, f"spec.x in flow: {marked(text)}", put("csv", ("spec", "x"), Raw(f"[{text}, {{a: {text}}}]"))
                )
            )
    return found


def named_repository(text: Raw) -> Mutation:
    """A package name, pushed under v1 to another repository."""
    return both(put("package", ("packageName",), text), lambda operator: setattr(operator, "repository", "another"))


#: Fields that an odd scalar is put into.
SCALAR_FIELDS: dict[str, Callable[[Raw], Mutation]] = {
    "description": lambda text: put("csv", ("spec", "description"), text),
    "certified": lambda text: put("csv", (*NOTES, "certified"), text),
    "alm-examples": lambda text: put("csv", (*NOTES, "alm-examples"), text),
    "strategy": lambda text: put("csv", ("spec", "install", "strategy"), text),
    "permissions": lambda text: put("csv", ("spec", "install", "spec", "permissions"), text),
    "CSV kind": lambda text: put("csv", ("kind",), text),
    "another kind": lambda text: lambda operator: operator.documents.update({"z.yaml": {"kind": text}}),
    "storage": lambda text: put("crd", (*VERSIONS, 0, "storage"), text),
    "version here and there": lambda text: both(with_versions(version(text)), with_owned({**ITEM, "version": text})),
    "version here": lambda text: with_owned({**ITEM, "version": text}),
    "owned name": lambda text: with_owned({**ITEM, "name": text}),
    "CSV name here and there": lambda text: both(
        put("csv", ("metadata", "name"), text), put("package", ("channels", 0, "currentCSV"), text)
    ),
    "currentCSV": lambda text: put("package", ("channels", 0, "currentCSV"), text),
    "packageName": lambda text: put("package", ("packageName",), text),
    "packageName under v1": named_repository,
    "apiVersion": lambda text: put("package", ("apiVersion",), text),
    "nested CSV": lambda text: put("csv", ("spec", "x"), text),
}


def scalars_in_fields() -> Group:
    """Each odd scalar in fields that the rules look at."""
    found = []
    for field, change in SCALAR_FIELDS.items():
        base = nested if field.startswith("nested") else flat
        found += [apply(base, f"{field}: {marked(text)}", change(Raw(text))) for text in SCALARS]
    return found


def documents() -> Group:
    """Each odd text at the head of a CSV, and as a file that is read before or after the package, or in a directory."""
    found = []
    for text in DOCUMENTS:
        content, name = text.encode(), marked(text)
        found.append(apply(bare, f"CSV after {name}", finish("csv.yaml", prepended(content + b"\n"))))
        for base, path in ((bare, "z.yaml"), (bare_late, "a.yaml"), (nested, "1.0.0/z.yaml")):
            found.append(
                apply(
                    base,
                    f"{path} {name}",
                    lambda operator, path=path, content=content: operator.documents.update({path: content}),
                )
            )
    return found


def finish(path: str, change: Callable[[bytes], bytes]) -> Mutation:
    """Changes a file's bytes at last."""
    return lambda operator: operator.finish.setdefault(path, []).append(change)


def json_texts() -> Group:
    """Each text as alm-examples."""
    return [apply(flat, f"alm-examples {marked(text)}", put("csv", (*NOTES, "alm-examples"), text)) for text in JSON]


def changes() -> Group:
    """Each change of a file's bytes, to each file."""
    files = [
        (bare, "csv.yaml"),
        (bare_late, "csv.yaml"),
        (flat, "crd.yaml"),
        (bare_late, "package.yaml"),
        (nested, "1.0.0/csv.yaml"),
    ]
    return [
        apply(base, f"{path} with {name}", finish(path, change))
        for base, path in files
        for name, change in CHANGES.items()
    ]


def combination(chance: random.Random) -> Case:
    """Two to four changes at once."""
    base = BASES[chance.choice(list(BASES))]
    names, mutations = zip(*(one_change(chance) for _ in range(chance.randint(2, 4))))
    return apply(base, " + ".join(names), *mutations)()


def one_change(chance: random.Random) -> tuple[str, Mutation]:
    """A change of any kind."""
    kind = chance.choices(["rule", "field", "missing", "shape", "scalar", "text"], [4, 2, 2, 2, 2, 1])[0]
    if kind == "rule":
        return chance.choice(list((RULES | WARNINGS).items()))
    if kind == "shape":
        return chance.choice(list(SHAPES.items()))
    if kind == "scalar":
        field, text = chance.choice(list(SCALAR_FIELDS)), chance.choice(SCALARS)
        return f"{field}: {marked(text)}", SCALAR_FIELDS[field](Raw(text))
    if kind == "text":
        return any_file(chance, *chance.choice(list(CHANGES.items())))
    role, path = chance.choice([field for field in FIELDS if field[1]])
    field = f"{role} {'.'.join(map(str, path))}"
    number = chance.randint(0, 1) if role != "package" else 0
    if kind == "missing":
        return f"{field} missing ({number})", numbered(drop, role, path, number)
    name, value = chance.choice(list(VALUES.items()))
    return f"{field} is {name} ({number})", lambda operator: operator.put(
        role, path, copy_of(value), within(operator, role, number)
    )


def numbered(change: Callable[..., Mutation], role: str, path: Path, number: int) -> Mutation:
    """A change of the second document of a role, where there is one."""
    return lambda operator: change(role, *path, number=within(operator, role, number))(operator)


def within(operator: Operator, role: str, number: int) -> int:
    """The number, or that of the last document."""
    return min(number, len(operator.paths[role]) - 1)


def any_file(chance: random.Random, name: str, change: Callable[[bytes], bytes]) -> tuple[str, Mutation]:
    """A change of the bytes of some file."""
    role, place = chance.choice(["csv", "crd", "package"]), chance.random()

    def mutation(operator: Operator) -> None:
        paths = operator.paths[role]
        finish(paths[int(place * len(paths))], change)(operator)

    return f"{role} with {name}", mutation
