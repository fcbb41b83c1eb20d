"""One attempt to send a webhook: to exactly the addresses that were checked, no redirect followed, five seconds in all.

What the receiver answers is read to its end or to a limit and thrown away; only its status counts.
"""

import time

from lander.integrations.egress import PATIENCE_S, EgressRefused
from lander.integrations.exchange import Network, NoAnswer, ask
from lander.integrations.outcome import Fate, Outcome
from lander.integrations.webhook.address import check_target
from lander.integrations.webhook.message import Message
from lander.policy.policy import Policy


def send(url: str, message: Message, *, policy: Policy, is_development: bool, network: Network) -> Outcome:
    """Make one attempt; never raises for anything that the receiver or the network does."""
    deadline = time.monotonic() + PATIENCE_S
    try:
        target = check_target(url, policy=policy, is_development=is_development, resolve=network.resolve)
        answer = ask(target, "POST", message.headers, network, deadline, body=message.body)
    except (EgressRefused, NoAnswer) as problem:
        return Outcome(Fate.AGAIN, str(problem))
    return _judge(answer.status)


def _judge(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(Fate.DELIVERED, f"Accepted with {status}.", status)
    if status == 410:
        return Outcome(Fate.GONE, "It answered 410: nothing more is wanted there.", status)
    if 300 <= status < 400:
        words = f"It answered {status}, a redirect, and redirects are not followed. Enter the address it leads to."
        return Outcome(Fate.AGAIN, words, status)
    return Outcome(Fate.AGAIN, f"It answered {status}.", status)
