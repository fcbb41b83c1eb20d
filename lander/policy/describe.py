"""The policy as plain sentences: what the studio says to people who never open the file."""

from collections.abc import Iterator, Sequence

from lander.policy.findings import Severity
from lander.policy.policy import CONTENT_RULES, MIB, Budgets, Content, Freeze, Policy

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
        "Marketing may have the hosts asked that pages link to, over https and at public addresses only."
        if policy.egress.check_links
        else "Hosts that pages link to are not asked whether the links are alive.",
        *_describe_content(policy.content),
        _describe_budgets(policy.budgets),
        *(describe_freeze(freeze) for freeze in policy.lifecycle.freezes),
    ]


def _describe_content(content: Content) -> Iterator[str]:
    said = {
        Severity.REFUSE: "stops publishing where it is missing or wrong",
        Severity.WARN: "is pointed out where it is missing or wrong, and does not stop publishing",
        None: "is not looked at",
    }
    words = content_words(content)
    for level, consequence in said.items():
        if rules := [words[rule] for rule in CONTENT_RULES if rule in words and getattr(content, rule) is level]:
            yield f"On a page, this {consequence}: {_join(rules)}."
    if content.forbidden_words and content.forbidden is not None:
        end = "that stops publishing" if content.forbidden is Severity.REFUSE else "that is pointed out"
        yield f"Pages do not say {_join([f'“{word}”' for word in content.forbidden_words])}; {end}."


def content_words(content: Content) -> dict[str, str]:
    """What each rule on content looks at."""
    return {
        "title": f"a title of up to {content.title_characters} characters",
        "description": f"a description of up to {content.description_characters} characters",
        "canonical": "one canonical address",
        "language": "the language",
        "viewport": "the width for phones",
        "alt_texts": "alternative texts of images",
        "labels": "labels of form fields",
        "headings": "the order of headings",
        "link_texts": "texts of links",
        "ids": "names that labels and links refer to",
        "dead_links": "links that lead somewhere",
        "variants": "variants that can be compared",
        "consent": "a consent text in forms",
        "privacy_link": "a link to the privacy notice",
        "imprint": "a link to the imprint",
    }


def _describe_budgets(budgets: Budgets) -> str:
    limits = (
        f"A page makes visitors load at most {budgets.page_kb} kB in {budgets.requests} requests, "
        f"{budgets.script_kb} kB of it scripts"
    )
    if budgets.weight is None:
        return "How much a page makes visitors load is not looked at."
    more = "more stops publishing" if budgets.weight is Severity.REFUSE else "more is pointed out"
    return f"{limits}; {more}."


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
