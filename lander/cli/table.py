"""Lines in columns, for people: two spaces apart, as wide as their widest cell, whatever the terminal."""

from collections.abc import Sequence


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = ()) -> list[str]:
    """One line per row under the headings; columns named in `numbers` stand to the right.

    >>> print("\\n".join(table(["page", "visitors"], [["spring-sale", "900"]], numbers=["visitors"])))
    page         visitors
    spring-sale       900
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return ["  ".join(_fit(row, headings, widths, numbers)).rstrip() for row in (headings, *rows)]


def _fit(row: Sequence[str], headings: Sequence[str], widths: Sequence[int], numbers: Sequence[str]) -> list[str]:
    columns = zip(row, headings, widths, strict=True)
    return [cell.rjust(width) if heading in numbers else cell.ljust(width) for cell, heading, width in columns]
