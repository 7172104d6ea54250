"""A case: the files of one push."""

import dataclasses
import io
import zipfile

EPOCH = (2020, 1, 1, 0, 0, 0)


@dataclasses.dataclass(frozen=True)
class Case:
    """What is pushed, and where to."""

    name: str
    #: Path in the archive → content; a path that ends in a slash is an empty directory.
    files: dict[str, bytes]
    #: The repository of a v1 push; in v2 it is the package name.
    repository: str | None = None
    #: Only the reference's own answer is right, also where a type is odd.
    strict: bool = False

    @property
    def size(self) -> int:
        """Bytes, for telling small cases from large ones."""
        return sum(len(path) + len(content) for path, content in self.files.items())

    @property
    def paths(self) -> list[str]:
        """The files in the archive, sorted."""
        return sorted(path for path in self.files if not path.endswith("/"))

    def archive(self) -> bytes:
        """The zip file."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, content in self.files.items():
                entry = zipfile.ZipInfo(path, EPOCH)
                entry.compress_type = zipfile.ZIP_STORED if path.endswith("/") else zipfile.ZIP_DEFLATED
                entry.external_attr = (0o40755 if path.endswith("/") else 0o100644) << 16
                archive.writestr(entry, content)
        return buffer.getvalue()
