"""What was looked at and found in order, one line each: so that silence is told from nobody having looked."""

from collections.abc import Iterable
from typing import Final

from lander.policy.findings import Finding
from lander.policy.policy import Policy

# rules that would have spoken, the level that may have switched them off, and what it means that they did not
_ALWAYS: Final = ""
NOT_ASKED: Final = "preflight.disk"
"""The rule of a finding that says why the page itself was not asked."""
_CHECKS: Final = (
    (
        ("isolation.",),
        _ALWAYS,
        "Nothing loads from a host that is not allowed, and nothing runs that was not looked at.",
    ),
    (("forms.",), _ALWAYS, "Forms ask only for what may be asked."),
    (("dynamic-text.",), _ALWAYS, "Dynamic text is written as it should be."),
    (("content.title",), "title", "The title is there and not too long."),
    (("content.description",), "description", "The description is there and not too long."),
    (("content.canonical",), "canonical", "Search engines are told one thing about the page's address."),
    (("content.language",), "language", "The page says its language."),
    (("content.viewport",), "viewport", "The page adapts to phones."),
    (("content.alt_texts",), "alt_texts", "Every image has an alternative text."),
    (("content.labels",), "labels", "Every form field has a label."),
    (("content.headings",), "headings", "The headings are in order."),
    (("content.link_texts",), "link_texts", "Every link and button says what it does."),
    (("content.ids",), "ids", "Labels and links mean one thing each."),
    (("content.dead_links", "references."), "dead_links", "Every link and file on this host is there."),
    (("content.variants",), "variants", "The variants can be compared."),
    (("content.consent",), "consent", "Forms that ask for personal data have a consent text."),
    (("content.privacy_link",), "privacy_link", "The privacy notice is linked."),
    (("content.imprint",), "imprint", "The imprint is linked."),
    (("preflight.page", "preflight.head"), _ALWAYS, "It answers on phones and desks, with every security header."),
    (("preflight.adsbot",), _ALWAYS, "Google's ad checkers get what visitors get."),
    (("preflight.parameters",), _ALWAYS, "Campaign parameters come through, and dynamic text is filled in safely."),
    (("preflight.form",), _ALWAYS, "Forms are taken in when they are sent."),
)


def list_fine(findings: Iterable[Finding], policy: Policy) -> list[str]:
    """A sentence for each check that was made and found nothing."""
    broken = {finding.rule for finding in findings}
    said = [
        sentence
        for rules, level, sentence in _CHECKS
        if (not level or getattr(policy.content, level) is not None)
        and not any(rule.startswith(rules) for rule in broken)
        and not (NOT_ASKED in broken and rules[0].startswith("preflight."))
    ]
    if policy.content.forbidden_words and policy.content.forbidden is not None and "content.forbidden" not in broken:
        said.append("None of the words is there that your company does not want.")
    budgets = policy.budgets
    if budgets.weight is not None and not any(rule.startswith("budgets.") for rule in broken):
        said.append(
            f"Every variant keeps to {budgets.page_kb:,} kB, {budgets.requests} requests and {budgets.script_kb:,} kB of scripts."
        )
    return said
