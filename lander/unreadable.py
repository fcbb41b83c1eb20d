"""Journal rows that this version cannot read, put aside as files: they hold up nobody, and nothing of them is lost.

One file per row, named by what is in it, so putting the same row aside again changes nothing. A leaf.
"""

import base64
import hashlib
import json
from pathlib import Path

from experiments.journal import Record
from lander.durable import put_file, sync_folder


def put_aside(folder: Path, record: Record) -> Path:
    """Keep the row, through a power cut too; its file."""
    entry = {"kind": record.kind, "body": base64.b64encode(record.body).decode("ascii")}
    content = json.dumps(entry).encode()
    path = folder / f"{hashlib.sha256(content).hexdigest()[:32]}.json"
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
    put_file(path, content)
    sync_folder(folder)
    return path


def list_aside(folder: Path) -> list[Path]:
    """The files of all rows that are aside."""
    return sorted(folder.glob("*.json"))


def load_aside(path: Path) -> Record:
    """The row in a file; raises `ValueError` where it is none."""
    try:
        entry = json.loads(path.read_bytes())
        return Record(entry["kind"], base64.b64decode(entry["body"], validate=True))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no row of a journal") from error
