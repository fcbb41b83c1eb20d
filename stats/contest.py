"""Of several independent quantities, each known by its density on the same panels: which is highest, and what choosing
another one gives away.

Every term is positive, so nothing cancels, not even where the loss is 1e-11 of the quantity.
"""

import numpy as np

from stats.panels import Array, Panels


def contest(
    panels: Panels, densities: Array, *, worth: Array, control: int
) -> tuple[list[float], list[float], list[float]]:
    """P(best), expected loss and P(beats control) of each quantity.

    Args:
        panels: P panels that suit every density.
        densities: at their nodes, shape (K, P, 20).
        worth: what the quantity gains per unit of the panels' coordinate, shape (P, 20).
        control: which of the K the others are held against.
    """
    p_best, losses = standings(panels, densities, worth=worth)
    below, _ = panels.running(densities[control])
    p_beats_control = panels.integral(densities * below)
    return np.minimum(p_best, 1).tolist(), losses.tolist(), np.minimum(p_beats_control, 1).tolist()


def standings(panels: Panels, densities: Array, *, worth: Array) -> tuple[Array, Array]:
    """P(best) and expected loss of each of K quantities, shape (K, ...), for densities of shape (K, ..., P, 20)."""
    below, above = panels.running(densities)
    all_below, any_above = _others(below, above)
    return panels.integral(densities * all_below), panels.integral(worth * below * any_above)


def _others(below: Array, above: Array) -> tuple[Array, Array]:
    """For each quantity: P(all others lie below) and P(any other lies above), first axis the quantities.

    The second is the complement of the first, built up beside it: subtracted, it would lose every digit where the
    others are almost surely below, which is where the expected loss of a clear winner comes from.
    """
    all_before, any_before = np.ones_like(below), np.zeros_like(below)
    all_after, any_after = np.ones_like(below), np.zeros_like(below)
    for i in range(1, len(below)):
        all_before[i] = all_before[i - 1] * below[i - 1]
        any_before[i] = any_before[i - 1] + all_before[i - 1] * above[i - 1]
        all_after[-1 - i] = all_after[-i] * below[-i]
        any_after[-1 - i] = any_after[-i] + all_after[-i] * above[-i]
    return all_before * all_after, any_before + all_before * any_after
