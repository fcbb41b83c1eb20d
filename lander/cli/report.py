"""`lander report`: what a page's newest test says, and whether a saved report is right."""

from pathlib import Path

import click
from sqlmodel import Session

from experiments import lifecycle, results
from experiments.models import Experiment
from experiments.words import lift_range, plural, probability
from lander.cli.edge import Answer, Cli, command
from lander.cli.group import SHOW, ShowingGroup
from lander.cli.table import table
from lander.db import reading
from lander.errors import NotFound
from lander.pages import pages, sites
from lander.pages.models import Page


def register(cli: click.Group) -> None:
    group = ShowingGroup("report", help="Judge a page's newest test, and take its numbers along.")
    cli.add_command(group)

    @command(group, SHOW)
    @click.option("--site", required=True, metavar="HOST")
    @click.option("--slug", required=True)
    def report(edge: Cli, site: str, slug: str) -> Answer:
        """Judge the page's newest test: rates, lift, probability to be best, health."""
        with reading(edge.engine) as session:
            page = pages.load_page(session, sites.load_site(session, site), slug)
            judged = results.report(session, _load_newest(session, page), now=edge.now)
        return Answer(judged.as_json(), _say(judged))

    @command(group, "verify")
    @click.argument("file", type=click.Path(path_type=Path))
    def verify(edge: Cli, file: Path) -> Answer:  # noqa: ARG001
        """Recompute a saved report, and name every figure that differs: status 1, and 2 where FILE holds no report."""
        from lander.verification import verify as recompute

        found = recompute(file)
        return Answer(found.as_json(), found.lines(), failure=found.failure())


def _load_newest(session: Session, page: Page) -> Experiment:
    found = lifecycle.list_experiments(session, page_id=page.id)
    if not found:
        raise NotFound(f"There was no test on '{page.slug}' yet.", fix="Start one with: lander experiment start")
    return found[0]


def _say(judged: results.Report) -> list[str]:
    """The verdict and what is not fine first, then the numbers."""
    goal = f"clicks on {judged.selector}" if judged.selector else f"{judged.noun}s"
    phase = f", phase {judged.phase}" if len(judged.phases) > 1 else ""
    said = [
        f"{judged.experiment}{phase}: {judged.state} since {judged.started_at:%Y-%m-%d}, counts {goal}.",
        judged.verdict.sentence,
        *(f"- {' '.join(filter(None, [finding.sentence, finding.fix]))}" for finding in judged.health),
        "",
        *_tabulate(judged),
    ]
    apart = [
        f"{variant.key} {plural(variant.unconfirmed_conversions, judged.noun)}"
        for variant in judged.variants
        if variant.unconfirmed_conversions
    ]
    if apart:
        said += ["", f"Of visitors whose page never reported back, in no rate: {', '.join(apart)}."]
    if judged.filtered:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(judged.filtered.items()))
        said += ["", f"Recorded and not counted, in visitors: {reasons}."]
    return said


def _tabulate(judged: results.Report) -> list[str]:
    numbers = ["served", "confirmed", f"{judged.noun}s", "rate, 95 %", "lift, 95 %", "beats control", "best", "loss"]
    rows = []
    for variant in judged.variants:
        is_control = variant.key == judged.control
        rows.append(
            [
                f"{variant.key} (control)" if is_control else variant.key,
                f"{variant.served:,}",
                f"{variant.confirmed:,}",
                f"{variant.conversions:,}",
                f"{100 * variant.data.rate.low:.2f} to {100 * variant.data.rate.high:.2f} %"
                if variant.confirmed
                else "–",
                _say_lift(judged, variant),
                "–" if variant.data.p_beats_control is None else probability(variant.data.p_beats_control),
                probability(variant.data.p_best),
                _say_loss(variant) if variant.confirmed else "–",
            ]
        )
    return table(["variant", *numbers], rows, numbers=numbers)


def _say_lift(judged: results.Report, variant: results.VariantReport) -> str:
    if variant.data.lift is None or not all(other.conversions for other in judged.variants):
        return "–"
    return lift_range(variant.data.lift.low, variant.data.lift.high).replace(" and ", " to ")


def _say_loss(variant: results.VariantReport) -> str:
    per_cent = 100 * variant.data.loss.absolute
    return f"{per_cent:.2f} %" if per_cent >= 0.005 else "under 0.01 %"
