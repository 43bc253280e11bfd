"""A folder to write files to, on this machine or in S3, so that a reader sees whole files only.

Each file is written beside its place under another name; all are moved to their places when all are written. Mirrors
https://arrow.apache.org/docs/python/filesystems.html.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pyarrow as pa
from pyarrow.fs import FileSelector, FileSystem, LocalFileSystem

from tasks.errors import LoadError, UsageError

_PARTIAL: Final = ".partial"
_MAX_AGE: Final = timedelta(days=1)


def open_folder(destination: str, what: str) -> tuple[FileSystem, str]:
    """Return the filesystem of a folder or of `s3://bucket/prefix`, and the folder in it, which is made.

    what: is to be written there, for the message. S3 credentials, region and endpoint are those of the environment.
    Raises `UsageError` for a destination that is not one, `LoadError` where it does not answer.
    """
    if not destination.startswith("s3://"):
        folder = Path(destination).expanduser().resolve()
        if "://" in destination or (folder.exists() and not folder.is_dir()):
            raise UsageError(
                f"--to {destination!r} is neither a folder nor an address like s3://bucket/folder"
            )
        folder.mkdir(parents=True, exist_ok=True)
        return LocalFileSystem(), str(folder)
    parts = urlsplit(destination)
    if "@" in parts.netloc or parts.query or not parts.netloc:
        raise UsageError("--to is s3://bucket/folder: keys, region and endpoint come from the environment")
    try:
        files, folder_in_bucket = FileSystem.from_uri(destination.rstrip("/"))
    except OSError as error:
        raise LoadError(f"the {what} to {destination} failed: {' '.join(str(error).split())}") from error
    return files, folder_in_bucket


class Sink(io.RawIOBase):
    """A file to write that knows the size and the digest of what went into it."""

    def __init__(self, stream: pa.NativeFile) -> None:
        super().__init__()
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all that was written."""
        return self._digest.hexdigest()

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def tell(self) -> int:
        """Return how much was written."""
        return self.size

    def write(self, content: Any) -> int:
        """Write some bytes, and return how many."""
        self._stream.write(content)
        self._digest.update(content)
        self.size += len(content)
        return len(content)


class Partials:
    """Files under other names beside their places, and how they get there: all of them, or none when the body fails."""

    def __init__(self, files: FileSystem, folder: str) -> None:
        self._files = files
        self._folder = folder
        self._names: list[str] = []
        # Two at once do not write into one file.
        self._own = uuid4().hex[:8]

    def __enter__(self) -> "Partials":
        """Remove what a killed process left behind."""
        for found in self._files.get_file_info(FileSelector(self._folder, allow_not_found=True)):
            is_left = found.base_name.startswith(".") and found.base_name.endswith(_PARTIAL)
            if is_left and datetime.now(UTC) - found.mtime > _MAX_AGE:
                self._files.delete_file(found.path)
        return self

    def __exit__(self, *_error: object) -> None:
        for name in self._names:
            self._files.delete_file(self._partial(name))

    @contextmanager
    def open(self, name: str) -> Iterator[Sink]:
        """Yield a file to write. A failure leaves the partial file, to be removed at the end."""
        with self._files.open_output_stream(self._partial(name)) as stream:
            self._names.append(name)
            yield Sink(stream)

    def publish(self) -> None:
        """Move all to their places, in the order in which they were written."""
        while self._names:
            name = self._names[0]
            self._files.move(self._partial(name), f"{self._folder}/{name}")
            self._names.pop(0)

    def _partial(self, name: str) -> str:
        return f"{self._folder}/.{name}.{self._own}{_PARTIAL}"
