"""The odd texts beside this file, and changes to the bytes of a whole file.

In the text files `␤` is a line feed, `␉` a tab, `␍` a carriage return, `⟦feff⟧` any other character by its number.
"""

import pathlib
import re
from collections.abc import Callable

FOLDER = pathlib.Path(__file__).parent / "texts"
MARKS = str.maketrans({"␤": "\n", "␉": "\t", "␍": "\r"})


def texts(name: str) -> list[str]:
    """The lines of a file, with what their marks stand for."""
    lines = (FOLDER / f"{name}.txt").read_text().split("\n")[:-1]
    return [shown(line) for line in lines]


def shown(line: str) -> str:
    """A line with what its marks stand for."""
    return re.sub("⟦([0-9a-f]+)⟧", lambda number: chr(int(number[1], 16)), line.translate(MARKS))


def marked(text: str) -> str:
    """The other way: a text on one line, for names of cases."""
    text = text.replace("\n", "␤").replace("\t", "␉").replace("\r", "␍")
    return re.sub(
        r"[^\x20-\x7e\xa1-\u2027\u2030-\ud7ff\U0001f000-\U0001ffff]", lambda char: f"⟦{ord(char[0]):04x}⟧", text
    )


def appended(text: bytes) -> Callable[[bytes], bytes]:
    """A change that puts something behind a file."""
    return lambda content: content + text


def prepended(text: bytes) -> Callable[[bytes], bytes]:
    """A change that puts something before a file."""
    return lambda content: text + content


#: Changes of a file's bytes.
CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "CR": lambda content: content.replace(b"\n", b"\r"),
    "BOM": prepended("\ufeff".encode()),
    "BOM and CRLF": lambda content: "\ufeff".encode() + content.replace(b"\n", b"\r\n"),
    "two BOMs": prepended("\ufeff\ufeff".encode()),
    "BOM at the end": appended("\ufeff".encode()),
    "UTF-16": lambda content: content.decode(errors="replace").encode("utf-16"),
    "Latin-1 comment": appended(b"# \xe9\n"),
    "overlong UTF-8": appended(b"# \xc0\xaf\n"),
    "surrogate in UTF-8": appended(b"# \xed\xa0\x80\n"),
    "cut UTF-8": appended(b"# \xf0\x9f\x98"),
    "no last newline": lambda content: content.rstrip(b"\n"),
    "blank lines": lambda content: b"\n\n" + content.replace(b"\n", b"\n\n"),
    "trailing spaces": lambda content: content.replace(b"\n", b"  \n"),
    "trailing tabs": lambda content: content.replace(b"\n", b"\t\n"),
    "comments": lambda content: b"# a\n" + content.replace(b"\n", b" # b: c\n"),
    "indented": lambda content: b"  " + content.replace(b"\n", b"\n  "),
    "document start": prepended(b"---\n"),
    "document start and end": lambda content: b"---\n" + content + b"...\n",
    "document end first": prepended(b"...\n"),
    "%YAML 1.1": prepended(b"%YAML 1.1\n---\n"),
    "%YAML 1.2": prepended(b"%YAML 1.2\n---\n"),
    "%YAML 1.3": prepended(b"%YAML 1.3\n---\n"),
    "%YAML 2.0": prepended(b"%YAML 2.0\n---\n"),
    "%TAG": prepended(b"%TAG !k! tag:yaml.org,2002:\n---\n"),
    "unknown directive": prepended(b"%FOO bar\n---\n"),
    "directive without document": prepended(b"%YAML 1.1\n"),
    "second document": appended(b"---\na: b\n"),
    "empty second document": appended(b"---\n"),
    "document end": appended(b"...\n"),
    "text behind the document end": appended(b"...\na: b\n"),
    "first document empty": prepended(b"---\n---\n"),
    "duplicate kind": appended(b"kind: Other\n"),
    "duplicate apiVersion": appended(b"apiVersion: v1\n"),
    "duplicate metadata": appended(b"metadata:\n  name: other\n"),
    "duplicate spec": appended(b"spec: {}\n"),
    "packageName": appended(b"packageName: memcached\n"),
    "packageName null": appended(b"packageName: ~\n"),
    "merge of apiVersion": appended(b"<<: {apiVersion: v2, more: yes}\n"),
    "number as key": appended(b"1: a\n1.0: b\n"),
    "boolean as key": appended(b"true: a\nyes: b\n"),
    "list as key": appended(b"[a]: b\n"),
    "tab": appended(b"a:\tb\n"),
    "tab on a blank line": appended(b"\t\n"),
    "tab in quotes": appended(b'a: "b\tc"\n'),
    "control character": appended(b"# \x01\n"),
    "NUL": appended(b"\0"),
    "NEL": appended("a: b\u0085c: d\n".encode()),
    "line separator": appended("a: b\u2028c: d\n".encode()),
    "unclosed bracket": appended(b"a: [b\n"),
    "unclosed quote": appended(b'a: "b\n'),
    "wrong indentation": appended(b"  a: b\n"),
    "undefined alias": appended(b"a: *b\n"),
    "unknown tag": appended(b"a: !b c\n"),
    "anchor twice": appended(b"a: &b c\nd: &b e\n"),
    "impossible date": appended(b"a: 2020-13-45\n"),
    "value indicator": appended(b"a: =\n"),
    "long line": appended(b"a: " + b"word " * 3000 + b"\n"),
    "long key": appended(b"k" * 1024 + b": a\n"),
    "too long key": appended(b"k" * 1025 + b": a\n"),
    "long quoted key": appended(b'"' + b"k" * 1022 + b'": a\n'),
    "too long quoted key": appended(b'"' + b"k" * 1023 + b'": a\n'),
    "too long explicit key": appended(b"? " + b"k" * 1025 + b"\n: a\n"),
    "100 levels": appended(b"a: " + b"[" * 100 + b"]" * 100 + b"\n"),
    "100 levels in block": appended(b"a:\n" + b"".join(b" " * n + b"- \n" for n in range(100))),
    "an empty file": lambda content: b"",
    "a comment only": lambda content: b"# nothing\n",
    "a list": lambda content: b"- " + content.replace(b"\n", b"\n  "),
    "one text": lambda content: b"text\n",
    "null": lambda content: b"null\n",
    "a tag on the root": prepended(b"!!map\n"),
    "an unknown tag on the root": prepended(b"!foo\n"),
    "an anchor on the root": prepended(b"&root\n"),
}
