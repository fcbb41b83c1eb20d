"""How a verdict and a health finding write their numbers: plain words, never more digits than they deserve."""

from collections.abc import Sequence

MINUS = "−"


def name(key: str) -> str:
    """
    >>> name("b")
    'B'
    """
    return key.upper()


def listing(words: Sequence[str]) -> str:
    """
    >>> listing(["A"]), listing(["A", "B", "C"])
    ('A', 'A, B and C')
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def plural(number: int, noun: str) -> str:
    """
    >>> plural(1, "visitor"), plural(3400, "visitor")
    ('1 visitor', '3,400 visitors')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def share(fraction: float) -> str:
    """Whole per cent, but neither 0 nor 100 where it is not quite that.

    >>> share(0.816), share(0.9996), share(0.0002), share(0)
    ('82 %', 'over 99 %', 'under 1 %', '0 %')
    """
    if 0.995 <= fraction < 1:
        return "over 99 %"
    if 0 < fraction < 0.005:
        return "under 1 %"
    return f"{fraction * 100:.0f} %"


def probability(p: float) -> str:
    """Like a share, and never quite certain. Rounded towards doubt, so that 97.4 % does not pass for 97.5 %.

    >>> probability(0.9746), probability(0.975), probability(0.0251), probability(1.0)
    ('97 %', '97.5 %', '2.5 %', 'over 99.9 %')
    """
    if p > 0.999:
        return "over 99.9 %"
    if p < 0.001:
        return "under 0.1 %"
    tenths = int(p * 1000 + 1e-9)
    return f"{tenths // 10} %" if 50 <= tenths < 975 else f"{tenths / 10:g} %"


def lift_range(low: float, high: float) -> str:
    """
    >>> lift_range(-0.021, 0.234), lift_range(0.0004, 0.0121)
    ('−2 % and +23 %', '+0.04 % and +1.21 %')
    """
    digits = 0 if high - low >= 0.1 else 1 if high - low >= 0.02 else 2
    return f"{_signed(low, digits)} and {_signed(high, digits)}"


def signed_share(fraction: float) -> str:
    """
    >>> signed_share(0.774), signed_share(-0.3)
    ('+77 %', '−30 %')
    """
    return _signed(fraction, 0)


def planned_lift(fraction: float) -> str:
    """A lift that somebody chose, with the digits that they gave it.

    >>> planned_lift(0.105), planned_lift(0.004), planned_lift(10.0)
    ('+10.5 %', '+0.4 %', '+1000 %')
    """
    return f"{100 * fraction:+g} %"


def what_is_seen(phase: int) -> str:
    """
    >>> what_is_seen(1), what_is_seen(2)
    ('this test', 'phase 2 of this test')
    """
    return "this test" if phase == 1 else f"phase {phase} of this test"


def in_a_thousand(fraction: float, noun: str) -> str:
    """
    >>> [in_a_thousand(loss, "lead") for loss in (0.0012, 0.00097)]
    ['1.2 leads per 1,000 visitors', '1 lead per 1,000 visitors']
    """
    number = per_thousand(fraction)
    return f"{number} {noun if number == '1' else f'{noun}s'} per 1,000 visitors"


def per_thousand(fraction: float) -> str:
    """
    >>> [per_thousand(loss) for loss in (0.0123, 0.0004, 0.00004, 0.000001)]
    ['12', '0.4', '0.04', 'less than 0.01']
    """
    thousand = fraction * 1000
    if thousand < 0.01:
        return "less than 0.01"
    return f"{thousand:.0f}" if thousand >= 10 else f"{thousand:.1g}" if thousand < 1 else f"{thousand:.1f}"


def chance(p_value: float) -> str:
    """How often chance alone would do this.

    >>> chance(1e-7), chance(2.9e-7), chance(0.0004), chance(0)
    ('once in 10 million', 'once in 3.4 million', 'once in 2,500', 'practically never')
    """
    if p_value < 1e-12:
        return "practically never"
    times = 1 / p_value
    for unit, word in ((1e9, " billion"), (1e6, " million"), (1, "")):
        if times >= unit:
            return f"once in {float(f'{times / unit:.2g}'):,g}{word}"
    return "always"


def _signed(fraction: float, digits: int) -> str:
    text = f"{abs(fraction) * 100:.{digits}f} %"
    return text if float(text[:-2]) == 0 else f"{MINUS if fraction < 0 else '+'}{text}"
