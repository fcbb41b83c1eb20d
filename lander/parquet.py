"""Rows as a Parquet file, piece by piece. It needs pyarrow, which is an extra and loaded by nothing else."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

_ROWS_AT_ONCE: Final = 20_000  # a row group; some 10 MB while it is made


class _Pieces:
    """A file that gives away what was written to it since it was last asked."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """There is nothing to wait for."""

    def close(self) -> None:
        """What was written stays to be taken."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def write(columns: Mapping[str, type], rows: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    """The file. `columns` name their Python types, in the order of each row; moments are aware UTC, to the second."""
    import pyarrow  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    types = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        bool: pyarrow.bool_(),
        date: pyarrow.date32(),
        datetime: pyarrow.timestamp("s", tz="UTC"),
    }
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
    pieces, left = _Pieces(), iter(rows)
    with parquet.ParquetWriter(pyarrow.PythonFile(pieces, mode="w"), schema) as writer:
        while group := list(islice(left, _ROWS_AT_ONCE)):
            by_column = zip(schema, zip(*group, strict=True), strict=True)
            arrays = [pyarrow.array(values, field.type) for field, values in by_column]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
            yield pieces.take()
    yield pieces.take()
