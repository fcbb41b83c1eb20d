"""Ana is told what stands in the way of a result before she is told the result."""

import pytest

from experiments import health
from experiments.health import Gate, HealthFinding, Severity, VariantCounts


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


def check(*counts: VariantCounts, days: int = 14, segments: health.Segments | None = None) -> dict[Gate, HealthFinding]:
    return {finding.gate: finding for finding in health.check(counts, segments or {}, days=days)}


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
