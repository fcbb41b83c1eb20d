"""The policy as plain sentences: what the studio says to people who never open the file."""

from collections.abc import Sequence

from lander.policy.policy import MIB, Freeze, Policy

_KINDS = {
    "script": "scripts",
    "style": "stylesheets",
    "img": "images",
    "font": "fonts",
    "media": "video and sound",
    "connect": "data that scripts fetch",
    "frame": "embedded pages",
}
_FIELD_WORDS = {
    "email": "e-mail address",
    "name": "name",
    "company": "company",
    "phone": "phone number",
    "text": "short text",
    "choice": "a choice",
    "hidden": "hidden values",
}


def describe(policy: Policy) -> list[str]:
    """One sentence a rule, the strictest first."""
    isolation, forms, uploads = policy.isolation, policy.forms, policy.uploads
    origin = f"These are version {policy.version} of your policy." if policy.version else "These are the safe defaults."
    framed = (
        f"may be framed by {_join(isolation.frame_ancestors)}" if isolation.frame_ancestors else "may not be framed"
    )
    return [
        origin,
        "Every page is sealed: its code cannot set cookies, store anything, or act as a visitor on your other sites.",
        f"A page {framed}.",
        *(_describe_kind(word, getattr(isolation.allow, kind)) for kind, word in _KINDS.items()),
        f"A form may ask for: {_join([_FIELD_WORDS[kind] for kind in forms.field_types])}."
        if forms.field_types
        else "A form may ask for nothing.",
        "Passwords, files and payment cards are never asked for.",
        f"After a form, visitors may be led to {_join(forms.thank_you_hosts)} as well as to pages here."
        if forms.thank_you_hosts
        else "After a form, visitors stay on the pages' own host.",
        f"An upload may bring {uploads.zip_bytes // MIB} MiB, unpacked {uploads.unpacked_bytes // MIB} MiB "
        f"in {uploads.entries} files of up to {uploads.file_bytes // MIB} MiB each, "
        f"{uploads.depth} folders deep, compressed at most {uploads.ratio} to 1, "
        f"images of up to {uploads.image_pixels // 1_000_000} megapixels.",
        f"Webhooks may be sent to {_join(policy.egress.webhook_hosts)}, over https and to public addresses only."
        if policy.egress.webhook_hosts
        else "Webhooks may be sent nowhere.",
        *(describe_freeze(freeze) for freeze in policy.lifecycle.freezes),
    ]


def describe_freeze(freeze: Freeze) -> str:
    """When it is, as it was written, and what cannot be done meanwhile."""
    starts, ends = (f"{at.day} {at:%b %Y, %H:%M} ({at.tzname()})" for at in (freeze.starts_at, freeze.ends_at))
    return f"From {starts} to {ends} nothing is published and no test is started: {freeze.reason.rstrip('.')}."


def _describe_kind(word: str, sources: Sequence[str]) -> str:
    if not sources:
        return f"Pages load no {word} from other hosts."
    return f"Pages load {word} from other hosts only where they are {_join([_plain(source) for source in sources])}."


def _plain(source: str) -> str:
    return source.removeprefix("https://")


def _join(words: Sequence[str]) -> str:
    plain = [_plain(word) for word in words]
    return plain[0] if len(plain) == 1 else f"{', '.join(plain[:-1])} and {plain[-1]}"
