"""Runs chunks of requests, each against a world of its own, so that a chunk can be repeated alone."""

import logging
import shutil
import tempfile
import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.fuzz.checks import find_breaches
from tests.fuzz.grammar import COUNTED, RULES, Rule, Supply
from tests.fuzz.mutations import mutate
from tests.fuzz.world import STUDIO, Answer, Request, World, furnish, opened

ENVS: Final = ("development", "production")
_MEMORY: Final = Path("/dev/shm")  # each lead and each beacon waits for the disk, which is not what is tried here
_MOST_BREACHES: Final = 10
_VALID, _ONCE = 0.08, 0.80  # shares: as it is, one mutation; the rest has two to five


@dataclass
class Outcome:
    """What some chunks came to."""

    requests: int = 0
    reached: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "reached": self.reached,
            "statuses": self.statuses,
            "kinds": self.kinds,
            "breaches": self.breaches,
        }


class Ears(logging.Handler):
    """Hears what is logged as an error while a request is answered: a page that was rescued looks like a page."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []
        self._thread = threading.get_ident()  # others still look after worlds that have gone

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.heard.append(self.format(record))


def attack(*, seed: int, chunks: list[tuple[int, int]]) -> Outcome:
    """Run chunks, given as (number, requests)."""
    outcome, ears = Outcome(), Ears()
    logging.getLogger().addHandler(ears)
    folder = Path(tempfile.mkdtemp(prefix="lander-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        templates = {env: furnish(folder / env, env) for env in ENVS}
        for number, requests in chunks:
            env = ENVS[number % len(ENVS)]
            with opened(templates[env], folder / f"chunk-{number}", env) as world:
                Chunk(world, seed, number, outcome, ears).run(requests)
            shutil.rmtree(folder / f"chunk-{number}", ignore_errors=True)
            if len(outcome.breaches) >= _MOST_BREACHES:
                break
    finally:
        logging.getLogger().removeHandler(ears)
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


@dataclass
class Chunk:
    """Requests that depend on seed and number alone."""

    world: World
    seed: int
    number: int
    outcome: Outcome
    ears: Ears

    def run(self, requests: int) -> None:
        rng, supply = Random(f"{self.seed}:{self.number}"), Supply.gather(self.world)
        rules, weights = zip(*RULES, strict=True)
        for number in range(requests):
            rule: Rule = rng.choices(rules, weights)[0]
            valid = rule(supply, rng)
            request, mutations = _change(valid, rng)
            answer, breaches = self._send(request)
            self.outcome.requests += 1
            self.outcome.kinds[rule.__name__] += 1
            if answer is not None:
                self.outcome.statuses[str(answer.code)] += 1
                self.outcome.reached += mutations == 1 and rule in COUNTED and _has_reached(valid, request, answer)
            if breaches:
                where = f"--seed {self.seed} --chunk {self.number}: request {number}, {rule.__name__}"
                self.outcome.breaches.append(_describe(request, breaches, where))
                if len(self.outcome.breaches) >= _MOST_BREACHES:
                    return
            if request.path == "/sign-out":
                self.world.sign_in("maya")

    def _send(self, request: Request) -> tuple[Answer | None, list[str]]:
        """The answer, and every rule that it breaks."""
        heard_before = len(self.ears.heard)
        answer: Answer | None = None
        try:
            answer = self.world.ask(request)
        except Exception as problem:  # whatever gets out is what is looked for
            breaches = [f"{type(problem).__name__} got out: {problem}"]
        else:
            breaches = list(find_breaches(self.world, request, answer))
        return answer, [*breaches, *(f"it was logged: {line}" for line in self.ears.heard[heard_before:])]


def _change(valid: Request, rng: Random) -> tuple[Request, int]:
    """The request as it is sent, and how many mutations it went through."""
    share = rng.random()
    mutations = 0 if share < _VALID else 1 if share < _VALID + _ONCE else rng.randrange(2, 6)
    request = valid
    for _ in range(mutations):
        request = mutate(request, rng)
    return request, mutations


def _has_reached(valid: Request, request: Request, answer: Answer) -> bool:
    """Whether the mutation left the address alone, and in the studio the gate let it through to its view."""
    if (valid.method, valid.host, valid.path) != (request.method, request.host, request.path):
        return False
    is_turned_away = answer.code in (401, 403) or answer.get("Location").startswith("/sign-in")
    return request.host != STUDIO or not is_turned_away


def _describe(request: Request, breaches: list[str], where: str) -> str:
    """Everything that is needed to send it again."""
    shown = {name: value for name, value in asdict(request).items() if value not in ("", b"", None, {})}
    return "\n".join([where, *(f"  {breach}" for breach in breaches), f"  Request(**{shown!r})"])
