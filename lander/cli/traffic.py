"""`lander simulate`: visitors through the front door, for development."""

import click

from lander.cli.edge import Answer, Cli, command
from lander.errors import InvalidInput, Unavailable


def register(cli: click.Group) -> None:
    @command(cli, "simulate")
    @click.option("--site", required=True, metavar="HOST")
    @click.option("--slug", required=True)
    @click.option("--visitors", required=True, type=click.IntRange(1, 1_000_000))
    @click.option("--rates", required=True, metavar="a=0.05,b=0.06", help="Share of visitors who reach the goal.")
    @click.option(
        "--further", multiple=True, metavar="scroll-2:a=0.5,b=0.6", help="The same for a further goal, by its key."
    )
    @click.option("--days", default=14, show_default=True, type=click.IntRange(1, 365))
    @click.option("--url", default="http://127.0.0.1:8000", show_default=True)
    @click.option("--seed", default=1, show_default=True)
    @click.option("--lost-beacons", default="", metavar="b=0.15", help="Share of visitors whose beacon never comes.")
    def simulate(
        edge: Cli,
        *,
        site: str,
        slug: str,
        visitors: int,
        rates: str,
        further: tuple[str, ...],
        days: int,
        url: str,
        seed: int,
        lost_beacons: str,
    ) -> Answer:
        """Send visitors of the last DAYS days over HTTP, each marked as simulated. Development only, loopback only."""
        from lander.simulate import Plan, simulate

        plan = Plan(
            host=site,
            slug=slug,
            visitors=visitors,
            rates=_read_shares("--rates", rates),
            further=dict(map(_read_further, further)),
            lost_beacons=_read_shares("--lost-beacons", lost_beacons),
            days=days,
            url=url,
            seed=seed,
        )
        outcome = simulate(edge.settings, plan, now=edge.now)
        failed = outcome.failures
        wrong = Unavailable(f"{failed:,} of {outcome.requests:,} requests went wrong.", fix="The answers are listed.")
        return Answer(outcome.as_json(), outcome.sentences(), wrong if failed else None)


def _read_further(text: str) -> tuple[str, dict[str, float]]:
    key, _, shares = text.partition(":")
    if not key or not shares:
        raise InvalidInput(
            f"--further: '{text}' is not a goal's key with shares.", fix="Write it like scroll-2:a=0.5,b=0.6."
        )
    return key, _read_shares("--further", shares)


def _read_shares(option: str, text: str) -> dict[str, float]:
    shares: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        key, _, number = part.partition("=")
        try:
            share = float(number)
        except ValueError:
            share = -1.0
        if not key or not 0 <= share <= 1:
            raise InvalidInput(f"{option}: '{part}' is not a variant with a share.", fix="Write it like b=0.06.")
        shares[key.strip()] = share
    return shares
