"""How files are laid out: packages, directories, names of files."""

from operators import Operator, crd, csv, late, nested, package, to_yaml

Files = dict[str, bytes | None]


def yaml(document: object) -> bytes:
    """A document's bytes."""
    return to_yaml(document).encode()


PACKAGE, CSV, CRD = yaml(package("1.0.0")), yaml(csv("1.0.0", crd())), yaml(crd())
BROKEN = b"a: [b\n"
CRASHING = b"a: 2020-13-45\n"

#: Files put into a valid operator; None removes a file, or all that starts with it when it ends in a slash.
FLAT: dict[str, Files] = {
    "as it is": {},
    "no package": {"package.yaml": None},
    "no CSV": {"csv.yaml": None},
    "no CSV and no package": {"csv.yaml": None, "package.yaml": None},
    "no CRD": {"crd.yaml": None},
    "two packages": {"package2.yaml": PACKAGE},
    "two packages, the second broken": {"package2.yaml": BROKEN},
    "two packages, then a broken file": {"package2.yaml": PACKAGE, "zz.yaml": BROKEN},
    "a broken file, then two packages": {"a.yaml": BROKEN, "package2.yaml": PACKAGE},
    "two packages of two names": {"package2.yaml": PACKAGE.replace(b"memcached\n", b"other\n")},
    "package .yml": {"package.yaml": None, "package.yml": PACKAGE},
    "package .YAML": {"package.yaml": None, "package.YAML": PACKAGE},
    "CSV .YAML": {"csv.yaml": None, "csv.YAML": CSV},
    "CSV .json": {"csv.yaml": None, "csv.json": CSV},
    "CSV without extension": {"csv.yaml": None, "csv": CSV},
    "CSV .yaml.bak": {"csv.yaml": None, "csv.yaml.bak": CSV},
    "CSV hidden": {"csv.yaml": None, ".csv.yaml": CSV},
    "CSV .yaml": {"csv.yaml": None, ".yaml": CSV},
    "CSV ..yaml": {"csv.yaml": None, "..yaml": CSV},
    "CSV with spaces": {"csv.yaml": None, "a csv .yaml": CSV},
    "CSV in a name of other letters": {"csv.yaml": None, "csvé日本.yaml": CSV},
    "package hidden": {"package.yaml": None, ".package.yaml": PACKAGE},
    "package .yaml": {"package.yaml": None, ".yaml": PACKAGE},
    "broken .yaml": {".yaml": BROKEN},
    "broken .YAML": {"a.YAML": BROKEN},
    "broken .json": {"a.json": BROKEN},
    "broken art.yaml before": {"art.yaml": BROKEN},
    "broken file before the package": {"a.yaml": BROKEN},
    "broken file behind the package": {"z.yaml": BROKEN},
    "crashing file behind the package": {"z.yaml": CRASHING},
    "empty file before the package": {"a.yaml": b""},
    "empty file behind the package": {"z.yaml": b""},
    "comment before the package": {"a.yaml": b"# a\n"},
    "list before the package": {"a.yaml": b"- a\n"},
    "text before the package": {"a.yaml": b"a\n"},
    "number before the package": {"a.yaml": b"5\n"},
    "null before the package": {"a.yaml": b"~\n"},
    "boolean before the package": {"a.yaml": b"true\n"},
    "yes before the package": {"a.yaml": b"yes\n"},
    "date before the package": {"a.yaml": b"2020-01-02\n"},
    "several documents before the package": {"a.yaml": b"a: b\n---\nc: d\n"},
    "duplicate key before the package": {"a.yaml": b"a: b\na: c\n"},
    "unknown tag before the package": {"a.yaml": b"a: !b c\n"},
    "Latin-1 before the package": {"a.yaml": b"a: \xe9\n"},
    "Latin-1 behind the package": {"z.yaml": b"a: \xe9\n"},
    "art.yaml and image-references": {"art.yaml": b"a: b\n", "image-references": b"a: b\n"},
    "other files": {"README.md": b"# a\n", "LICENSE": b"\xff\x00", "Dockerfile": b"FROM scratch\n"},
    "other kinds": {"role.yaml": b"kind: Role\n", "z.yaml": b"kind: Deployment\nspec: {}\n"},
    "a directory of other files": {"docs/a.md": b"a", "docs/b.yaml": b"kind: Role\n"},
    "a directory with a CRD": {"crds/crd.yaml": CRD},
    "a directory with a package": {"other/package.yaml": PACKAGE},
    "a directory with a broken file": {"other/a.yaml": BROKEN},
    "a directory with a crashing file": {"other/a.yaml": CRASHING},
    "a directory with Latin-1": {"other/a.yaml": b"a: \xe9\n"},
    "a directory with an empty file": {"other/a.yaml": b""},
    "a directory with several documents": {"other/a.yaml": b"a: b\n---\nc: d\n"},
    "a deep broken file": {"other/deeper/a.yaml": BROKEN},
    "a deep CSV": {"csv.yaml": None, "1.0.0/deeper/csv.yaml": CSV},
    "a CSV deeper too": {"other/deeper/csv.yaml": CSV},
    "an empty directory": {"other/": b""},
    "a directory .yaml": {"other.yaml/a.txt": b"a"},
    "a hidden directory": {".git/config.yaml": BROKEN},
    "a hidden directory with a CSV": {".git/csv.yaml": CSV},
    "a directory with a CSV beside": {"1.0.0/csv.yaml": CSV},
    "a directory with CSV and CRD beside": {"1.0.0/csv.yaml": CSV, "1.0.0/crd.yaml": CRD},
    "all in a directory": {"package.yaml": None, "csv.yaml": None, "crd.yaml": None, "top/package.yaml": PACKAGE, "top/csv.yaml": CSV},
}  # fmt: skip
NESTED: dict[str, Files] = {
    "as it is": {},
    "no package": {"package.yaml": None},
    "packages in the directories": {"package.yaml": None, "1.0.0/package.yaml": PACKAGE},
    "one version": {"1.1.0/": None},
    "a version without CSV": {"1.1.0/csv.yaml": None},
    "no CSV": {"1.0.0/csv.yaml": None, "1.1.0/csv.yaml": None},
    "a version without CRDs": {"1.1.0/crd.yaml": None},
    "a CSV in the root": {"csv.yaml": CSV},
    "a broken CSV in the root": {"csv.yaml": b"kind: ClusterServiceVersion\n"},
    "a CRD in the root": {"crd.yaml": CRD, "1.0.0/crd.yaml": None},
    "an unreadable file in the root": {"z.yaml": BROKEN},
    "an unreadable file before the CSV": {"1.0.0/a.yaml": BROKEN},
    "an unreadable file behind the CSV": {"1.0.0/z.yaml": BROKEN},
    "a crashing file behind the CSV": {"1.0.0/z.yaml": CRASHING},
    "an unreadable file in another directory": {"other/z.yaml": BROKEN},
    "an unreadable file deeper": {"1.0.0/deeper/z.yaml": BROKEN},
    "several documents in a version": {"1.0.0/z.yaml": b"a: b\n---\nc: d\n"},
    "an empty file in a version": {"1.0.0/z.yaml": b""},
    "two packages": {"zz.package.yaml": PACKAGE},
    "a package in a version": {"1.0.0/package.yaml": PACKAGE},
    "art.yaml": {"art.yaml": b"a: b\n", "1.0.0/art.yaml": b"a: b\n", "1.0.0/deeper/art.yaml": b"x"},
    "a broken art.yaml": {"1.0.0/art.yaml": BROKEN},
    "image-references": {"image-references": b"a", "1.0.0/image-references": b"b", "image-references.yaml": b"a: b\n"},
    "names like art.yaml": {"1.0.0/art.yml": b"a: b\n", "1.0.0/Art.yaml": b"a: b\n", "1.0.0/smart.yaml": b"a: b\n"},
    "a directory art.yaml": {"art.yaml/a.txt": b"a", "image-references/b.txt": b"b"},
    "other files": {"README.md": b"a", "1.0.0/README.md": b"\xff\x00\n\r\n", "1.0.0/csv.json": b"{}", "1.0.0/a.YAML": BROKEN},
    "odd directory names": {"a b/csv.yaml": CSV, "é/csv.yaml": CSV, "v1.0.0-rc+1/csv.yaml": CSV, "x.yaml/csv.yaml": CSV},
    "a hidden version": {".hidden/csv.yaml": CSV},
    "files of odd bytes": {"1.0.0/crd.yaml": b"\xef\xbb\xbf" + CRD.replace(b"\n", b"\r\n") + b"# \xc3\xa9"},
    "an empty directory": {"1.2.0/": b""},
    "a CSV twice": {"1.0.0/csv2.yaml": CSV},
}  # fmt: skip


def changed(operator: Operator, files: Files) -> Operator:
    """The operator with files put in or taken out."""
    for path, content in files.items():
        if content is not None:
            operator.documents[path] = content
        else:
            gone = [name for name in operator.documents if name == path or path.endswith("/") and name.startswith(path)]
            for name in gone:
                del operator.documents[name]
    return operator


def layouts() -> dict[str, Operator]:
    """Every layout by name."""
    found = {f"flat, {name}": changed(late(), files) for name, files in FLAT.items()}
    found |= {f"nested, {name}": changed(nested(), files) for name, files in NESTED.items()}
    return found
