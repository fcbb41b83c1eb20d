"""Maya starts, pauses, resumes, renews and ends experiments."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from experiments import lifecycle
from experiments.errors import ExperimentConflict, InvalidExperiment, UnknownExperiment
from experiments.models import State
from lander.published import Allocation
from tests.experiments.builders import after, start


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with Session(database, expire_on_commit=False) as session:
        yield session


def test_it_starts_running_in_phase_1_under_the_name_of_its_page(session: Session) -> None:
    experiment = start(session, slug_key="spring/sale")
    phase = lifecycle.current_phase(session, experiment)
    assert (experiment.key, experiment.state, experiment.created_by) == ("spring-sale-1", State.RUNNING, "Maya")
    assert (phase.number, phase.weights, phase.coverage_bp) == (1, {"a": 5_000, "b": 5_000}, 10_000)
    assert lifecycle.find_running(session, 1) == (experiment, phase)


def test_it_counts_on_from_the_highest_number_of_that_page(session: Session) -> None:
    for expected in ("sale-1", "sale-2", "sale-3"):
        experiment = start(session, slug_key="sale")
        assert experiment.key == expected
        lifecycle.stop(session, experiment, reason="Enough.", actor="Maya", now=after(days=1))
    assert start(session, slug_key="sal").key == "sal-1"
    assert start(session, slug_key="sale-3", page_id=2).key == "sale-3-1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weights": {"a": 10_000}}, "two variants or more; this plan has 1"),
        ({"weights": {"a": 5_000, "b": 4_000}}, "these sum to 9,000: a 5000, b 4000"),
        ({"weights": {"a": 10_000, "b": 0}}, "weight above 0"),
        ({"weights": {"a": 10_001, "b": -1}}, "weight above 0"),
        ({"control": "c"}, "Control is variant c, but it has no weight"),
        ({"coverage_bp": 0}, "from 1 to 10,000"),
        ({"coverage_bp": 10_001}, "from 1 to 10,000"),
        ({"weights": {"a": 1_000, "b": 2_000, "c": 7_000}, "coverage_bp": 1}, "nobody sees variant c"),
        ({"goal": "revenue"}, "no goal 'revenue'"),
        ({"goal": "click"}, "nothing is named"),
        ({"goal": "form", "selector": "a.cta"}, "takes no selector"),
        ({"timezone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"timezone": "../etc/passwd"}, "no time zone"),
    ],
)
def test_it_refuses_a_plan_that_breaks_a_rule_and_says_how_to_mend_it(
    session: Session, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidExperiment, match=words) as refusal:
        start(session, **changes)
    assert refusal.value.fix
    assert lifecycle.list_experiments(session) == []


def test_a_page_has_one_open_experiment_at_a_time(session: Session) -> None:
    first = start(session)
    with pytest.raises(ExperimentConflict, match="spring-sale-1 is running on this page"):
        start(session)
    lifecycle.pause(session, first, actor="Maya", now=after(days=1))
    with pytest.raises(ExperimentConflict, match="spring-sale-1 is paused on this page"):
        start(session)
    assert start(session, page_id=2).key == "spring-sale-2"
    lifecycle.stop(session, first, reason="The offer ended.", actor="Maya", now=after(days=2))
    assert start(session).key == "spring-sale-3"


def test_the_allocation_has_the_fields_that_a_release_stores(session: Session) -> None:
    experiment = start(session, weights={"b": 3_000, "a": 7_000}, coverage_bp=5_000, goal="click", selector="a.cta")
    allocation = lifecycle.allocation_of(experiment, lifecycle.current_phase(session, experiment))
    assert allocation is not None
    stored = Allocation(**{field: getattr(allocation, field) for field in lifecycle.PhaseAllocation.__slots__})
    assert stored == Allocation(
        experiment_id=1,
        experiment_key="spring-sale-1",
        phase=1,
        seed="spring-sale-1:1",
        ranges=(("a", 0, 3_500), ("b", 7_000, 8_500)),
        goal="click",
        selector="a.cta",
        window_s=72 * 3600,
    )


def test_paused_it_allocates_nobody_and_resumed_the_same_phase_goes_on(session: Session) -> None:
    experiment = start(session)
    phase = lifecycle.current_phase(session, experiment)
    before = lifecycle.allocation_of(experiment, phase)
    lifecycle.pause(session, experiment, actor="Maya", now=after(days=1))
    assert lifecycle.allocation_of(experiment, phase) is None
    lifecycle.resume(session, experiment, actor="Ana", now=after(days=3))
    assert lifecycle.allocation_of(experiment, phase) == before
    assert lifecycle.current_phase(session, experiment).number == 1
    notes = [(note.at, note.by, note.text) for note in lifecycle.list_annotations(session, experiment)]
    assert notes == [(after(days=1), "Maya", lifecycle.PAUSED), (after(days=3), "Ana", lifecycle.RESUMED)]


def test_verbs_refuse_what_the_state_does_not_allow(session: Session) -> None:
    experiment = start(session)
    with pytest.raises(ExperimentConflict, match="Cannot resume experiment spring-sale-1: it is running"):
        lifecycle.resume(session, experiment, actor="Maya", now=after(days=1))
    lifecycle.pause(session, experiment, actor="Maya", now=after(days=1))
    with pytest.raises(ExperimentConflict, match="Cannot pause experiment spring-sale-1: it is paused"):
        lifecycle.pause(session, experiment, actor="Maya", now=after(days=1))
    lifecycle.stop(session, experiment, reason="Enough.", actor="Maya", now=after(days=2))
    for verb in (lifecycle.pause, lifecycle.resume):
        with pytest.raises(ExperimentConflict, match="it is ended"):
            verb(session, experiment, actor="Maya", now=after(days=3))
    with pytest.raises(ExperimentConflict, match="already ended"):
        lifecycle.stop(session, experiment, reason="Again.", actor="Maya", now=after(days=3))
    with pytest.raises(ExperimentConflict, match="has ended"):
        lifecycle.new_phase(session, experiment, now=after(days=3))


def test_a_new_phase_has_a_new_seed_and_keeps_what_is_not_given(session: Session) -> None:
    experiment = start(session, coverage_bp=8_000)
    second = lifecycle.new_phase(session, experiment, now=after(days=3))
    assert (second.number, second.weights, second.coverage_bp) == (2, {"a": 5_000, "b": 5_000}, 8_000)
    assert lifecycle.list_phases(session, experiment)[0].ended_at == after(days=3)
    third = lifecycle.new_phase(session, experiment, weights={"a": 2_000, "b": 8_000}, now=after(days=4))
    assert lifecycle.seed_of(experiment, third) == "spring-sale-1:3"
    assert [phase.number for phase in lifecycle.list_phases(session, experiment)] == [1, 2, 3]
    assert lifecycle.allocation_of(experiment, second) is None
    with pytest.raises(InvalidExperiment, match="sum to 9,000"):
        lifecycle.new_phase(session, experiment, weights={"a": 1_000, "b": 8_000}, now=after(days=5))


def test_ending_needs_a_reason_and_keeps_control_unless_a_variant_ships(session: Session) -> None:
    experiment = start(session)
    with pytest.raises(InvalidExperiment, match="needs a reason"):
        lifecycle.stop(session, experiment, ship="b", reason="  ", actor="Maya", now=after(days=9))
    with pytest.raises(InvalidExperiment, match="The reason has 1,001 characters"):
        lifecycle.stop(session, experiment, ship="b", reason="x" * 1_001, actor="Maya", now=after(days=9))
    with pytest.raises(InvalidExperiment, match="Variant c is not part of experiment spring-sale-1"):
        lifecycle.stop(session, experiment, ship="c", reason="c is nicer.", actor="Maya", now=after(days=9))
    assert experiment.state is State.RUNNING
    lifecycle.stop(session, experiment, ship="b", reason=" More leads. ", actor="Maya", now=after(days=9))
    assert (experiment.state, experiment.shipped, experiment.reason) == (State.ENDED, "b", "More leads.")
    assert lifecycle.current_phase(session, experiment).ended_at == experiment.ended_at == after(days=9)
    assert lifecycle.find_running(session, 1) is None
    other = lifecycle.stop(session, start(session), reason="No difference.", actor="Maya", now=after(days=20))
    assert other.shipped == "a"


def test_an_unknown_experiment_is_named(session: Session) -> None:
    with pytest.raises(UnknownExperiment, match="no experiment autumn-1"):
        lifecycle.load(session, "autumn-1")
