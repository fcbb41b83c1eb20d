"""Ana is told what stands in the way of a result before she is told the result."""

from collections.abc import Mapping
from datetime import date

import pytest

from experiments import health
from experiments.counts import Counted, Segments, VariantCounts
from experiments.health import Conduct, Gate, HealthFinding, Severity
from experiments.splits import check_splits


def variant(
    key: str, served: int = 0, confirmed: int | None = None, conversions: int = 0, weight_bp: int = 5_000, **more: int
) -> VariantCounts:
    return VariantCounts(
        key=key,
        weight_bp=weight_bp,
        served=served,
        confirmed=served if confirmed is None else confirmed,
        conversions=conversions,
        **more,
    )


def check(
    *counts: VariantCounts,
    days: int = 14,
    segments: Segments | None = None,
    by_day: Mapping[date, list[VariantCounts]] | None = None,
    bots: Mapping[str, int] | None = None,
    conduct: Conduct | None = None,
) -> dict[Gate, HealthFinding]:
    counted = Counted(totals=counts, segments=segments or {}, by_day=by_day or {}, filtered={"bot": bots or {}})
    found = health.check(counted, days=days, splits=check_splits(counted), conduct=conduct)
    return {finding.gate: finding for finding in found}


def test_a_healthy_test_has_no_finding() -> None:
    assert check(variant("a", 5_000, 4_900, 250), variant("b", 5_060, 4_950, 260)) == {}


def test_nobody_has_come_yet() -> None:
    findings = check(variant("a"), variant("b"), days=0)
    assert findings[Gate.EXPOSURE].sentence == "Nobody has seen this test yet."
    assert {finding.severity for finding in findings.values()} == {Severity.WAIT}


def test_a_beacon_that_never_comes_back_from_any_variant_stops_the_result() -> None:
    assert Gate.EXPOSURE not in check(variant("a", 9, 0), variant("b", 10, 0))
    finding = check(variant("a", 10, 0), variant("b", 10, 0))[Gate.EXPOSURE]
    assert finding.severity is Severity.STOP
    assert finding.sentence.startswith("20 visitors were served and not one of their pages reported back")


def test_a_split_that_is_wrong_when_pages_are_served_names_that_step_and_no_other() -> None:
    findings = check(variant("a", 5_000, 4_900, 90), variant("b", 4_500, 4_400, 90))
    assert Gate.SRM_CONFIRMED not in findings
    finding = findings[Gate.SRM_SERVED]
    assert finding.severity is Severity.STOP
    assert finding.sentence == (
        "A got 5,000 served visitors and B 4,500, which chance explains once in 3.4 million under the planned 50:50. "
        "The split is wrong from the start: when pages are served."
    )
    assert finding.fix


def test_a_variant_that_nobody_gets_is_a_wrong_split() -> None:
    assert Gate.SRM_SERVED in check(variant("a", 200), variant("b", 0))
    assert Gate.SRM_SERVED not in check(variant("a", 6), variant("b", 0))  # half of six is too few to judge


def test_weights_are_what_the_split_is_held_against() -> None:
    assert Gate.SRM_SERVED not in check(variant("a", 900, weight_bp=9_000), variant("b", 100, weight_bp=1_000))
    finding = check(variant("a", 800, weight_bp=9_000), variant("b", 200, weight_bp=1_000))[Gate.SRM_SERVED]
    assert "under the planned 90:10" in finding.sentence


def test_a_loss_between_served_and_confirmed_names_step_variant_and_shares() -> None:
    finding = check(variant("a", 5_000, 4_850), variant("b", 5_010, 4_108))[Gate.SRM_CONFIRMED]
    assert finding.severity is Severity.STOP
    assert finding.sentence.endswith(
        "The loss happens between served and confirmed: 82 % of B's visitors confirmed, 97 % of A's. B may fail to load."
    )


def test_a_loss_on_one_device_names_the_device() -> None:
    segments = {
        ("device", "phone"): [variant("a", 3_000, 2_910), variant("b", 3_010, 2_108)],
        ("device", "desktop"): [variant("a", 2_000, 1_940), variant("b", 2_000, 1_938)],
        ("browser", "chrome"): [variant("a", 5_000, 4_850), variant("b", 5_010, 4_046)],
    }
    finding = check(variant("a", 5_000, 4_850), variant("b", 5_010, 4_046), segments=segments)[Gate.SRM_CONFIRMED]
    assert "between served and confirmed, on device phone: 81 % of B's visitors" in finding.sentence
    assert finding.sentence.endswith("B may fail to load there.")


def test_a_loss_nearly_everywhere_is_not_pinned_on_the_devices_with_enough_visitors() -> None:
    segments = {
        ("device", "phone"): [variant("a", 2_900, 2_813), variant("b", 2_900, 2_390)],
        ("device", "desktop"): [variant("a", 2_000, 1_940), variant("b", 2_010, 1_648)],
        ("device", "tablet"): [variant("a", 100, 97), variant("b", 100, 93)],
    }
    finding = check(variant("a", 5_000, 4_850), variant("b", 5_010, 4_131), segments=segments)[Gate.SRM_CONFIRMED]
    assert "between served and confirmed: 82 % of B's visitors" in finding.sentence


def test_a_loss_in_one_browser_names_the_browser_where_every_device_loses() -> None:
    segments = {
        ("device", "phone"): [variant("a", 2_500, 2_425), variant("b", 2_500, 2_060)],
        ("device", "desktop"): [variant("a", 2_500, 2_425), variant("b", 2_510, 2_048)],
        ("browser", "safari"): [variant("a", 2_000, 1_940), variant("b", 2_010, 1_198)],
        ("browser", "chrome"): [variant("a", 3_000, 2_910), variant("b", 3_000, 2_910)],
    }
    finding = check(variant("a", 5_000, 4_850), variant("b", 5_010, 4_108), segments=segments)[Gate.SRM_CONFIRMED]
    assert "between served and confirmed, on browser safari:" in finding.sentence


def test_no_place_is_named_where_the_loss_is_general() -> None:
    segments = {
        ("device", "phone"): [variant("a", 2_500, 2_425), variant("b", 2_500, 2_060)],
        ("device", "desktop"): [variant("a", 2_500, 2_425), variant("b", 2_510, 2_048)],
    }
    finding = check(variant("a", 5_000, 4_850), variant("b", 5_010, 4_108), segments=segments)[Gate.SRM_CONFIRMED]
    assert "between served and confirmed: 82 %" in finding.sentence


def test_a_split_that_leaned_already_when_served_blames_no_later_step() -> None:
    findings = check(variant("a", 10_200, 9_911), variant("b", 9_750, 9_430))
    assert Gate.SRM_SERVED not in findings
    assert findings[Gate.SRM_CONFIRMED].sentence.endswith(
        "The split was already leaning when pages were served; no one step loses them."
    )


@pytest.mark.parametrize(("excluded", "noted"), [(20, False), (21, True)])
def test_visitors_of_several_variants_are_a_note_above_one_per_cent(excluded: int, noted: bool) -> None:
    findings = check(variant("a", 990, conversions=90, multiply_exposed=excluded), variant("b", 990, conversions=90))
    assert (Gate.MULTIPLY_EXPOSED in findings) is noted
    assert all(finding.severity is Severity.NOTE for finding in findings.values())


@pytest.mark.parametrize(("days", "waits"), [(0, True), (6, True), (7, False)])
def test_seven_full_days_are_needed(days: int, waits: bool) -> None:
    findings = check(variant("a", 900, conversions=90), variant("b", 900, conversions=90), days=days)
    assert (Gate.DAYS in findings) is waits


@pytest.mark.parametrize(
    ("conversions", "sentence"),
    [
        ((50, 49), "99 of 100 conversions."),
        ((76, 24), "B has 24 of 25 conversions."),
        ((75, 25), None),
    ],
)
def test_a_hundred_conversions_are_needed_and_25_in_every_variant(
    conversions: tuple[int, int], sentence: str | None
) -> None:
    a, b = conversions
    findings = check(variant("a", 900, conversions=a), variant("b", 900, conversions=b))
    assert (findings[Gate.CONVERSIONS].sentence if findings else None) == sentence


@pytest.mark.parametrize(
    ("conversions", "days", "elapsed", "expected"),
    [
        ((20, 20), 4, 4.0, 6),  # 60 more at 10 a day
        ((60, 60), 3, 3.2, 4),  # only the days are missing
        ((90, 10), 10, 10.0, 15),  # b needs 15 more at 1 a day
        ((60, 60), 9, 9.0, 0),
        ((0, 40), 4, 4.0, None),  # no rate to go by
        ((20, 20), 0, 0.5, None),  # half a day says nothing
    ],
)
def test_it_foretells_the_wait_from_the_rate_so_far(
    conversions: tuple[int, int], days: int, elapsed: float, expected: int | None
) -> None:
    counts = [variant(key, 900, conversions=number) for key, number in zip("ab", conversions, strict=True)]
    assert health.days_missing(counts, days=days, elapsed_days=elapsed) == expected


def test_a_variant_without_a_share_that_visitors_saw_anyway_is_a_leak_and_not_a_skewed_split() -> None:
    findings = check(variant("a", 5_000), variant("b", 5_000), variant("c", 3, weight_bp=0))
    assert Gate.SRM_SERVED not in findings
    assert findings[Gate.LEAK].severity is Severity.STOP
    assert findings[Gate.LEAK].sentence == "3 visitors saw C, which has no share of the visitors."


def test_a_variant_that_nobody_was_served_is_named() -> None:
    assert Gate.EXPOSURE not in check(variant("a", 39), variant("b", 0))
    finding = check(variant("a", 40), variant("b", 0))[Gate.EXPOSURE]
    assert finding.severity is Severity.STOP
    assert finding.sentence == "Nobody was ever served B; 40 visitors saw the others."


def test_a_browser_with_a_broken_split_is_found_though_the_whole_looks_sound() -> None:
    segments = {
        ("browser", "safari"): [variant("a", 600), variant("b", 400)],
        ("browser", "chrome"): [variant("a", 4_400), variant("b", 4_600)],
    }
    finding = check(variant("a", 5_000), variant("b", 5_000), segments=segments)[Gate.SRM_SEGMENT]
    assert finding.severity is Severity.STOP
    assert finding.sentence.startswith(
        "Browser safari: A got 600 served visitors and B 400, which chance explains once in"
    )


def test_a_day_with_a_broken_split_is_found() -> None:
    by_day = {
        date(2026, 11, 2): [variant("a", 500), variant("b", 320)],
        date(2026, 11, 3): [variant("a", 4_500), variant("b", 4_680)],
    }
    assert (
        "Day 2026-11-02: A got 500"
        in check(variant("a", 5_000), variant("b", 5_000), by_day=by_day)[Gate.SRM_SEGMENT].sentence
    )


def test_one_of_many_segments_may_look_odd_by_chance() -> None:
    odd = [variant("a", 559), variant("b", 441)]  # p = 0.0002, and would be a mismatch by itself
    few = {("source", "email"): odd, ("source", "paid"): [variant("a", 4_441), variant("b", 4_559)]}
    assert Gate.SRM_SEGMENT in check(variant("a", 5_000), variant("b", 5_000), segments=few)
    many = {
        ("source", "email"): odd,
        **{("source", f"site {n}"): [variant("a", 148), variant("b", 152)] for n in range(30)},
    }
    assert Gate.SRM_SEGMENT not in check(variant("a", 5_000), variant("b", 5_000), segments=many)


def test_a_segment_is_not_blamed_where_the_whole_is_broken() -> None:
    segments = {("device", "phone"): [variant("a", 5_000), variant("b", 4_300)]}
    findings = check(variant("a", 5_000), variant("b", 4_300), segments=segments)
    assert Gate.SRM_SERVED in findings
    assert Gate.SRM_SEGMENT not in findings


def test_bots_that_fall_on_one_variant_stop_the_result() -> None:
    sound = (variant("a", 5_000, conversions=90), variant("b", 5_000, conversions=90))
    assert check(*sound, bots={"a": 212, "b": 190}) == {}
    finding = check(*sound, bots={"a": 300, "b": 190})[Gate.BOTS]
    assert finding.severity is Severity.STOP
    assert finding.sentence.startswith("Bots do not fall on the variants alike: A 300 and B 190, which chance explains")


def test_bots_outside_the_coverage_are_shown_control_and_say_nothing() -> None:
    sound = (variant("a", 5_000, conversions=90), variant("b", 5_000, conversions=90))
    assert check(*sound, bots={"a": 900, "b": 190}, conduct=Conduct(coverage_bp=3_000)) == {}


def test_shares_changed_inside_a_phase_stop_the_result_and_changes_to_all_are_noted() -> None:
    sound = (variant("a", 5_000, conversions=90), variant("b", 5_000, conversions=90))
    mixed = check(*sound, conduct=Conduct(is_allocation_intact=False))[Gate.CONFIGURATION]
    assert mixed.severity is Severity.STOP
    noted = check(*sound, conduct=Conduct(changes=2))[Gate.CONFIGURATION]
    assert (noted.severity, noted.sentence) == (
        Severity.NOTE,
        "The page was changed 2 times while this ran, in every variant alike.",
    )


def test_findings_come_in_the_order_of_the_gates() -> None:
    segments = {("device", "phone"): [variant("a", 200), variant("b", 400)]}
    findings = check(
        variant("a", 500, multiply_exposed=50, simulated=3),
        variant("b", 500),
        days=2,
        segments=segments,
        bots={"a": 90, "b": 1},
        conduct=Conduct(is_allocation_intact=False),
    )
    assert list(findings) == [
        Gate.SRM_SEGMENT,
        Gate.MULTIPLY_EXPOSED,
        Gate.BOTS,
        Gate.CONFIGURATION,
        Gate.SIMULATED,
        Gate.DAYS,
        Gate.CONVERSIONS,
    ]
