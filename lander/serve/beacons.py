"""The page's own script reports: it was really seen, or a goal was reached there. Acknowledged once committed."""

from typing import Final

from experiments import goals
from experiments.events import Kind
from experiments.journal import Durability, Journal
from lander.config import Settings
from lander.serve.body import UnreadableBody, read_body, read_urlencoded
from lander.serve.counting import Happening, judge, records_of
from lander.serve.posts import ForeignOrigin, check_origin, read_token
from lander.serve.request import Request
from lander.serve.respond import Answers, Response
from lander.serve.token import TokenForged, TokenSigner

LARGEST: Final = 4 * 1024


class BeaconDesk:
    """Receives beacons: `t=<token>&k=view`, or `t=<token>&k=goal&g=<key of the goal>`."""

    def __init__(self, settings: Settings, journal: Journal, tokens: TokenSigner, answers: Answers) -> None:
        self._scheme = settings.scheme
        self._journal = journal
        self._tokens = tokens
        self._answers = answers

    def receive(self, request: Request) -> Response:
        """Answer one beacon; raises `JournalUnavailable` where it cannot be kept."""
        try:
            check_origin(request, self._scheme)
            sent = read_urlencoded(read_body(request.environ, LARGEST))
            token, kind, goal = (sent.get(name, [""])[0] for name in ("t", "k", "g"))
            view, release = read_token(token, self._tokens, request)
        except (UnreadableBody, ForeignOrigin, TokenForged) as error:
            return self._answers.text(error.status, str(error))
        if (kind, goal) != ("view", "") and not (kind == "goal" and goals.is_beacon_key(goal)):
            return self._answers.text(400, "A beacon reports a view, or a goal that a page's script can watch.")
        event = judge(
            Happening(
                view=view,
                kind=Kind.CONFIRMED if kind == "view" else Kind.CONVERSION,
                goal=goal,
                at_ms=request.edge.now_ms,
                allocation=release.allocation if release else None,
                doubts=(),
                simulated=request.edge.simulated,
            )
        )
        if event is not None:
            self._journal.append(records_of([event]), Durability.ACKNOWLEDGED)
        return self._answers.empty(204)
