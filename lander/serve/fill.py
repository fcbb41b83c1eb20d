"""Joins a published variant's segments: the view token, and what the visitor's address brought."""

import html
from dataclasses import dataclass

from lander.campaign import clean_query, clean_value, host_of_referrer, read_parameters
from lander.published import PublishedVariant, QuerySlot, ReferrerSlot, TextSlot, TokenSlot
from lander.serve.raw_text import read_text
from lander.text_slots import fill_text

Brought = TextSlot | QuerySlot | ReferrerSlot
"""What the visitor's address, or the page before, fills."""


@dataclass(frozen=True, slots=True)
class Template:
    """A variant's bytes with its slots found, once per release."""

    parts: tuple[bytes, ...]
    token_at: tuple[int, ...]
    brought_at: tuple[tuple[int, Brought], ...]
    reads_parameters: bool  # a raw query need not be taken apart


def prepare(variant: PublishedVariant) -> Template:
    """Find the slots."""
    segments = variant.segments
    return Template(
        parts=tuple(segment if isinstance(segment, bytes) else b"" for segment in segments),
        token_at=tuple(index for index, segment in enumerate(segments) if isinstance(segment, TokenSlot)),
        brought_at=tuple(
            (index, segment)
            for index, segment in enumerate(segments)
            if isinstance(segment, TextSlot | QuerySlot | ReferrerSlot)
        ),
        reads_parameters=any(isinstance(segment, TextSlot | QuerySlot) and segment.parameter for segment in segments),
    )


def fill(template: Template, token: bytes, query: str, referrer: str) -> bytes:
    """The page for one view. The first of repeated parameters counts."""
    parts = list(template.parts)
    for index in template.token_at:
        parts[index] = token
    if template.brought_at:
        values = read_parameters(query) if query and template.reads_parameters else {}
        for index, slot in template.brought_at:
            parts[index] = _fill_slot(slot, values, query, referrer).encode("utf-8", "replace")
    return b"".join(parts)


def _fill_slot(slot: Brought, values: dict[str, str], query: str, referrer: str) -> str:
    if isinstance(slot, TextSlot):
        return fill_text(values.get(slot.parameter), slot.transform, slot.default)
    if isinstance(slot, ReferrerSlot):
        return host_of_referrer(referrer)
    if slot.parameter:
        return html.escape(clean_value(values.get(slot.parameter, "")) or slot.default)
    return html.escape(clean_query(read_text(query)))
