"""Taking an experiment along: what there is to take, of which phase, and the file.

Who takes it is in the audit trail first, so it is a POST.
"""

from collections.abc import Sequence
from typing import Final

from flask import Blueprint, Response, request

from experiments import lifecycle, results
from lander import exports
from lander.access.gate import actor, edge, refuse_repeats, studio, view
from lander.access.looks import remember
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.exports_context import ExportRow, ExportScreen, FileChoice
from lander.console.report_context import Choice
from lander.console.report_query import read_phase
from lander.console.screens import show
from lander.db import reading, transaction
from lander.errors import InvalidInput, LanderError, NotFound, Unavailable
from lander.exports import Format, What

blueprint = Blueprint("exports", __name__)
blueprint.before_request(refuse_repeats)

_ADDRESS: Final = "/experiments/<key>/export"
_FILES: Final = {
    What.REPORT: (
        "The report",
        "Everything the report says, with the counts and parameters it follows from, by campaign and keyword, too. "
        "“lander report verify” and the notebook in docs/analyst recompute it.",
    ),
    What.TALLIES: (
        "Tallies",
        "Distinct visitors and conversions by phase, variant, goal, day and segment: the sums behind the report.",
    ),
    What.EVENTS: (
        "Events",
        "What each visitor did, a row an event, with the campaign and keyword that led here, and why a row is not counted. "
        "No row says who somebody is: ids are replaced, differently for each experiment. Times are UTC, days those of the "
        "site.",
    ),
    What.RECEIPTS: (
        "Receipts",
        "How many leads of each variant are worth which amount now: what revenue per visitor follows from. No row says which "
        "lead, nor whose.",
    ),
}
_WORDS: Final = {Format.JSON: "JSON", Format.CSV: "CSV", Format.PARQUET: "Parquet"}


@view(blueprint, _ADDRESS, permission=Permission.EXPERIMENTS_READ)
def show_exports(key: str) -> Response:
    return _show(key)


@view(blueprint, _ADDRESS, permission=Permission.EXPERIMENTS_READ, methods=("POST",))
def export(key: str) -> Response:
    now = edge().now
    try:
        asked = exports.ask(request.form.get("what", ""), request.form.get("format", ""), read_phase())
    except (InvalidInput, Unavailable) as error:
        return _show(key, error)
    with transaction(studio().engine) as session:
        exports.record_export(session, key, asked, actor=actor(), now=now)
    if asked.what is What.REPORT:
        with reading(studio().engine) as session:
            remember(results.report(session, key, phase=asked.phase, now=now))
    pieces = exports.stream(studio().engine, studio().settings, key, asked, now=now)
    response = Response(pieces, mimetype=asked.mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{asked.filename(key, now)}"'
    return response


def _show(key: str, error: LanderError | None = None) -> Response:
    with reading(studio().engine) as session:
        experiment = lifecycle.load(session, key)
        phases = [phase.number for phase in lifecycle.list_phases(session, experiment)]
    chosen = next((number for number in phases if str(number) == request.values.get("phase")), None)
    if error is None and read_phase() != chosen:
        raise NotFound(f"{experiment.key} has no phase {read_phase()}.", fix="The screen lists every one.")
    address = f"/experiments/{experiment.key}"
    screen = ExportScreen(
        key=experiment.key,
        address=f"{address}/export",
        report_address=f"{address}/report",
        phase="" if chosen is None else str(chosen),
        phases=_list_phases(f"{address}/export", phases, chosen),
        rows=[
            ExportRow(what.value, title, says, [FileChoice(_WORDS[item], item.value) for item in _formats_of(what)])
            for what, (title, says) in _FILES.items()
        ],
        errors=[] if error is None else [FormError(error.message, "", error.fix)],
    )
    return show(screen, status=200 if error is None else error.status)


def _list_phases(address: str, phases: Sequence[int], chosen: int | None) -> list[Choice]:
    """Each phase by itself, and all; nothing where there is but one."""
    if len(phases) < 2:
        return []
    return [
        Choice("All phases", address, is_current=chosen is None),
        *(Choice(f"Phase {number}", f"{address}?phase={number}", is_current=number == chosen) for number in phases),
    ]


def _formats_of(what: What) -> list[Format]:
    return [Format.JSON] if what is What.REPORT else [Format.CSV, Format.JSON, Format.PARQUET]
