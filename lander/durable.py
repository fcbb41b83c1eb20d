"""Files that survive a power cut: written, synced and renamed into place; then their folder's list of names is synced.

Nothing is ever half there under its own name. A leaf.
"""

import os
from pathlib import Path


def put_file(target: Path, content: bytes) -> None:
    """Put a file in place whole; the caller syncs its folder."""
    staging = target.with_name(f".{target.name}.{os.getpid()}")
    write_file(staging, content)
    staging.rename(target)


def write_file(path: Path, content: bytes) -> None:
    """Write a file and wait for the disk; for one in a folder that is renamed into place as a whole."""
    with path.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the disk knows the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
