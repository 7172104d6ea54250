"""Uploads that attack, and what becomes of them: hostile.py OMPS_SERVER, or hostile.py --seeds DIRECTORY

Posts each case of a table to a server of its own, in front of a Quay that takes nothing but what is meant for it, and
prints a row for each: status, id, message, seconds, and the server's peak memory in MiB above idle. Fails when an answer
is another than the table's, is a 5xx or takes over two seconds, when memory reaches 100 MiB above idle, or when anything
is pushed that should not be. With --seeds it writes the zips for fuzzing instead.
"""
import collections
import http.client
import http.server
import json
import os
import pathlib
import re
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

from app_registry import AppRegistry

SECONDS = 2.0
MIB = 100.0
ADDRESS = ("127.0.0.1", 18087)
PATIENCE = 10.0  # seconds until no answer comes
MOST = 4 << 30  # bytes of address space: what an attack may take of this machine
CONFIGURATION = r"""
[ProdConfig.organizations.ruled]
csv_annotations = [{ name = "a", value = "{package_name}" }]
replace_registry = [{ old = "registry.example.com/old", new = "registry.example.com/new" }]
[ProdConfig.organizations.wild]
replace_registry = [{ old = '(?!y)(?:x|xx)+(?=y)', new = "z", regexp = true }]
[ProdConfig.organizations.looking]
replace_registry = [{ old = '(?=[^z]*z)[^z]', new = "z", regexp = true }]
[ProdConfig.organizations.searching]
replace_registry = [{ old = '[x\n]*y|x', new = "z", regexp = true }]
[ProdConfig.organizations.plain]
replace_registry = [""" + ", ".join(["{ old = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/', new = 'y' }"] * 500) + r"""]
[ProdConfig.organizations.growing]
replace_registry = [{ old = "x", new = "registry.example.com/" }]
"""
PACKAGE = b"packageName: hostile\nchannels:\n- name: stable\n  currentCSV: hostile.v1.0.0\n"
CSV = b"""apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata: {name: hostile.v1.0.0, annotations: {certified: "false"}}
spec:
  installModes: []
  install: {strategy: deployment, spec: {deployments: []}}
"""

CRD = b"""apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: as.b}
spec: {group: b, names: {kind: A, plural: as}, versions: [{name: v1, served: true, storage: true}]}
"""

# A zip, and everything that it can lie about.


class Entry:
    """An entry that tells the truth, but for what it is told to say: in both headers, or after local_ or central_ in one."""

    def __init__(self, name, data=b"", **said):
        self.name = name.encode() if isinstance(name, str) else name
        self.said = said
        method = said.get("method", 8)
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        raw = said.get("raw", deflate.compress(data) + deflate.flush() if method == 8 else data)
        self.truth = {
            "version": 20, "flags": 0 if self.name.isascii() else 0x800, "method": method, "time": 0x21 << 16,
            "crc": zlib.crc32(data), "compressed": len(raw), "uncompressed": len(data), "name": self.name, "extra": b"",
            "system": 3, "mode": 0o40755 if self.name.endswith(b"/") else 0o100644, "disk": 0, "raw": raw, "descriptor": b"",
        }  # fmt: skip

    def says(self, field, where=""):
        return self.said.get(f"{where}_{field}", self.said.get(field, self.truth.get(field)))

    def header(self, where):
        numbers = [self.says(field, where) for field in ("version", "flags", "method", "time", "crc", "compressed", "uncompressed")]
        return struct.pack("<HHHIIIIHH", *numbers, len(self.says("name", where)), len(self.says("extra", where)))

    def local(self):
        names = self.says("name", "local") + self.says("extra", "local")
        return b"PK\3\4" + self.header("local") + names + self.says("raw") + self.says("descriptor")

    def central(self, offset):
        offset = self.said.get("offset", offset)
        own = struct.pack("<HHHII", 0, self.says("disk"), 0, self.says("mode") << 16, offset)
        made = bytes([self.says("version"), self.says("system")])
        return b"PK\1\2" + made + self.header("central") + own + self.says("name", "central") + self.says("extra", "central")


def zipped(*entries, before=b"", adjusted=True, tail=b"", comment=b"", after=b"", cut=0, zip64=None, **end):
    """An archive of the entries; `end` is what its end record says other than the truth."""
    body, directory = bytearray(before), bytearray()
    for entry in entries:
        directory += entry.central(len(body) - (0 if adjusted else len(before)))
        body += entry.local()
    count = len(entries)
    fields = {"disk": 0, "start_disk": 0, "here": count, "count": count, "size": len(directory)}
    fields |= {"offset": len(body) - (0 if adjusted else len(before))} | end
    if zip64 is not None:
        wide = {"here": count, "count": count, "size": len(directory), "offset": len(body)} | zip64
        tail += struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, *wide.values())
        tail += struct.pack("<4sIQI", b"PK\6\7", 0, len(body) + len(directory), 1)
    record = struct.pack("<4sHHHHIIH", b"PK\5\6", *fields.values(), len(comment))
    return bytes((body + directory + tail + record + comment + after)[cut:])


def operator(*more, **lies):
    """An archive that would be pushed, were it not for what is added."""
    return zipped(Entry("csv.yaml", CSV), Entry("package.yaml", PACKAGE), *more, **lies)


def bent(**lies):
    """An archive that would be pushed, were it not for what one of its entries says."""
    return operator(Entry("bent.txt", b"bent " * 20, **lies))


# The table.

Case = collections.namedtuple("Case", "name path body status error said")
GOOD = "/v2/org/zipfile/1.0.0"
ACCEPTED = (200, None, ())


def zips():
    wide = lambda *sizes: struct.pack("<HH", 1, 8 * len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes)
    ones = 0xFFFFFFFF
    unicode_path = lambda plain, name: struct.pack("<HHBI", 0x7075, 5 + len(name.encode()), 1, zlib.crc32(plain)) + name.encode()
    descriptor = struct.pack("<4sIII", b"PK\7\x08", zlib.crc32(b"abc"), 5, 3)
    later = dict(flags=8, local_crc=0, local_compressed=0, local_uncompressed=0)
    zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = b"".join([zeros.compress(bytes(1 << 20)) for _ in range(200)] + [zeros.flush()])
    huge = dict(raw=zeros, compressed=len(zeros))
    length = len(operator())
    names = {
        "absolute": "/etc/passwd", "drive letter": "C:/a.txt", "drive letter, relative": "c:a.txt", "backslash": "a\\b.txt",
        "UNC": "\\\\host\\a", "parent": "../a.txt", "parent within": "a/../../b.txt", "parent at the end": "a/..",
        "dot": "a/./b.txt", "dot, then a parent": "./../a.txt", "no name": "", "empty segment": "a//b.txt", "segment of 256 bytes": "a" * 256, "21 levels": "a/" * 20 + "b",
        "path of 1,025 bytes": "/".join(["a" * 204] * 5) + "a", "newline": "a\nb.txt", "NUL": "a.txt\0.png", "DEL": "a\x7f",
        "C1 control": "a\x85b", "escape sequence": "\x1b[2Ja",
    }  # fmt: skip
    for what, name in names.items():
        shown = "entry " if what in ("no name", "segment of 256 bytes", "path of 1,025 bytes", "21 levels") else "entry \""
        yield f"name: {what}", operator(Entry(name, b"x")), shown
    bent_name = 'entry "bent.txt"'
    for what, lies, said in [
        ("name: not UTF-8", dict(central_name=b"bent\xff", local_name=b"bent\xff", flags=0x800), "entry \"bent"),
        ("name: not ASCII, no flag, in the directory alone", dict(central_name="bentä".encode(), flags=0), "local header"),
        ("name: another in the local header", dict(local_name=b"b.txt"), bent_name),
        ("name: another in the Unicode path field", dict(extra=struct.pack("<HHBI", 0x7075, 6, 1, 0) + b"b"), bent_name),
        ("link", dict(mode=0o120777), bent_name),
        ("device", dict(mode=0o060644), bent_name),
        ("FIFO", dict(mode=0o010644), bent_name),
        ("socket", dict(mode=0o140644), bent_name),
        ("link made on a Mac", dict(mode=0o120777, system=19), bent_name),
        ("file that is a directory by mode", dict(mode=0o040755), bent_name),
        ("encrypted", dict(flags=1), "is encrypted"),
        ("encrypted, strongly", dict(flags=0x41), "is encrypted"),
        ("encrypted, AES", dict(method=99, raw=b"x"), "is encrypted"),
        ("encrypted directory", dict(flags=1 << 13), "is encrypted"),
        ("encrypted, by an extra field", dict(extra=struct.pack("<HHI", 0x9901, 4, 0)), "is encrypted"),
        *((f"flag {bit}", dict(flags=1 << bit), bent_name) for bit in (4, 5, 7, 8, 9, 10, 12, 14, 15)),
        ("flags that disagree", dict(local_flags=0x800), bent_name),
        ("version 6.4 needed", dict(version=64), "6.4"),
        ("version 6.4 needed, locally", dict(local_version=64), "6.4"),
        *((f"method {method}", dict(method=method, raw=b"x"), f"method {method}") for method in (1, 6, 9, 12, 14, 93, 95, 98)),
        ("method that disagrees", dict(local_method=0), bent_name),
        ("wrong CRC", dict(crc=1), "CRC"),
        ("wrong CRC, locally", dict(local_crc=1), "CRC"),
        ("size too small", dict(uncompressed=1), bent_name),
        ("size too large", dict(uncompressed=1 << 20), bent_name),
        ("size over the limit", dict(uncompressed=21 << 20), "larger than allowed"),
        ("compressed size too small", dict(compressed=3), bent_name),
        ("compressed size past the end", dict(compressed=1 << 30), bent_name),
        ("stored, sizes that disagree", dict(method=0, uncompressed=99), bent_name),
        ("sizes that disagree, locally", dict(local_uncompressed=99), bent_name),
        ("zip64 field that lies", dict(uncompressed=ones, compressed=ones, extra=wide(1 << 40, 13)), "larger than allowed"),
        ("zip64 field that is missing", dict(uncompressed=ones), "larger than allowed"),
        ("zip64 field that is short", dict(uncompressed=ones, extra=b"\1\0\4\0abcd"), bent_name),
        ("zip64 field twice", dict(extra=wide(1) + wide(2)), bent_name),
        ("extra field past its end", dict(extra=b"ab\xff\0"), bent_name),
        ("descriptor that lies", later | dict(descriptor=b"PK\7\x08" + bytes(12)), bent_name),
        ("descriptor that is missing", later, bent_name),
        ("broken stream", dict(raw=b"\xff" * 20), bent_name),
        ("truncated stream", dict(raw=zlib.compress(b"bent " * 20)[2:9]), bent_name),
        ("bytes behind the stream", dict(raw=zlib.compress(b"bent " * 20)[2:-4] + b"more"), bent_name),
        ("offset into another entry", dict(offset=0), bent_name),
        ("offset to nowhere", dict(offset=1 << 20), bent_name),
        ("on another disk", dict(disk=1), bent_name),
    ]:  # fmt: skip
        yield what, bent(**lies), said
    yield "same name twice", operator(Entry("a.txt"), Entry("a.txt")), 'entry "a.txt"'
    yield "file and directory", operator(Entry("a"), Entry("a/")), "both a file and a directory"
    yield "file and directory by a path", operator(Entry("a"), Entry("a/b")), "both a file and a directory"
    yield "directory with data", operator(Entry("a/", b"data")), 'entry "a/"'
    yield "one stream for many entries", operator(*(Entry(f"{i}", b"x" * 9000, offset=0) for i in range(500))), 'entry "'
    quoted = Entry("b", b"x", method=0)
    outer = Entry("a", quoted.local(), method=0)
    yield "an entry within another", operator(outer, Entry("b", b"x", method=0, offset=length - 137)), 'entry "'
    yield "bomb: 200 MB, honest", operator(Entry("a", **huge, uncompressed=200 << 20)), "larger than allowed"
    yield "bomb: 200 MB that say 1 KB", operator(Entry("a", **huge, uncompressed=1024)), "larger than allowed"
    yield "bomb: 200 MB that say 19 MB", operator(Entry("a", **huge, uncompressed=19 << 20)), "larger than allowed"
    yield "bomb: 21 x 1 MB", operator(*(Entry(f"{i}", bytes(1 << 20)) for i in range(21))), "larger than allowed"
    yield "10,001 entries", zipped(*(Entry(f"{i}") for i in range(10_001))), "more than 10000"
    yield "10,001 entries that say they are 1", zipped(*(Entry(f"{i}") for i in range(10_001)), here=1, count=1), "more than 10000"
    yield "no zip", b"PK\3\4 and no more", "not a zip"
    yield "nothing", b"", "not a zip"
    yield "an empty archive", zipped(), None
    yield "end record out of reach", operator(after=bytes(65_536)), "not a zip"
    yield "bytes behind the end record", operator(after=b"x"), "comment"
    yield "an end record in the comment", operator(comment=zipped()), "two end records"
    yield "end record: one entry less", operator(here=1, count=1), "end record"
    yield "end record: one entry more", operator(here=3, count=3), "end record"
    yield "end record: several disks", operator(disk=1), "disks"
    yield "end record: directory elsewhere", operator(offset=1 << 20), "central directory"
    yield "end record: directory too large", operator(size=1 << 20), "central directory"
    yield "end record: directory too small", operator(size=10), "two central directories"
    yield "cut at the start", operator(cut=10), "central directory"
    yield "zip64 end record that lies", operator(zip64={"count": 1 << 60}), "zip64"
    yield "zip64 end record of another directory", operator(zip64={"offset": 7}), "zip64"
    yield "accepted: same name but for case", operator(Entry("A.txt"), Entry("a.TXT")), ACCEPTED
    yield "accepted: same name but for case, Greek", operator(Entry("ς"), Entry("Σ")), ACCEPTED
    yield "accepted: a directory twice", operator(Entry("a/"), Entry("a/b"), Entry("a/")), ACCEPTED
    yield "accepted: name in UTF-8, no flag", operator(Entry("ä", flags=0)), ACCEPTED
    yield "accepted: name in code page 437", operator(Entry(b"\x84", flags=0)), ACCEPTED
    yield "accepted: name in the Unicode path field", operator(Entry(b"\x84", flags=0, extra=unicode_path(b"\x84", "ä"))), ACCEPTED
    yield "name: parent in the Unicode path field", operator(Entry(b"../\x84", flags=0, extra=unicode_path(b"../\x84", "../ä"))), 'entry "'
    yield "name: another in the Unicode path field that fits", operator(Entry(b"\x84.txt", flags=0, extra=unicode_path(b"\x84.txt", "csv.yaml"))), 'entry "'
    yield "accepted: version 6.3 needed", bent(version=63), ACCEPTED
    yield "accepted: zero padding", bent(extra=bytes(3)), ACCEPTED
    yield "accepted: levels that disagree", bent(local_flags=2), ACCEPTED
    yield "accepted: data descriptor", operator(Entry("a", b"abc", **later, descriptor=descriptor)), ACCEPTED
    yield "accepted: descriptor without signature", operator(Entry("a", b"abc", **later, descriptor=descriptor[4:])), ACCEPTED
    yield "accepted: comment", operator(comment=b"c" * 65_535), ACCEPTED
    yield "accepted: data before, offsets adjusted", operator(before=b"#!/bin/sh\n"), ACCEPTED
    yield "accepted: data before, offsets not adjusted", operator(before=b"#!/bin/sh\n", adjusted=False), ACCEPTED
    wide_sizes = dict(uncompressed=ones, compressed=ones, extra=wide(100, 14), raw=zlib.compress(b"bent " * 20, 9)[2:-4], version=45)
    wide_sizes["extra"] = wide(100, len(wide_sizes["raw"]))
    yield "accepted: zip64 with honest sizes", bent(**wide_sizes), ACCEPTED
    yield "accepted: zip64 end record", operator(zip64={}, here=0xFFFF, count=0xFFFF, size=ones, offset=ones), ACCEPTED
    yield "accepted: odd dates", bent(time=ones), ACCEPTED
    yield "accepted: any mode bits", bent(mode=0o107777), ACCEPTED
    yield "accepted: 10,000 entries", operator(*(Entry(f"{i}") for i in range(9_998))), ACCEPTED
    yield "accepted: 20 levels, odd names", operator(Entry("a/" * 19 + "ü%2F..;?#$(x)")), ACCEPTED
    yield "accepted: a zip in the zip", operator(Entry("a.zip", zipped(Entry("b", bytes(10 << 20))))), ACCEPTED


def texts():
    """YAML for a CSV's file: the text, and what the answer must say."""
    bomb = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}' if i else 'x'] * 10)}]\n" for i in range(10))
    merges = "a0: &a0 {k: v}\n" + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 10))
    yield "alias bomb", bomb, "expand"
    yield "merge bomb", merges, "expand"
    yield "aliases 100,000 deep", "- &a0 []\n" + "".join(f"- &a{i} [*a{i - 1}]\n" for i in range(1, 100_000)), None
    yield "100,000 brackets", "[" * 100_000, "nested"
    yield "a megabyte of brackets", "[" * (1 << 20), "nested"
    yield "a megabyte of braces", "{" * (1 << 20), None
    yield "a megabyte of closing brackets", "]" * (1 << 20), None
    yield "a megabyte of bracket pairs", "[" + "[]," * 350_000 + "]", "more than"
    yield "50,000 dashes", "- " * 50_000, "nested"
    yield "50,000 question marks", "? " * 50_000, None
    yield "50,000 anchors", "&a " * 50_000, None
    yield "deep indentation", "".join(" " * i + "a:\n" for i in range(1_000)), "nested"
    yield "100,000 documents", "---\n" * 100_000, "document"
    yield "100,000 tag directives", "".join(f"%TAG !{i}! a\n" for i in range(100_000)) + "--- a\n", None
    yield "a directive of a megabyte", "%YAML 1." + "1" * (1 << 20) + "\n--- a\n", None
    yield "a number of 5,000 digits", "a: " + "1" * 5_000, "!!int"
    yield "a number of a million digits", "a: 1" + "0" * 1_000_000, "!!int"
    yield "a number of half a million parts", "a: 1" + ":1" * 500_000, "!!int"
    yield "a key of a megabyte", "a" * (1 << 20) + ": b", None
    yield "an open quotation of a megabyte", '"' + "a" * (1 << 20), None
    yield "an anchor of a megabyte", "&" + "a" * (1 << 20) + " b: *c", None
    yield "a tag of a megabyte", "a: !" + "a" * (1 << 20) + " b", None
    yield "a megabyte of tabs", "a:\n" + "\t" * (1 << 20) + "b", None
    yield "a million lines of text that ends nowhere", "a: 'b\n" + "\n" * 1_000_000, None
    for what, text in [("NUL", "\0"), ("BEL", "\7"), ("escape", "\x1b"), ("DEL", "\x7f"), ("C1", "\x80"), ("U+FFFE", "\ufffe")]:
        yield f"control character {what}", f"a: b{text}c", None
    yield "invalid UTF-8", b"a: \xff\xfe", "UTF-8"
    yield "a surrogate in UTF-8", b"a: \xed\xa0\x80", "UTF-8"
    yield "a character in too many bytes", b"a: \xc0\xaf", "UTF-8"
    yield "UTF-16", "a: b".encode("utf-16"), None
    yield "a tag before a comma", "a: [!, b]", None
    yield "a tag that runs code", "a: !!python/object/apply:os.system [id]", None


def large(csv, flat):
    """Text that is nearly all of an upload, in every way to write it: as one scalar and as nineteen, in a directory, under rules."""
    unreadable = lambda said="": (400, "PackageValidationError", ('"line"', said))
    huge = unreadable("a scalar of")
    for what, start, piece, end, one, many in [
        ("plain", "", "text ", "\n", huge, ACCEPTED),
        ("without a last line end", "", "text ", "x", huge, None),
        ("in quotes", "'", "text ", "'\n", huge, ACCEPTED),
        ("of escapes", '"', "\\x41", '"\n', huge, ACCEPTED),
        ("of surrogate pairs", '"', "\\ud83d\\ude00", '"\n', huge, ACCEPTED),
        ("of line separators", "'", "\u2028", "'\n", unreadable("U+2028"), unreadable("U+2028")),
        ("folded", ">\n    ", "text\n    ", "\n", huge, ACCEPTED),
        ("of lines", "|\n    ", "text\n    ", "\n", huge, ACCEPTED),
        ("that is a comment", "a # ", "text ", "\n", ACCEPTED, ACCEPTED),
        ("of odd characters", "'\ufeff\u2028\u2029\x85", "text\ufeff", "'\n", unreadable(), unreadable()),
        ("that is a number", "1", "0", "\n", unreadable(), unreadable()),
        ("that is a date", "2020-01-01T00:00:00.", "0", "\n", unreadable(), unreadable()),
        ("that is a tag", "!", "a", " a\n", unreadable(), None),
        ("that is an anchor", "&", "a", " a\n", unreadable(), unreadable()),
    ]:  # fmt: skip
        for count, wanted in [(1, one), (19, many)]:
            if wanted is None:
                continue
            text = start + piece * (((19 << 20) // count - 4096) // len(piece.encode())) + end
            lines = [line for i in range(count) for line in (f"  x{i}: ", text)]
            shown = f"19 MiB, {'one text' if count == 1 else f'{count} texts'} {what}"
            yield f"{shown}, flat", GOOD, flat(csv("  description: ", *lines[1:])), wanted
            yield f"{shown}, nested", GOOD, zipped(Entry("package.yaml", PACKAGE), Entry("1.0.0/csv.yaml", csv(*lines))), wanted
            yield f"{shown}, rules", GOOD.replace("org", "ruled"), flat(csv(*lines)), wanted
    room = (19 << 20) - 4096
    for field in ["kind: ", "spec: ", "metadata: {annotations: {}, name: ", "metadata: {name: hostile.v1.0.0, annotations: {alm-examples: "]:
        brackets = "}" * field.count("{")
        text = CSV.decode() + f"{field}'{'text ' * (room // 5)}'{brackets}\n"
        yield f"19 MiB, {field.rstrip('{: ')}", GOOD, flat(text.encode()), (400, "PackageValidationError", ())


def uploads():
    """Manifests that would be good, were they not so many."""
    csv = lambda *lines: CSV + "".join(lines).encode()
    nearly = "  x0: &x0 [" + "x, " * 99 + "x]\n" + "".join(f"  x{i}: &x{i} [" + f"*x{i - 1}, " * 9 + "]\n" for i in range(1, 4))
    owned = "  customresourcedefinitions: {owned: [" + "{}, " * 120_000 + "]}\n"
    aliased = "  x: &x {}\n  customresourcedefinitions: {owned: [" + "*x, " * 200_000 + "]}\n"
    small = "a: [" + "[], " * 120_000 + "]\n"
    flat = lambda text, *more: zipped(Entry("csv.yaml", text), Entry("package.yaml", PACKAGE), *more)
    invalid = (400, "PackageValidationError", ("",))
    yield from large(csv, flat)
    yield "120,000 owned CRDs that are wrong", GOOD, flat(csv(owned)), invalid
    yield "200,000 owned CRDs by alias", GOOD, flat(csv(aliased)), invalid
    many = [Entry(f"1.0.{i}/csv.yaml", csv(owned)) for i in range(19)]
    yield "19 files of 120,000 owned CRDs", GOOD, zipped(Entry("package.yaml", PACKAGE), *many), invalid
    many = [Entry(f"1.0.{i}/csv.yaml", small.encode()) for i in range(40)]
    in_all = lambda path: (400, "PackageValidationError", (path, '"line"', "values in all files together"))
    yield "20 MB of small values in 40 files", GOOD, operator(*many), in_all("1.0.0/csv.yaml")
    many = [Entry(f"{i:03}.yaml", small.encode()) for i in range(40)]
    yield "20 MB of small values, all at the top", GOOD, operator(*many), in_all("000.yaml")
    many = [Entry(f"1.0.{i}/csv.yaml", csv(nearly)) for i in range(2_000)]
    yield "aliases, 2,000 files", GOOD, zipped(Entry("package.yaml", PACKAGE), *many), in_all("1.0.1")
    yield "aliases, 2,000 files and rules", GOOD.replace("org", "ruled"), zipped(Entry("package.yaml", PACKAGE), *many), in_all("1.0.1")
    one = "  customresourcedefinitions: {owned: [&x {name: as.b, kind: A, version: v1}, " + "*x, " * 990 + "]}\n"
    many = [Entry(f"1.0.0/{i}.csv.yaml", csv(one)) for i in range(600)] + [Entry(f"1.0.0/{i}.crd.yaml", CRD) for i in range(6_000)]
    yield "600 CSVs that own 990 CRDs by alias, 6,000 CRDs of that name", GOOD, zipped(Entry("package.yaml", PACKAGE), *many), invalid
    long = '"' + "n" * 200_000 + '"'
    one = f"  customresourcedefinitions: {{owned: [&x {{name: {long}, kind: {long}, version: {long}}}, " + "*x, " * 990 + "]}\n"
    yield "990 owned CRDs of long names by alias", GOOD, flat(csv(one)), invalid
    channels = f"channels:\n- &x {{name: a, currentCSV: {long}}}\n" + "- *x\n" * 5_000
    yield "5,000 channels of long CSVs by alias", GOOD, zipped(Entry("csv.yaml", CSV), Entry("package.yaml", b"packageName: hostile\n" + channels.encode())), invalid
    merged = "  a: &m {" + "".join(f"k{i}: v, " for i in range(9_000)) + "}\n" + "".join(f"  m{i}: {{<<: *m}}\n" for i in range(25))
    yield "25 merges of 9,000 keys", GOOD.replace("org", "ruled"), flat(csv(merged)), in_all("csv.yaml")
    annotations = CSV.replace(b'certified: "false"', b'certified: "false", ' + b"".join(b"a%d: b, " % i for i in range(120_000)))
    yield "120,000 annotations and rules", GOOD.replace("org", "ruled"), flat(annotations), in_all("csv.yaml")
    million = "n" * 1_000_000
    crd = lambda name, versions: Entry(f"{name}.yaml", CRD.replace(b"as.b", name.encode() + b".b").replace(b"[{name: v1, served: true, storage: true}]", f"[{versions}]".encode()))
    version = lambda name, count: f"&x {{name: {name}, served: true, storage: false}}, " + "*x, " * count
    own = lambda value, count: f"  customresourcedefinitions: {{owned: [&x {{name: {value}, kind: {value}, version: {value}}}, " + "*x, " * count + "]}\n"
    ruled = GOOD.replace("org", "ruled")
    yield "60,000 versions by alias, of a binary name", GOOD, flat(CSV, crd("as", version(f"!!binary '{million}'", 60_000))), invalid
    yield "60,000 versions by alias, of a name of 4,299 digits", GOOD, flat(CSV, crd("as", version("7" * 4_299, 60_000))), invalid
    yield "990 owned by alias, of a binary name", GOOD, flat(csv(own(f"!!binary '{million}'", 990))), invalid
    yield "999 owned against 60,000 versions, floats", GOOD, flat(csv(own("1.7e+308", 998)), crd("as", version("1.6e+308", 60_000))), invalid
    yield "5 CRDs of 6,000 numbers of 4,299 digits", GOOD, flat(CSV, *(crd(f"c{i}", "&x " + "7" * 4_299 + ", *x" * 6_000) for i in range(5))), invalid
    for what, value, count in [("a tag of a megabyte", "!e!a [", 120), ("a tag of a megabyte for items", "[" + "!e!a b, " * 100_000, 1)]:
        yield f"{what}, by a directive", GOOD, operator(Entry("a.yaml", f"%TAG !e! !{million}\n--- {value * count}{']' * count}\n".encode())), (400, "PackageValidationError", ('"line"', "tag"))
    deep = f"x: {'{a: ' * 115}[{'a, ' * 200_000}]{'}' * 115}\n".encode()
    crds = [Entry(f"c{i}.yaml", CRD.replace(b"as.b", b"a%d.b" % i) + deep) for i in range(14)]
    room = Entry("room.bin", os.urandom(1_600_000))  # for more values
    few = [Entry(f"c{i}.yaml", CRD.replace(b"as.b", b"a%d.b" % i) + deep.replace(b"a, " * 200_000, b"a, " * 40_000)) for i in range(4)]
    yield "a bundle that grows", GOOD, flat(CSV, *few, room), (400, "PackageValidationError", ("bundle.yaml would grow",))
    yield "14 deep CRDs", GOOD, flat(CSV, *crds), in_all(".yaml")
    floats = Entry("1.0.0/csv.yaml", csv("  m: {" + "1.7e+308, " * 120_000 + "}\n"))
    yield "120,000 large floats as keys", ruled, zipped(Entry("package.yaml", PACKAGE), floats), in_all("1.0.0/csv.yaml")
    in_one = (400, "PackageValidationError", ('"line"', "values"))
    yield "a megabyte by alias, 200,000 times", ruled, flat(csv(f"  l: &l {million}\n  m: [{'*l, ' * 200_000}]\n")), in_one
    yield "a megabyte as a key, 20,000 times", GOOD, flat(csv(f"  l: &l {million}\n  m: [{'{*l : a}, ' * 20_000}]\n")), in_one
    merges = "  m: " + "{<<: " * 112 + "{" + ",".join(f"k{i:x}" for i in range(100_000)) + "}" + "}" * 112 + "\n"
    yield "merges within merges", ruled, flat(csv(merges)), in_one
    channels = b"packageName: hostile\nchannels: [&c {name: a, currentCSV: 1.5e+308}, " + b"*c, " * 90_000 + b"]\n"
    yield "90,000 channels, 4,000 directories", GOOD, zipped(Entry("package.yaml", channels), *(Entry(f"1.0.{i}/csv.yaml", CSV) for i in range(4_000))), invalid
    yield "90,000 channels, 300 CSVs", GOOD, zipped(Entry("package.yaml", channels), *(Entry(f"{i}.yaml", CSV.replace(b"name: hostile.v1.0.0", b"name: 1.6e+308")) for i in range(300))), invalid
    ambiguous = (400, "PackageValidationError", ('"line"', "ambiguous-key"))
    package = lambda text: zipped(Entry("csv.yaml", CSV), Entry("package.yaml", text))
    yield "a package's name that a merge overrules in Go", GOOD, package(b"x: &x {packageName: evil}\n" + PACKAGE + b"<<: *x\n"), ambiguous
    yield "a package's name in lower case, too", GOOD, package(PACKAGE + b"packagename: evil\n"), ambiguous
    yield "a package's name with the Kelvin sign, too", GOOD, package(PACKAGE + "pac\u212aageName: evil\n".encode()), ambiguous
    yield "a CSV's name that a merge overrules in Go", GOOD, flat(CSV.replace(b"annotations: {", b"<<: {name: evil}, annotations: {")), ambiguous
    yield "a number as an annotation's key", GOOD, flat(CSV.replace(b"annotations: {", b"annotations: {1: a, ")), ambiguous
    merged = CSV.replace(b"annotations: {certified: \"false\"}", b"<<: {annotations: {certified: \"false\"}}")
    yield "annotations that no rule can set", ruled, flat(merged), (400, "PackageValidationError", ('"line"', "rule-not-applied"))
    yield "an alias to itself", GOOD, flat(csv("  x: &x [*x]\n")), ACCEPTED
    yield "10,000 empty files", GOOD, operator(*(Entry(f"{i}.yaml") for i in range(9_998))), (400, "PackageValidationError", ())
    runaway = flat(csv("  description: ", "x" * 50_000, "\n"))
    yield "a rule that runs wild", GOOD.replace("org", "wild"), runaway, (400, "PackageValidationError", ("csv.yaml", "step limit"))
    long = lambda count: flat(csv(*(f"  x{i}: {'x' * 1_000_000}\n" for i in range(count))))
    many = zipped(Entry("package.yaml", PACKAGE), *(Entry(f"1.0.{i}/csv.yaml", csv("  x: ", "x" * 1_000_000, "\n")) for i in range(19)))
    for organization, count in [("wild", 2), ("wild", 19), ("looking", 2), ("searching", 2), ("searching", 19), ("plain", 19)]:
        yield f"a rule that runs wild, {organization}, {count} MB", GOOD.replace("org", organization), long(count), (400, "PackageValidationError", ("csv.yaml", "step limit"))
        yield f"a rule that runs wild, {organization}, 19 files", GOOD.replace("org", organization), many, (400, "PackageValidationError", ("csv.yaml", "replacement rule"))
    for count in (2, 19):
        yield f"a rule that makes a file of {count} MB grow", GOOD.replace("org", "growing"), long(count), (400, "PackageValidationError", ("csv.yaml", "grows past"))
    grown = [Entry(f"1.0.{i}/csv.yaml", csv("  description: ", "x" * 900_000, "\n")) for i in range(20)]
    yield "a rule that makes 20 files grow", GOOD.replace("org", "growing"), zipped(Entry("package.yaml", PACKAGE), *grown), (400, "PackageValidationError", ("1.0.0/csv.yaml",))


def names():
    """Names that attack: every path is posted with a good archive, so that nothing else refuses it."""
    attacks = [
        "%2F", "..%2F..%2Fapi", "%2e%2e", "..", "a%2Fb", "a%5Cb", "%0d%0aHost:%20x", "a%0A", "a%00b", "a%20b", "a%3Fb=c", "a%23b", "a%25b",
        "%252e%252e%252f", "a;b", "a@b", "%C3%A4", "%E2%80%AE", "%D9%A3", "a" * 300, "%F0%9F%98%80" * 100, "-a", ".a", "${a}", "%7B%7Ba%7D%7D",
    ]  # fmt: skip
    for attack in attacks:
        shown = attack if len(attack) < 30 else f"{attack[:12]}... ({len(attack)})"
        if attack != "..":
            yield f"organization {shown}", f"/v2/{attack}/zipfile/1.0.0", "BadRequest", "organization"
            yield f"repository {shown}", f"/v1/org/{attack}/zipfile/1.0.0", "BadRequest", "repo"
        yield f"version {shown}", f"{GOOD[:-5]}{attack}", "OMPSInvalidVersionFormat", "Version"
        yield f"N-V-R {shown}", f"/v2/org/koji/a-1-{attack}%20/1.0.0", "BadRequest", "N-V-R"
    for path in ["/v2/%ff/zipfile", "/v2/org/zipfile/%ff", "/v1/org/%c0%af/zipfile"]:
        yield f"path {path}", path, "BadRequest", "UTF-8"
    yield "N-V-R of 300 characters", f"/v2/org/koji/a-1-{'1' * 300}", "BadRequest", "N-V-R"
    for version in ["1.0", "1.0.0-1", "01.0.0", "1.0.0.0", "1.0.-1", "1e1.0.0", "1." + "0" * 300 + ".0"]:
        yield f"version {version[:20]}", GOOD[:-5] + version, "OMPSInvalidVersionFormat", "Version"


def packages():
    for name in ["a/b", "../a", "..", ".", "a%2Fb", "a?b", "a#b", "a b", "a\\nb", "a\\0", "ä", "\\U0001F600", "", "a" * 300, "-a", "x\\r\\nHost: y"]:
        yield name, zipped(Entry("csv.yaml", CSV), Entry("package.yaml", PACKAGE.replace(b"hostile", b'"%s"' % name.encode(), 1)))


def cases():
    refused = lambda said: (400, "OMPSUploadedFileError", (said,))
    for name, body, said in zips():
        if said is None:
            yield Case(f"zip, {name}", GOOD, body, 400, "PackageValidationError", ())
        else:
            yield Case(f"zip, {name}", GOOD, body, *(said if isinstance(said, tuple) else refused(said)))
    for name, text, said in texts():
        text = text.encode() if isinstance(text, str) else text
        # At the top every file is read as YAML 1.2 until the package's is found, in a directory as YAML 1.1 alone.
        for place, path in [("1.2", "a.yaml"), ("1.1", "1.0.0/a.yaml")]:
            wanted = (path, '"line"', said or "")
            yield Case(f"YAML {place}, {name}", GOOD, operator(Entry(path, text)), 400, "PackageValidationError", wanted)
    for name, path, body, wanted in uploads():
        yield Case(f"YAML, {name}", path, body, *wanted)
    for name, path, error, said in names():
        yield Case(f"path, {name}", path, operator(), 400, error, (said,))
    for name, body in packages():
        shown = name if len(name) < 30 else f"{name[:8]}... ({len(name)})"
        yield Case(f"package {shown!r}", GOOD, body, 400, "PackageValidationError", ("package.yaml", "packageName"))


# The server, its Quay, and what is seen of them.


class Quay(AppRegistry):
    """Takes pushes, and notes what it was asked that no request may lead to."""

    pushes = 0
    odd = []

    def do_POST(self):
        Quay.pushes += 1
        if not re.fullmatch("/cnr/api/v1/packages/(org|ruled)/hostile", self.path):
            Quay.odd.append(self.path)
        super().do_POST()

    def do_GET(self):
        if not re.fullmatch("/cnr/api/v1/packages/[a-z]+/hostile/1.0.0", self.path):
            Quay.odd.append(self.path)
        super().do_GET()

    def do_DELETE(self):
        Quay.odd.append(self.path)
        self.send_error(404)

    do_PUT = do_DELETE


def memory(process, field):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(rf"{field}:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else MOST / (1 << 20)  # it died of what it took


def processor(process):
    """Seconds that a process has worked."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def post(path, archive):
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
    headers = {"Authorization": "basic eDp5", "Content-Type": "multipart/form-data; boundary=b"}
    connection = http.client.HTTPConnection(*ADDRESS, timeout=PATIENCE)
    started = time.monotonic()
    connection.request("POST", path, head + archive + b"\r\n--b--\r\n", headers)
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, body, time.monotonic() - started


def attempt(process, idle, case):
    """Posts a case; its row, and what is wrong with it."""
    pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # the peak starts anew
    worked = processor(process)
    Quay.pushes, Quay.odd = 0, []
    Quay.releases.clear()
    try:
        status, body, seconds = post(case.path, case.body)
        answer = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{case.name} | WRONG: no answer: {error!r}", ["no answer"], PATIENCE, memory(process, "VmHWM") - idle
    seconds = min(seconds, processor(process) - worked)  # what other work on the machine adds is no cost of the upload
    peak = memory(process, "VmHWM") - idle
    error, message = answer.get("error"), answer.get("message", "pushed")
    wrong = [
        what
        for what, is_so in [
            (f"wanted {case.status} {case.error}", (status, error) != (case.status, case.error)),
            ("a 5xx", status >= 500),
            (f"over {SECONDS} s", seconds > SECONDS),
            (f"{MIB:.0f} MiB or more", peak >= MIB),
            (f"{Quay.pushes} pushes", Quay.pushes != (case.status == 200)),
            (f"Quay was asked {Quay.odd}", Quay.odd),
            *((f"does not say {said!r}", said not in message and said not in body.decode()) for said in case.said),
        ]
        if is_so
    ]
    shown = message if len(message) <= 110 else f"{message[:107]}..."
    row = f"{case.name} | {status} | {error or ''} | {shown!a} | {seconds:.3f} | {max(peak, 0):.1f}"
    return row + "".join(f" | WRONG: {what}" for what in wrong), wrong, seconds, peak


class Server:
    """A server process, and what it takes when it has nothing to do."""

    def __init__(self, binary, configuration, quay):
        environment = dict(
            os.environ, OMPS_LISTEN="%s:%d" % ADDRESS, OMPS_CONF_FILE=configuration, OMPS_QUAY_URL=quay, OMPS_RELEASE_FORMAT="app-registry", OMPS_KOJIHUB_URL=f"{quay}/koji"
        )  # fmt: skip
        limited = lambda: resource.setrlimit(resource.RLIMIT_AS, (MOST, MOST))
        self.process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, preexec_fn=limited)
        while socket.socket().connect_ex(ADDRESS):
            time.sleep(0.05)
        post(GOOD, operator())
        self.idle = memory(self.process, "VmRSS")

    def stop(self):
        self.process.kill()
        self.process.wait()


def main(binary):
    quay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quay)
    threading.Thread(target=quay.serve_forever, daemon=True).start()
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as configuration:
        configuration.write(CONFIGURATION)
        configuration.flush()
        start = lambda: Server(binary, configuration.name, f"http://127.0.0.1:{quay.server_port}")
        server, rows = start(), []
        print("case | status | id | message | seconds | peak MiB")
        for case in cases():
            row, *figures = attempt(server.process, server.idle, case)
            print(row, flush=True)
            rows.append(figures)
            if figures[0]:  # it may still be at work: the next case gets a server of its own
                server.stop()
                server = start()
        server.stop()
    wrong = sum(bool(problems) for problems, _, _ in rows)
    slowest, peak = max(seconds for _, seconds, _ in rows), max(peak for *_, peak in rows)
    print(f"{len(rows)} cases, {wrong} wrong; slowest {slowest:.2f} s, peak {peak:.1f} MiB above {server.idle:.1f} MiB idle")
    return bool(wrong)


def seeds(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(case for case in cases() if 0 < len(case.body) < 4096):
        (directory / f"hostile-{number:03}").write_bytes(case.body)


if __name__ == "__main__":
    sys.exit(seeds(sys.argv[2]) if sys.argv[1] == "--seeds" else main(sys.argv[1]))
