"""Experiments and their reports as JSON. A report here is the very report of the studio and the command line."""

from http import HTTPStatus
from json import JSONDecodeError
from typing import Any

from flask import Response, current_app, json, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import ValidationError
from sqlmodel import Session

from experiments import lifecycle, planning, results
from experiments.models import Experiment
from lander import exports
from lander.access.gate import actor, edge, needs, refuse_repeats, studio
from lander.access.looks import remember
from lander.access.permissions import Permission
from lander.api.problems import problem
from lander.api.report_schemas import ReportBody
from lander.api.schemas import (
    ExperimentBody,
    ExperimentPath,
    ExperimentsBody,
    ExportQuery,
    GoalBody,
    ProblemBody,
    ReportQuery,
    StartInput,
)
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages import pages, sites, testing
from lander.pages.models import Page
from lander.preflight import look_ahead

blueprint = APIBlueprint(
    "api_experiments",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="experiments")],
    abp_responses={
        HTTPStatus.UNAUTHORIZED: ProblemBody,
        HTTPStatus.FORBIDDEN: ProblemBody,
        HTTPStatus.UNPROCESSABLE_ENTITY: ProblemBody,
    },
)
blueprint.before_request(refuse_repeats)


@blueprint.before_request
def read_body() -> None:
    """Refuse JSON that no reader gets through; what else is wrong with a body, its schema says."""
    try:
        request.get_json(silent=True)
    except RecursionError:
        raise InvalidInput("The body is nested too deep.", fix="Send one object, as the document describes.") from None


@blueprint.get("/openapi.json", doc_ui=False)
@needs(Permission.SIGNED_IN)
def show_openapi() -> Response:
    document: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined]
    return jsonify(document)


@blueprint.get("/experiments", responses={HTTPStatus.OK: ExperimentsBody})
@needs(Permission.EXPERIMENTS_READ)
def list_experiments() -> Response:
    """Every experiment, newest first."""
    with reading(studio().engine) as session:
        bodies = [_describe(session, item) for item in lifecycle.list_experiments(session)]
    return jsonify(ExperimentsBody(experiments=bodies).model_dump(mode="json"))


@blueprint.post(
    "/experiments",
    responses={
        HTTPStatus.CREATED: ExperimentBody,
        HTTPStatus.NOT_FOUND: ProblemBody,
        HTTPStatus.CONFLICT: ProblemBody,
    },
)
@needs(Permission.EXPERIMENTS_RUN)
def start_experiment(body: StartInput) -> Response:
    """Start a test on a published page, and fix its plan. With the token of the session in X-CSRF-Token."""
    if body.control not in body.variants:
        raise InvalidInput(f"Control is '{body.control}', which has no weight.", fix="Give it one in 'variants'.")
    host, _, slug = body.page.partition("/")
    with transaction(studio().engine) as session:
        experiment = testing.start_experiment(
            session,
            studio().settings,
            page=pages.load_page(session, sites.load_site(session, host), slug),
            variants={body.control: body.variants[body.control], **body.variants},
            coverage_bp=body.coverage_bp,
            goal=body.goal,
            selector=body.selector,
            goals=[item.goal() for item in body.goals],
            hypothesis=body.hypothesis,
            lift=body.lift,
            value_minor=body.value_minor,
            repeats=body.repeats,
            preflight=look_ahead,
            actor=actor(),
            now=edge().now,
        )
        planning.fix_plan(session, experiment, now=edge().now)
        told = _describe(session, experiment)
    response = jsonify(told.model_dump(mode="json"))
    response.status_code = HTTPStatus.CREATED
    response.headers["Location"] = f"/api/v1/experiments/{told.experiment}"
    return response


@blueprint.get("/experiments/<key>", responses={HTTPStatus.OK: ExperimentBody, HTTPStatus.NOT_FOUND: ProblemBody})
@needs(Permission.EXPERIMENTS_READ)
def show_experiment(path: ExperimentPath) -> Response:
    """How one experiment stands."""
    with reading(studio().engine) as session:
        body = _describe(session, lifecycle.load(session, path.key))
    return jsonify(body.model_dump(mode="json"))


@blueprint.get(
    "/experiments/<key>/report",
    responses={HTTPStatus.OK: ReportBody, HTTPStatus.BAD_REQUEST: ProblemBody, HTTPStatus.NOT_FOUND: ProblemBody},
)
@needs(Permission.EXPERIMENTS_READ)
def show_report(path: ExperimentPath, query: ReportQuery) -> Response:
    """What an experiment says."""
    with reading(studio().engine) as session:
        report = results.report(
            session,
            path.key,
            phase=query.phase,
            as_of=query.as_of,
            dimensions=query.dimensions,
            now=edge().now,
        )
    remember(report)
    return jsonify(report.as_json())


@blueprint.post(
    "/experiments/<key>/export",
    responses={
        HTTPStatus.OK: {
            "description": "The file, as an attachment",
            "content": {kind: {"schema": {"type": "string"}} for kind in exports.MIMETYPES.values()},
        },
        HTTPStatus.NOT_FOUND: ProblemBody,
        HTTPStatus.SERVICE_UNAVAILABLE: ProblemBody,
    },
)
@needs(Permission.EXPERIMENTS_READ)
def export(path: ExperimentPath, query: ExportQuery) -> Response:
    """Take an experiment's numbers along. Who does is in the audit trail, so it is a POST, with the studio's token."""
    asked, now = exports.ask(query.what, query.format, query.phase), edge().now
    with transaction(studio().engine) as session:
        exports.record_export(session, path.key, asked, actor=actor(), now=now)
    pieces = exports.stream(studio().engine, studio().settings, path.key, asked, now=now)
    response = Response(pieces, mimetype=asked.mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{asked.filename(path.key, now)}"'
    return response


def refuse_arguments(error: ValidationError) -> Response:
    """Arguments that do not fit their schema, or a body that holds none."""
    message = "The arguments do not fit."
    wrong = "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
    if any(not item["loc"] for item in error.errors()):  # about the body as a whole, and nothing in it
        message, wrong = "The body is not a JSON object.", _describe_body()
    return problem(
        status=422,
        code="invalid-input",
        message=message,
        fix=f"{wrong}. The OpenAPI document at /api/v1/openapi.json lists what is known.",
    )


def _describe_body() -> str:
    """What it is, where it is no object."""
    if not request.is_json:
        return f"Its Content-Type is '{request.mimetype}', not application/json"
    body = request.get_data()
    if not body:
        return "It is empty"
    try:
        json.loads(body)
    except JSONDecodeError as broken:
        return f"It is not JSON: at line {broken.lineno}, column {broken.colno}, {broken.msg}"
    except ValueError:  # bytes that are no text, or a number of thousands of digits
        return "It cannot be read as JSON in UTF-8"
    return "It is JSON, and another value"


def _describe(session: Session, experiment: Experiment) -> ExperimentBody:
    phase = lifecycle.current_phase(session, experiment)
    page = session.get_one(Page, experiment.page_id)
    return ExperimentBody(
        experiment=experiment.key,
        page=pages.address_of(session, page),
        state=experiment.state.value,
        goal=experiment.goal,
        selector=experiment.selector,
        goals=[GoalBody(**item.as_json()) for item in lifecycle.further_goals(experiment)],
        hypothesis=experiment.hypothesis,
        control=experiment.control,
        variants=phase.weights,
        coverage_bp=phase.coverage_bp,
        phase=phase.number,
        started_at=experiment.created_at,
        ended_at=experiment.ended_at,
        shipped=experiment.shipped,
        reason=experiment.reason,
        plan_hash=experiment.plan_hash,
    )
