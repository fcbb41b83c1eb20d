"""The tables of a report: its numbers in words, with the digits they deserve, and the bars beside them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from experiments.events import Reason
from experiments.report import Report, VariantReport
from lander.console import format as words
from lander.console.outcome_context import Bar
from lander.console.report_bars import MOST_LIFT, draw_bar, place, scale_of
from lander.console.report_context import (
    AnytimeRow,
    ApartRow,
    BelievedRow,
    VariantRow,
)
from lander.console.report_lens import Lens, see
from lander.console.report_words import odds, strength

_REASONS: Final = {
    Reason.BOT: ("Bots", "Known crawlers, and programs that name no browser, see the page and are no visitors."),
    Reason.PREFETCH: ("Prefetched", "A browser loaded the page ahead; nobody may have looked at it."),
    Reason.HEAD: ("Checks without content", "A program asked whether the page is there."),
    Reason.GPC: ("Asked not to be tracked", "The browser sends Global Privacy Control: they see control, uncounted."),
    Reason.OPT_OUT: ("Opted out", "They asked not to be counted."),
    Reason.OUTSIDE: ("Outside the coverage", "The experiment takes only a share of visitors; the others see control."),
    Reason.TOKEN_EXPIRED: ("Came back too late", "They acted on a page that had been open for more than a day."),
    Reason.PHASE_CLOSED: ("After the phase", "They acted when this phase had ended."),
    Reason.HONEYPOT: ("Honeypot", "A field that people cannot see was filled in."),
    Reason.TOO_FAST: ("Too fast", "The form came back within two seconds."),
    Reason.UNKNOWN_FORM: ("Unknown form", "No form of the published page was sent; the lead is kept, unchecked."),
    Reason.QA: ("Colleagues", "They looked at a variant by a signed link."),
}


def list_variants(report: Report, names: Mapping[str, str]) -> list[VariantRow]:
    """What was counted, variant by variant."""
    return [_count(variant, report, names) for variant in report.variants]


def list_believed(report: Report, lens: Lens, names: Mapping[str, str]) -> list[BelievedRow]:
    """Rates and lifts as a posterior gives them."""
    beliefs = [see(variant, lens) for variant in report.variants]
    rates = scale_of([belief.rate for belief in beliefs])
    lifts = scale_of([belief.lift for belief in beliefs if belief.lift is not None], zero=True)
    rows = []
    for variant, belief in zip(report.variants, beliefs, strict=True):
        rate, lift, seen = belief.rate, belief.lift, is_seen(report)
        rows.append(
            BelievedRow(
                counted=_count(variant, report, names),
                rate_range=words.rate_range(rate.low, rate.high),
                rate=words.rate(rate.median, rate.low, rate.high),
                rate_bar=draw_bar(rate, rates) if seen else None,
                lift_range=words.lift_range(lift.low, lift.high) if lift else "",
                lift=words.lift(lift.median, lift.low, lift.high) if lift else "",
                lift_bar=draw_bar(lift, lifts, zero=True) if lift and seen else None,
                p_best=words.probability(belief.p_best),
                p_beats_control="" if belief.p_beats_control is None else words.probability(belief.p_beats_control),
                loss=words.per_thousand(belief.loss.absolute),
            )
        )
    return rows


def list_anytime(report: Report, names: Mapping[str, str]) -> list[AnytimeRow]:
    """How far the lift reaches at all looks together, and how strong the evidence is against there being none."""
    known = [item.anytime for item in report.variants if item.anytime is not None]
    edges = [min(edge, MOST_LIFT) for item in known for edge in (item.low, item.high) if edge is not None]
    scale = min([0.0, *edges]), max([0.0, *edges])
    rows = []
    for variant in report.variants:
        row = AnytimeRow(_count(variant, report, names), "", "", None, "", "")
        found = variant.anytime
        if found is not None:
            row = replace(row, evidence=odds(found.e_value), strength=strength(found.e_value))
        if found is not None and found.lift is not None and found.low is not None and found.high is not None:
            low, middle, high = (place(min(edge, MOST_LIFT), scale) for edge in (found.low, found.lift, found.high))
            row = replace(
                row,
                lift_range=words.lift_range(found.low, found.high),
                lift=words.lift(found.lift, found.low, found.high),
                lift_bar=Bar(low, middle, high, zero=place(0.0, scale)),
            )
        rows.append(row)
    return rows


def is_seen(report: Report) -> bool:
    """Whether anybody is in the rates; before that they would only show what is believed of any page."""
    return any(variant.confirmed for variant in report.variants)


def list_apart(report: Report) -> list[ApartRow]:
    """What is in none of the rates, where there is any."""
    noun = report.noun
    kept = [
        (
            f"{noun.capitalize()}s of unconfirmed visitors",
            f"The page never reported that they saw it. Their {noun}s are kept, and not in the rate.",
            [variant.unconfirmed_conversions for variant in report.variants],
        ),
        (
            "Visitors who saw several variants",
            "They are in none of the numbers above, because nobody can say which variant moved them.",
            [variant.multiply_exposed for variant in report.variants],
        ),
    ]
    return [ApartRow(what, why, [words.count(n) for n in numbers]) for what, why, numbers in kept if any(numbers)]


def list_filtered(report: Report) -> list[ApartRow]:
    """Who was recorded and not counted, by reason and by the variant they were shown, the most frequent first."""
    known = {member.value: text for member, text in _REASONS.items()}
    rows = []
    for reason, visitors in sorted(report.filtered.items(), key=lambda item: -item[1]):
        title, why = known.get(reason, (reason.replace("-", " ").capitalize(), "Recorded, not counted."))
        shown = report.filtered_by_variant[reason]
        numbers = [shown.get(variant.key, 0) for variant in report.variants]
        rows.append(ApartRow(title, why, [words.count(number) for number in [*numbers, visitors]]))
    return rows


def list_seen(report: Report) -> list[tuple[str, list[str]]]:
    """Filtered and unfiltered: everybody who came, and who of them is counted."""
    served = [variant.served for variant in report.variants]
    everybody = [
        variant.served
        + variant.multiply_exposed
        + sum(shown.get(variant.key, 0) for shown in report.filtered_by_variant.values())
        for variant in report.variants
    ]
    return [
        ("Everybody, unfiltered", [words.count(number) for number in [*everybody, report.seen]]),
        ("Counted as served", [words.count(number) for number in [*served, sum(served)]]),
    ]


def _count(variant: VariantReport, report: Report, names: Mapping[str, str]) -> VariantRow:
    share = variant.confirmed_share
    return VariantRow(
        key=variant.key,
        name=names.get(variant.key, ""),
        is_control=variant.key == report.control,
        served=words.count(variant.served),
        confirmed=words.count(variant.confirmed),
        confirmed_share="" if share is None else f"{words.share(share)} of served",
        conversions=words.count(variant.conversions),
    )
