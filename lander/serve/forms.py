"""A form comes in: checked, sealed, kept for good together with its conversion, and only then answered with a 303.

A token bounds counting, never keeping: an old one, a bot's, one that fell into a trap still gives a lead, flagged. Only
what we did not sign is refused. The same content sent twice for one view is one lead.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from experiments.events import Kind, Reason
from experiments.journal import Durability, Journal, JournalUnavailable
from lander.config import Settings
from lander.form_names import HONEYPOT, KEY_FIELD, QUERY_FIELD, REFERRER_FIELD, RESERVED_NAMES, TOKEN_FIELD
from lander.published import Form, Release
from lander.serve import own_pages
from lander.serve.body import Fields, UnreadableBody, read_form
from lander.serve.counting import Happening, judge, records_of
from lander.serve.fields import Checked, check_fields, clean
from lander.serve.lead import Submission, make_lead, read_touch
from lander.serve.posts import ForeignOrigin, check_origin, read_token
from lander.serve.qa import QaLinks
from lander.serve.request import Request
from lander.serve.respond import Answers, Response
from lander.serve.token import TokenForged, TokenSigner, View
from lander.vault import Vault

LARGEST: Final = 64 * 1024
FASTEST_MS: Final = 2_000
_LONGEST_NUMBER: Final = 10


class FormDesk:
    """Receives forms under the process's secrets."""

    def __init__(self, settings: Settings, journal: Journal, tokens: TokenSigner, answers: Answers) -> None:
        self._scheme = settings.scheme
        self._journal = journal
        self._tokens = tokens
        self._answers = answers
        self._vault = Vault(settings.secret_keys)
        self._qa = QaLinks(settings.signing_keys)

    def receive(self, request: Request) -> Response:
        """Answer one POST of a form."""
        try:
            check_origin(request, self._scheme)
            sent = read_form(request.environ, LARGEST)
            token = _first(sent, TOKEN_FIELD)
            view, release = read_token(token, self._tokens, request)
        except UnreadableBody as error:
            return self._answers.page(error.status, own_pages.bad_post(error.message))
        except (ForeignOrigin, TokenForged):
            return self._answers.page(403, own_pages.refused_post())
        key = _first(sent, KEY_FIELD)
        form = _find_form(release, view.variant, key)
        typed = {name: values for name, values in sent.items() if name not in RESERVED_NAMES}
        checked = check_fields(form.fields, typed) if form else _take_all(typed)
        brought = {name: _first(sent, name) for name in (QUERY_FIELD, REFERRER_FIELD)}
        again = own_pages.Refilled(
            token, key, form.fields if form else (), values=typed, problems=checked.problems, brought=brought
        )
        elsewhere = _list_origins(form)
        if checked.problems:
            return self._answers.page(422, own_pages.correct_form(again), redirects_to=elsewhere)
        doubts = tuple(_find_doubts(sent, view, form, request.edge.now_ms))
        touch = read_touch(
            brought[QUERY_FIELD], brought[REFERRER_FIELD], has_gpc=request.environ.get("HTTP_SEC_GPC") == "1"
        )
        try:
            self._keep(Submission(view, release, form, checked.values, touch, doubts, request.host, request.edge))
        except JournalUnavailable:
            return self._answers.page(503, own_pages.try_again(again), ("Retry-After", "60"), redirects_to=elsewhere)
        thanks = (form.thank_you if form else "") or _address_of_thanks(view, form)
        return self._answers.redirect(303, self._qa.carry(thanks, request) if view.qa else thanks)

    def show_thanks(self, request: Request) -> Response:
        """Our own thank-you page, with what the page says after this form; loading it again counts nothing."""
        asked = parse_qs(request.query, errors="replace")
        page, key = (_first(asked, name) for name in ("page", "form"))
        is_number = page.isascii() and page.isdigit() and len(page) <= _LONGEST_NUMBER
        release = request.routes.catalog.pages.get(int(page)) if is_number else None
        form = _find_form(release, "", key) if release is not None and release.host == request.host else None
        return self._answers.page(200, own_pages.thanks(form.message if form else ""))

    def _keep(self, submission: Submission) -> None:
        """Lead and conversion in one append: both or neither."""
        event = judge(
            Happening(
                view=submission.view,
                kind=Kind.CONVERSION,
                goal="form",
                at_ms=submission.edge.now_ms,
                allocation=submission.allocation,
                doubts=submission.doubts,
                simulated=submission.edge.simulated,
            )
        )
        rows = [make_lead(submission, self._vault), *records_of([event] if event else [])]
        self._journal.append(rows, Durability.LEAD)


def _find_form(release: Release | None, variant: str, key: str) -> Form | None:
    """The form that was filled in; None where its page has been taken away or no longer holds it."""
    if release is None:
        return None
    forms = release.variants[variant if variant in release.variants else release.control].forms
    return next((form for form in forms if form.key == key), None)


def _address_of_thanks(view: View, form: Form | None) -> str:
    if form is None or not form.message:
        return own_pages.THANKS_PATH
    return f"{own_pages.THANKS_PATH}?{urlencode({'page': view.page_id, 'form': form.key})}"


def _take_all(typed: Mapping[str, Sequence[str]]) -> Checked:
    """What an unknown form sent, unchecked: its page is gone, the person who filled it in is not."""
    return Checked({clean(name): ", ".join(map(clean, values)) for name, values in typed.items()}, {})


def _find_doubts(sent: Fields, view: View, form: Form | None, now_ms: int) -> list[Reason]:
    """Why this may not be a person, or no longer counts."""
    doubts = []
    if view.qa:
        doubts.append(Reason.QA)
    if view.bot:
        doubts.append(Reason.BOT)
    if any(sent.get(HONEYPOT, ())):
        doubts.append(Reason.HONEYPOT)
    if now_ms - view.issued_at_ms < FASTEST_MS:
        doubts.append(Reason.TOO_FAST)
    if view.is_expired(now_ms):
        doubts.append(Reason.TOKEN_EXPIRED)
    if form is None:  # nobody checked what it holds, so it must not pass for a conversion either
        doubts.append(Reason.UNKNOWN_FORM)
    return doubts


def _list_origins(form: Form | None) -> list[str]:
    """Where the redirect after this form leads, as a Content-Security-Policy names it."""
    address = urlsplit(form.thank_you if form else "")
    return [f"{address.scheme}://{address.netloc}"] if address.netloc else []


def _first(sent: Fields, name: str) -> str:
    return next(iter(sent.get(name, ())), "")
