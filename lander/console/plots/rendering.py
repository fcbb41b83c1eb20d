"""From a specification to an `<svg>`. The renderer is 93 MiB, so it is imported at the first plot, never before a fork."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Final

from markupsafe import Markup

_VEGA_LITE: Final = "5.21"
_AT_ONCE: Final = 4  # plots; the renderer works outside of Python: six of them took 0.19 s instead of 0.5


def render(specs: Sequence[dict[str, Any]]) -> list[Markup]:
    """Each plot without styles or scripts, ready to stand in a screen. The same specification is rendered once."""
    if not specs:
        return []
    import vl_convert  # noqa: F401, PLC0415  here, because two threads must not be the first to import it

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_render, [json.dumps(spec, sort_keys=True) for spec in specs]))


@lru_cache(maxsize=256)
def _render(spec: str) -> Markup:
    import vl_convert  # noqa: PLC0415

    svg: str = vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE)
    return Markup(svg)  # noqa: S704  its texts are variant keys and our own words, and the renderer escapes them
