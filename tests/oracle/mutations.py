"""Changes to an operator: each rule broken, each field missing or of another type, odd owned CRDs, channels, versions."""

from collections.abc import Callable

from operators import Operator, Path, Raw, copy_of, crd, csv, old_crd, owned

Mutation = Callable[[Operator], None]
NAME = "memcacheds.cache.example.com"


def drop(role: str, *path: str | int, number: int = 0) -> Mutation:
    """Removes a field."""
    return lambda operator: operator.drop(role, path, number)


def put(role: str, path: Path, value: object, number: int = 0) -> Mutation:
    """Sets a field."""
    return lambda operator: operator.put(role, path, copy_of(value), number)


def both(*mutations: Mutation) -> Mutation:
    """One after the other."""

    def apply(operator: Operator) -> None:
        for mutation in mutations:
            mutation(operator)

    return apply


def add(role: str, path: str, document: object) -> Mutation:
    """Another document, beside the first of its role."""

    def apply(operator: Operator) -> None:
        folder = operator.paths[role][0].rpartition("/")
        operator.documents[folder[0] + folder[1] + path] = document

    return apply


def rewritten(role: str, path: Path, change: Callable[[str, object], dict], number: int = 0) -> Mutation:
    """Other entries in the place of a field, made of its key and value."""

    def apply(operator: Operator) -> None:
        parent = operator.parent(role, path, number)
        if isinstance(parent, dict) and path[-1] in parent:
            entries = [change(path[-1], item) if key == path[-1] else {key: item} for key, item in parent.items()]
            parent.clear()
            for entry in entries:
                parent.update(entry)

    return apply


SPEC = ("spec",)
NOTES = ("metadata", "annotations")
INSTALL = ("spec", "install")
OWNED = ("spec", "customresourcedefinitions", "owned")
VERSIONS = ("spec", "versions")

#: Every rule of the contract, broken by itself.
RULES: dict[str, Mutation] = {
    "crd name": drop("crd", "metadata", "name"),
    "crd metadata": drop("crd", "metadata"),
    "crd apiVersion": drop("crd", "apiVersion"),
    "crd spec": drop("crd", "spec"),
    "crd names": drop("crd", "spec", "names"),
    "crd kind": drop("crd", "spec", "names", "kind"),
    "crd plural": drop("crd", "spec", "names", "plural"),
    "crd group": drop("crd", "spec", "group"),
    "crd versions": drop("crd", "spec", "versions"),
    "crd versions empty": put("crd", VERSIONS, []),
    "crd version without name": drop("crd", *VERSIONS, 0, "name"),
    "crd version without served": drop("crd", *VERSIONS, 0, "served"),
    "crd version without storage": drop("crd", *VERSIONS, 0, "storage"),
    "crd versions without storage": put("crd", (*VERSIONS, 0, "storage"), False),
    "crd storage as text": put("crd", (*VERSIONS, 0, "storage"), "true"),
    "crd two storage versions": put(
        "crd", VERSIONS, [{"name": name, "served": True, "storage": True} for name in ("v1", "v2")]
    ),
    "csv name": drop("csv", "metadata", "name"),
    "csv metadata": drop("csv", "metadata"),
    "csv certified boolean": put("csv", (*NOTES, "certified"), False),
    "csv alm-examples": put("csv", (*NOTES, "alm-examples"), "[,]"),
    "csv apiVersion": drop("csv", "apiVersion"),
    "csv spec": drop("csv", "spec"),
    "csv installModes": drop("csv", "spec", "installModes"),
    "csv install": drop("csv", *INSTALL),
    "csv strategy": drop("csv", *INSTALL, "strategy"),
    "csv another strategy": put("csv", (*INSTALL, "strategy"), "helm"),
    "csv install.spec": drop("csv", *INSTALL, "spec"),
    "csv deployments": drop("csv", *INSTALL, "spec", "deployments"),
    "csv deployments a map": put("csv", (*INSTALL, "spec", "deployments"), {"name": "a"}),
    "csv permissions a map": put("csv", (*INSTALL, "spec", "permissions"), {"name": "a"}),
    "csv clusterPermissions a text": put("csv", (*INSTALL, "spec", "clusterPermissions"), "a"),
    "owned name": drop("csv", *OWNED, 0, "name"),
    "owned unknown": put("csv", (*OWNED, 0, "name"), "others.cache.example.com"),
    "owned kind": drop("csv", *OWNED, 0, "kind"),
    "owned version": drop("csv", *OWNED, 0, "version"),
    "owned another kind": put("csv", (*OWNED, 0, "kind"), "Other"),
    "owned another version": put("csv", (*OWNED, 0, "version"), "v2"),
    "owned another plural": put("crd", ("spec", "names", "plural"), "others"),
    "owned another group": put("crd", ("spec", "group"), "other.example.com"),
    "owned against spec.version": both(drop("crd", "spec", "versions"), put("crd", ("spec", "version"), "v3")),
    "channels": drop("package", "channels"),
    "channels empty": put("package", ("channels",), []),
    "channel name": drop("package", "channels", 0, "name"),
    "channel currentCSV": drop("package", "channels", 0, "currentCSV"),
    "channel another CSV": put("package", ("channels", 0, "currentCSV"), "memcached.v9"),
    "another repository": lambda operator: setattr(operator, "repository", "another"),
}
#: What is only warned of.
WARNINGS: dict[str, Mutation] = {
    f"csv annotation {name}": drop("csv", *NOTES, name)
    for name in ("categories", "description", "containerImage", "createdAt", "support", "certified", "alm-examples")
}
WARNINGS["csv annotations"] = drop("csv", *NOTES)
WARNINGS |= {
    f"csv {name}": drop("csv", "spec", name)
    for name in ("displayName", "description", "icon", "version", "provider", "maturity", "customresourcedefinitions")
}

#: Fields that the rules look at, and some beside them.
FIELDS: list[tuple[str, Path]] = [
    *(("crd", path) for path in (
        (), ("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), SPEC, ("spec", "group"), ("spec", "names"),
        ("spec", "names", "kind"), ("spec", "names", "plural"), ("spec", "version"), VERSIONS, (*VERSIONS, 0),
        (*VERSIONS, 0, "name"), (*VERSIONS, 0, "served"), (*VERSIONS, 0, "storage"), ("spec", "validation"),
    )),
    *(("csv", path) for path in (
        (), ("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), NOTES, SPEC, INSTALL, (*INSTALL, "spec"),
        (*INSTALL, "strategy"), ("spec", "installModes"), ("spec", "customresourcedefinitions"), OWNED, (*OWNED, 0),
        (*OWNED, 0, "name"), (*OWNED, 0, "kind"), (*OWNED, 0, "version"), ("spec", "customresourcedefinitions", "required"),
        ("metadata", "labels"),
    )),
    *(("csv", (*NOTES, name)) for name in (
        "categories", "description", "containerImage", "createdAt", "support", "certified", "alm-examples",
    )),
    *(("csv", ("spec", name)) for name in ("displayName", "description", "icon", "version", "provider", "maturity")),
    *(("csv", (*INSTALL, "spec", name)) for name in ("deployments", "permissions", "clusterPermissions")),
    *(("package", path) for path in (
        ("packageName",), ("channels",), ("channels", 0), ("channels", 0, "name"), ("channels", 0, "currentCSV"),
        ("defaultChannel",),
    )),
]  # fmt: skip

#: A field's key written in another way, written twice, or merged in.
KEYS: dict[str, Callable[[str, object], dict]] = {
    **{
        name: lambda key, value, form=form: {Raw(form.format(key=key, escaped=f"\\x{ord(key[0]):02x}{key[1:]}", upper=key.upper())): value}
        for name, form in {
            "in quotes": "\"{key}\"", "in single quotes": "'{key}'", "escaped": "\"{escaped}\"", "tagged": "!!str {key}",
            "tagged !": "! {key}", "tagged unknown": "!x {key}", "tagged !!int": "!!int {key}", "tagged !!null": "!!null {key}",
            "anchored": "&key {key}", "of capitals": "{upper}", "with a space": "\"{key} \"", "with a line feed": "\"{key}\\n\"",
            "with a no-break space": "{key}\u00a0", "with a byte order mark": "\ufeff{key}", "apart from its colon": "{key} ",
            "with a zero-width space": "{key}\u200b", "with a comment's sign": "{key}#",
        }.items()
    },
    "twice": lambda key, value: {key: value, Raw(f'"{key}"'): value},
    "twice, first null": lambda key, value: {Raw(f'"{key}"'): None, key: value},
    "twice, last null": lambda key, value: {key: value, Raw(f'"{key}"'): None},
    "twice, last a map": lambda key, value: {key: value, Raw(f"'{key}'"): {}},
    "twice, last a list": lambda key, value: {key: value, Raw(f"'{key}'"): []},
    "twice, last a number": lambda key, value: {key: value, Raw(f"'{key}'"): 5},
    "twice, first anchored": lambda key, value: {key: Raw("&once [a]"), Raw(f'"{key}"'): value, "again": Raw("*once")},
    "by merge": lambda key, value: {Raw("<<"): {key: value}},
    "by merge and its own": lambda key, value: {Raw("<<"): {key: None}, key: value},
    "by merge of two": lambda key, value: {Raw("<<"): [{key: value}, {key: None}]},
    "by merge of two, null first": lambda key, value: {Raw("<<"): [{key: None}, {key: value}]},
    "by merge in a merge": lambda key, value: {Raw("<<"): {Raw("<<"): {key: value}}},
    "by merge in quotes": lambda key, value: {Raw('"<<"'): {key: value}},
    "by merge, tagged": lambda key, value: {Raw("!!merge x"): {key: value}},
    "by merge of a text": lambda key, value: {key: value, Raw("<<"): "text"},
    "by alias": lambda key, value: {"first": {"value": Raw(f"&name {key}")}, Raw("*name "): value},
    "beside null": lambda key, value: {key: value, Raw("~"): value},
    "beside a number": lambda key, value: {5: value, key: value},
    "beside a date": lambda key, value: {Raw("2020-01-02"): value, key: value},
    "beside a list": lambda key, value: {Raw("[a]"): value, key: value},
    "beside a binary": lambda key, value: {Raw("!!binary aGk="): value, key: value},
    "beside an equals sign": lambda key, value: {Raw("="): value, key: value},
    "beside a long key": lambda key, value: {Raw("k" * 1030): value, key: value},
    "beside nothing": lambda key, value: {Raw(""): value, key: value},
}  # fmt: skip

#: Values of every type.
VALUES: dict[str, object] = {
    "null": None, "a text": "text", "an empty text": "", "5": 5, "0": 0, "1.5": Raw("1.5"), "true": True, "false": False,
    "a list": ["text"], "an empty list": [], "a list of maps": [{"name": "text", "kind": "text"}],
    "a list of keys": ["name", "kind", "spec", "names", "metadata", "version", "versions", "owned", "storage", "served"],
    "a list of null": [None], "a map": {"name": "text", "kind": "text"}, "an empty map": {}, "a date": Raw("2020-01-02"),
    "bytes": Raw("!!binary aGk="), "a set": Raw("!!set {name, kind}"), "pairs": Raw("!!omap [name: text]"),
    "a text of keys": "name kind spec names metadata version versions owned storage served install currentCSV",
}  # fmt: skip


def with_owned(*items: dict) -> Mutation:
    """The first CSV owns these."""
    return put("csv", OWNED, list(items))


def with_versions(*versions: object) -> Mutation:
    """The first CRD has these versions."""
    return put("crd", VERSIONS, list(versions))


def version(name: object, storage: object = True) -> dict:
    """An item of spec.versions."""
    return {"name": name, "served": True, "storage": storage}


ITEM = owned(crd())
OLD = owned(old_crd())

#: Several of everything, and values that meet in comparisons.
SHAPES: dict[str, Mutation] = {
    "nothing owned": with_owned(),
    "owned twice": with_owned(ITEM, ITEM),
    "owned twice, one broken": with_owned(ITEM, {"name": NAME, "kind": "Other", "version": "v9"}),
    "owned items all broken": with_owned({}, {"name": NAME}, {"kind": "a"}, {"version": "v1"}, {"name": "a"}),
    "owned unknown thrice": with_owned(*({"name": name, "kind": "a", "version": "v1"} for name in ("b", "a", "b"))),
    "owned null": put("csv", ("spec", "customresourcedefinitions"), None),
    "required only": put("csv", ("spec", "customresourcedefinitions"), {"required": [{}]}),
    "versions of two names": with_versions(version("v1"), version("v2", False)),
    "versions, the second owned": both(
        with_versions(version("v2"), version("v1", False)), with_owned({**ITEM, "version": "v1"})
    ),
    "versions, three, all broken": with_versions({}, {"name": "v1"}, {"served": True, "storage": True}),
    "versions twice the same": with_versions(version("v1"), version("v1", False)),
    "versions with numbers": both(with_versions(version(1)), with_owned({**ITEM, "version": 1})),
    "versions 1 and 1.0": both(with_versions(version(1)), with_owned({**ITEM, "version": Raw("1.0")})),
    "versions 1 and true": both(with_versions(version(1)), with_owned({**ITEM, "version": True})),
    "versions 1 and text": both(with_versions(version(1)), with_owned({**ITEM, "version": "1"})),
    "versions null": both(with_versions(version(None)), with_owned({**ITEM, "version": None})),
    "versions dates": both(with_versions(version(Raw("2020-01-02"))), with_owned({**ITEM, "version": Raw("2020-01-02")})),
    "versions date and text": both(
        with_versions(version(Raw("2020-01-02"))), with_owned({**ITEM, "version": "2020-01-02"})
    ),
    "storage null": with_versions(version("v1", None)),
    "storage 1": with_versions(version("v1", 1)),
    "storage yes": with_versions(version("v1", Raw("yes"))),
    "storage by alias": put("crd", VERSIONS, Raw("\n- {name: v1, served: &yes true, storage: *yes}")),
    "storage tagged": with_versions(version("v1", Raw('!!bool "true"'))),
    "spec.version beside the list": put("crd", ("spec", "version"), "v1"),
    "another spec.version beside the list": put("crd", ("spec", "version"), "v7"),
    "spec.version empty beside the list": put("crd", ("spec", "version"), ""),
    "spec.version null beside the list": put("crd", ("spec", "version"), None),
    "spec.version a list beside the list": put("crd", ("spec", "version"), [{"name": "v1"}]),
    "spec.version and an empty list": both(put("crd", ("spec", "version"), "v1"), put("crd", VERSIONS, [])),
    "old CRD, owned twice, one matches": both(
        add("crd", "old.crd.yaml", old_crd()), with_owned(OLD, {**OLD, "version": "v9"})
    ),
    "old CRD, owned twice, none matches": both(
        add("crd", "old.crd.yaml", old_crd()), with_owned({**OLD, "version": "v8"}, {**OLD, "version": "v9"})
    ),
    "two old CRDs, none matches": both(
        add("crd", "old1.crd.yaml", old_crd()),
        add("crd", "old2.crd.yaml", old_crd("others", "Other")),
        with_owned({**owned(old_crd("others", "Other")), "version": "v9"}, ITEM, {**OLD, "version": "v9"}),
    ),
    "one CRD twice": add("crd", "again.crd.yaml", crd()),
    "one CRD twice, the second of another kind": add("crd", "again.crd.yaml", crd(kind="Other")),
    "one CRD twice, old and new": both(
        add("crd", "again.crd.yaml", {**old_crd("memcacheds", "Memcached")}), with_owned({**ITEM, "version": "v1alpha1"})
    ),
    "a CRD that nobody owns": add("crd", "other.crd.yaml", crd("others", "Other")),
    "a broken CRD that nobody owns": add("crd", "other.crd.yaml", {"kind": "CustomResourceDefinition"}),
    "a CRD of v1": put("crd", ("apiVersion",), "apiextensions.k8s.io/v1"),
    "no CRD": lambda operator: operator.documents.update({path: {"kind": "Role"} for path in operator.paths["crd"]}),
    "another CSV": add("csv", "other.csv.yaml", csv("1.0.1")),
    "a broken CSV": add("csv", "other.csv.yaml", {"kind": "ClusterServiceVersion"}),
    "one CSV twice": add("csv", "again.csv.yaml", csv("1.0.0")),
    "a CSV that is a package": put("csv", ("packageName",), "memcached"),
    "a package with a kind": put("package", ("kind",), "ClusterServiceVersion"),
    "two channels, one CSV": put(
        "package", ("channels",), [{"name": name, "currentCSV": "memcached.v1.0.0"} for name in ("a", "b")]
    ),
    "channels all broken": put(
        "package", ("channels",), [{}, {"name": "a"}, {"currentCSV": "a"}, {"name": "a", "currentCSV": 5}, {"name": "b", "currentCSV": Raw("1.50")}]
    ),
    "channel without currentCSV, another repository": both(
        drop("package", "channels", 0, "currentCSV"), lambda operator: setattr(operator, "repository", "another")
    ),
    "channel without name, another repository": both(
        drop("package", "channels", 0, "name"), lambda operator: setattr(operator, "repository", "another")
    ),
    "names as numbers": both(put("csv", ("metadata", "name"), 5), put("package", ("channels", 0, "currentCSV"), Raw("5.0"))),
    "spec aliased": put("csv", ("copy",), {"here": Raw("&text [a, b]"), "there": Raw("*text")}),
    "description by alias": both(put("csv", ("copy",), Raw("&text [1, yes]")), put("csv", ("spec", "description"), Raw("*text"))),
    "description by merge": both(
        drop("csv", "spec", "description"), put("csv", ("spec", "<<"), None), drop("csv", "spec", "<<"),
        put("csv", ("spec", Raw("<<")), Raw("{description: 5}")),
    ),
    "annotations by merge": put("csv", ("metadata", "annotations", Raw("<<")), Raw('{certified: true, more: yes, categories: ~}')),
    "metadata by alias": both(put("csv", ("apiVersion",), Raw("&a v1")), put("csv", ("metadata", "annotations", "support"), Raw("*a"))),
    "required fields by merge": put("csv", ("spec", "install"), Raw("{<<: {strategy: deployment, spec: {deployments: []}}}")),
    "owned by anchor": put("csv", OWNED, Raw(f"\n- &one {{name: {NAME}, kind: Memcached, version: v1}}\n- *one\n- {{<<: *one, kind: Other}}")),
    "description anchored": both(
        put("csv", ("spec", "description"), Raw("&text [1, yes]")), put("csv", ("spec", "zcopy"), Raw("*text"))
    ),
    "description a long literal": put("csv", ("spec", "description"), Raw("|\n# Title\n\n  indented\ntrailing  \n\n\t tab\nend\n\n")),
    "description with line separators": put("csv", ("spec", "description"), "a\u2028b\u0085c\u00a0\ufeffd\r\ne\rf"),
    "description with a leading break": put("csv", ("spec", "description"), "\n\n  a\n b\n"),
    "description of blanks": put("csv", ("spec", "description"), "   \n  \n"),
    "description with control characters": put("csv", ("spec", "description"), "a\x00b\x07\x1b\x7f\x80"),
}  # fmt: skip
