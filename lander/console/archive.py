"""What became of ended experiments: the archive, searchable, and whether the claims that were made came true."""

import json

from flask import Blueprint, Response, make_response, request
from sqlmodel import Session

from experiments import calibration
from experiments.archive import Ended, Lift, Outcome, list_ended
from experiments.calibration import Calibration
from experiments.models import Purpose
from experiments.words import name, plural
from lander.access.gate import edge, studio, view
from lander.access.permissions import Permission
from lander.console import format as words
from lander.console import plots
from lander.console.archive_context import (
    ArchiveScreen,
    CalibrationScreen,
    Option,
    PageEffectRow,
)
from lander.console.experiment_context import EndedRow
from lander.console.places import Place, place_of
from lander.console.report_context import Figure
from lander.console.screens import show
from lander.db import reading
from lander.errors import InvalidInput, NotFound

blueprint = Blueprint("archive", __name__)

_OUTCOMES = {Outcome.SHIPPED: "A variant shipped", Outcome.KEPT: "Control stayed"}
_LONGEST_WORDS = 200


@view(blueprint, "/experiments/archive", permission=Permission.EXPERIMENTS_READ)
def show_archive() -> Response:
    searched, outcome = request.args.get("q", "").strip()[:_LONGEST_WORDS], _read_outcome()
    wanted = request.args.get("page", "")
    with reading(studio().engine) as session:
        places = {item.page_id: place_of(session, item.page_id) for item in list_ended(session)}
        chosen = [page_id for page_id, place in places.items() if place.label == wanted]
        found = list_ended(session, words=searched, page_ids=chosen if wanted else None, outcome=outcome)
    screen = ArchiveScreen(
        words=searched,
        pages=[
            Option(label, label, is_chosen=label == wanted)
            for label in sorted({item.label for item in places.values()})
        ],
        outcomes=[Option(item.value, said, is_chosen=item is outcome) for item, said in _OUTCOMES.items()],
        rows=[make_ended_row(item, places[item.page_id]) for item in found],
        is_asked=bool(searched or wanted or outcome),
        has_any=bool(places),
    )
    return show(screen)


@view(blueprint, "/experiments/calibration", permission=Permission.EXPERIMENTS_READ)
def show_calibration() -> Response:
    with reading(studio().engine) as session:
        screen = _calibration_screen(session, calibration.calibrate(session, now=edge().now))
    return show(screen)


@view(blueprint, "/experiments/calibration/plot.json", permission=Permission.EXPERIMENTS_READ)
def download_calibration() -> Response:
    with reading(studio().engine) as session:
        found = calibration.calibrate(session, now=edge().now)
    if not found.claims:
        raise NotFound(
            "No claim could be held against what came yet.", fix="Test what was replaced against the winner."
        )
    return send_spec(plots.plot_claims(found.claims, plots.Ink(on_screen=False)), "calibration")


def make_ended_row(item: Ended, place: Place) -> EndedRow:
    """An ended experiment in one line."""
    return EndedRow(
        key=item.experiment,
        address=f"/experiments/{item.experiment}/report",
        page=place.label,
        hypothesis=item.hypothesis,
        outcome=f"{name(item.shipped)} {'shipped' if item.outcome is Outcome.SHIPPED else 'stayed'}",
        claimed="–" if item.claimed is None else words.lift_range(item.claimed.low, item.claimed.high),
        by=item.decided_by,
        reason=item.reason,
        verdict=item.verdict,
        ended_at=item.ended_at,
        timezone=place.site.timezone,
        days=item.days,
        visitors=item.visitors,
        is_aa=item.purpose is Purpose.AA,
    )


def make_figure(plot: plots.Plot, address: str) -> Figure:
    """A plot as it stands on a screen."""
    [svg] = plots.render([plot.spec])
    return Figure(plot.name, plot.title, plot.caption, svg, plot.columns, plot.rows, address)


def send_spec(plot: plots.Plot, name: str) -> Response:
    """The specification of a plot as a file."""
    response = make_response(json.dumps(plot.spec, indent=1))
    response.content_type = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.vl.json"'
    return response


def _calibration_screen(session: Session, found: Calibration) -> CalibrationScreen:
    drawn = plots.plot_claims(found.claims, plots.Ink(on_screen=True)) if found.claims else None
    return CalibrationScreen(
        tests=found.tests,
        said=_say(found),
        facts=_facts(found),
        figure=None if drawn is None else make_figure(drawn, "/experiments/calibration/plot.json"),
        pages=[
            PageEffectRow(
                page=(place := place_of(session, item.page_id)).label,
                address=place.at(),
                tests=words.count(item.tests),
                wins=words.count(item.wins),
                effect=_say_lift(item.effect),
            )
            for item in found.pages
        ],
    )


def _say(found: Calibration) -> str:
    if not found.claims:
        return (
            "No claim could be held against what came yet. A claim is held when a further phase of the same test shows the "
            "lift again, or when what was replaced is tested against the winner."
        )
    held = plural(len(found.claims), "claim")
    if found.slope is None:
        return f"{held} could be held against what came."
    return (
        f"{held} could be held against what came: of each per cent that was claimed, {found.slope:.2f} came true. "
        "1 is a claim that keeps its word."
    )


def _facts(found: Calibration) -> list[tuple[str, str]]:
    facts = [
        ("Tests that have ended", words.count(found.tests)),
        ("Of them shipped a variant", words.count(found.wins)),
    ]
    if found.win_rate is not None:
        facts.append(
            ("Win rate", f"{words.rate_range(found.win_rate.low, found.win_rate.high)}, 95{words.PER_CENT} range")
        )
    if found.slope is not None:
        facts.append(("Realised per claimed lift", f"{found.slope:.2f}"))
    return facts


def _say_lift(lift: Lift | None) -> str:
    return "–" if lift is None else words.lift_range(lift.low, lift.high)


def _read_outcome() -> Outcome | None:
    wanted = request.args.get("outcome", "")
    if not wanted:
        return None
    try:
        return Outcome(wanted)
    except ValueError:
        raise InvalidInput("No experiment ends like that.", fix="They end as shipped or kept.") from None
