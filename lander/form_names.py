"""What a published form carries beside its own fields, and where it is sent.

Publishing writes it into pages and the public path reads it back, so both take it from here. Pages that are live, in
browsers too, hold these words: they never change. A leaf.
"""

from typing import Final

FORM_PATH: Final = "/_l/f"
TOKEN_FIELD: Final = "_lander"  # noqa: S105  the view token stands in it
KEY_FIELD: Final = "_form"  # which form of the page: f1, f2…
QUERY_FIELD: Final = "_query"  # the raw query of the page view
REFERRER_FIELD: Final = "_referrer"  # the host of the page that led to it
HONEYPOT: Final = "lander_website"  # shown to nobody: what fills it in is no person
RESERVED_NAMES: Final = frozenset([TOKEN_FIELD, KEY_FIELD, QUERY_FIELD, REFERRER_FIELD, HONEYPOT])
