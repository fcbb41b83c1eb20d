"""The report of an experiment on one screen, and its plots as data. It shows what `experiments.results` says, no more."""

import json

from flask import Blueprint, Response, make_response

from experiments import results
from lander.access.gate import caller, refuse_repeats, studio, view
from lander.access.looks import remember
from lander.access.permissions import Permission
from lander.console import plots
from lander.console.places import place_of
from lander.console.report_query import is_latest, load_report, read_asked
from lander.console.report_screen import make_screen
from lander.console.screens import show
from lander.db import reading
from lander.errors import NotFound
from lander.pages.pages import name_variants

blueprint = Blueprint("results", __name__)
blueprint.before_request(refuse_repeats)


@view(blueprint, "/experiments/<key>/report", permission=Permission.EXPERIMENTS_READ)
def show_report(key: str) -> Response:
    asked = read_asked(key)
    with reading(studio().engine) as session:
        report = load_report(session, asked)
        place = place_of(session, report.page_id)
        names = name_variants(session, report.page_id)
        changes = results.changes(session, report) if is_latest(report) else None
    remember(report)
    may_run = caller().can(Permission.EXPERIMENTS_RUN)
    return show(make_screen(report, asked, place, names, changes=changes, may_run=may_run))


@view(blueprint, "/experiments/<key>/report/plots/<name>.json", permission=Permission.EXPERIMENTS_READ)
def download_plot(key: str, name: str) -> Response:
    asked = read_asked(key)
    with reading(studio().engine) as session:
        report = load_report(session, asked)
    drawn = plots.list_plots(report, asked.lens, plots.Ink(on_screen=False))
    plot = next((item for item in drawn if item.name == name), None)
    if plot is None:
        there = ", ".join(item.name for item in drawn) or "none yet"
        raise NotFound(f"This report has no plot of that name: it has {there}.", fix="The report links every one.")
    response = make_response(json.dumps(plot.spec, indent=1))
    response.content_type = "application/json"
    filename = f"{report.experiment}-phase-{report.phase}-{plot.name}.vl.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
