"""CSV as spreadsheets write it: encodings, separators, headers, quotes, and what cannot be read."""

import time

import pytest

from lander.errors import InvalidInput
from lander.pages.redirect_rules import Rule, read_rule
from lander.pages.redirect_sheet import MOST_ROWS, Row, guard, read_sheet, write_sheet

TEXT = "from,to,status,note\n/über,/new,301,für Müller\n"
WANTED = [Row(2, "/über", "/new", "301", "für Müller")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_encoding_separator_and_line_ending_is_read(encoding: str, separator: str, ending: str) -> None:
    content = TEXT.replace(",", separator).replace("\n", ending).encode(encoding)
    assert list(read_sheet(content)) == WANTED


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("/a,/b", [Row(1, "/a", "/b")]),
        ("Alte URL;Neue URL\n/a;/b", [Row(2, "/a", "/b")]),
        ("note,to,from\nx,/b,/a", [Row(2, "/a", "/b", "", "x")]),
        ("Old URL,ID,Redirect to\n/a,7,/b", [Row(2, "/a", "/b")]),
        ("/a,1;/b\n/c;/d", [Row(1, "/a,1", "/b"), Row(2, "/c", "/d")]),
        ('"/a","/b;c,d"\n\n\n"/e",/f', [Row(1, "/a", "/b;c,d"), Row(4, "/e", "/f")]),
        ('/a,/b,301,"two\nlines"\n/c,/d', [Row(1, "/a", "/b", "301", "two\nlines"), Row(3, "/c", "/d")]),
        ("/a,/b,,,,\n", [Row(1, "/a", "/b")]),
        ("/a\n/b,/c", [Row(1, "/a"), Row(2, "/b", "/c")]),
        ("sep=;\nfrom;to\n/a;/b", [Row(3, "/a", "/b")]),
        ("sep=;\r\nnote;to;from\r\n/x,y;/b;/a", [Row(3, "/a", "/b", "", "/x,y")]),
        ('"SEP=|"\r/a|/b', [Row(2, "/a", "/b")]),
        ("sep=\t\n/a\t/b,1", [Row(2, "/a", "/b,1")]),
        ("sep=/\n/a,/b", [Row(1, "sep=/"), Row(2, "/a", "/b")]),  # nothing that can part addresses
    ],
)
def test_rows_keep_their_line_and_their_cells(text: str, rows: list[Row]) -> None:
    assert list(read_sheet(text.encode())) == rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no rows"),
        (b"\n\n ,\n", "no rows"),
        (b"sep=;", "no rows"),
        (b"PK\x03\x04....", "workbook"),
        (bytes(range(256)), "not a text file"),
        (b"\x81\x8d", "not a text file"),
        (b"\xff\xfe\x00\xd8", "not a text file"),
        (b"from,from,to\n/a,/b,/c", "twice"),
        (b"from,note\n/a,/b", "no column 'to'"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        list(read_sheet(content))


def test_a_row_that_breaks_the_quoting_is_named_and_the_rows_before_it_are_read() -> None:
    rows = list(read_sheet(b'/a,/b\n/c,"/d\n/e,/f\n'))
    assert rows[0] == Row(1, "/a", "/b")
    assert (rows[1].line, len(rows)) == (2, 2)
    assert "quotation mark" in rows[1].wrong


def test_a_row_with_too_many_cells_is_named() -> None:
    (row,) = read_sheet(b"/a,/b,301,note,more")
    assert "5 cells" in row.wrong


def test_more_rows_than_are_served_are_refused() -> None:
    content = "".join(f"/a{number},/b\n" for number in range(MOST_ROWS + 1)).encode()
    with pytest.raises(InvalidInput, match="100,000 rows"):
        list(read_sheet(content))


def test_a_hundred_thousand_rows_take_a_moment() -> None:
    content = "".join(f"/category/{number}/old-product,/new?id={number}\n" for number in range(MOST_ROWS)).encode()
    began = time.process_time()
    assert sum(1 for _ in read_sheet(content)) == MOST_ROWS
    assert time.process_time() - began < 10


def test_what_is_written_comes_back_without_a_loss() -> None:
    rules = [
        Rule("/über uns/100%", "/new?a=1,2;3#x", 301, 'a "note", with ; and ,'),
        Rule("/a#b?c", "https://www.example.com/%C3%BC", 302, "=HYPERLINK(1)"),
        Rule("/gone", "", 410, "'-already guarded"),
        Rule("/Old/", "/x", 301, "'"),
    ]
    back = [
        read_rule("go.example.com", path=row.path, target=row.target, status=row.status, note=row.note)
        for row in read_sheet(write_sheet(rules).encode())
    ]
    assert back == rules


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "＝1", "\ufeff=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_defused(cell: str) -> None:
    assert guard(cell) == f"'{cell}"
    assert f"'{cell}" in write_sheet([Rule("/a", "/b", 301, cell)])
