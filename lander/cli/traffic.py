"""`lander simulate`: visitors through the front door, for development."""

from collections.abc import Iterable, Mapping

import click

from experiments.words import listing
from lander.cli.edge import Answer, Cli, command
from lander.db import reading
from lander.errors import InvalidInput, Unavailable
from lander.pages.pages import find_page
from lander.pages.publish import find_live
from lander.pages.sites import find_site


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

        wanted = _read_shares("--rates", rates)
        reached = dict(map(_read_further, further))
        lost = _read_shares("--lost-beacons", lost_beacons)
        named = [("--rates", wanted), *(("--further", shares) for shares in reached.values()), ("--lost-beacons", lost)]
        _check_variants(edge, site, slug, named)
        plan = Plan(
            host=site,
            slug=slug,
            visitors=visitors,
            rates=wanted,
            further=reached,
            lost_beacons=lost,
            days=days,
            url=url,
            seed=seed,
        )
        outcome = simulate(edge.settings, plan, now=edge.now)
        failed = outcome.failures
        wrong = Unavailable(f"{failed:,} of {outcome.requests:,} requests went wrong.", fix="The answers are listed.")
        return Answer(outcome.as_json(), outcome.sentences(), wrong if failed else None)


def _check_variants(edge: Cli, host: str, slug: str, named: Iterable[tuple[str, Mapping[str, float]]]) -> None:
    """Each variant that an option names must be live; whether the page is, its server says."""
    with reading(edge.engine) as session:
        site = find_site(session, host)
        page = find_page(session, site, slug) if site else None
        live = find_live(session, page) if page else None
    if live is None:
        return
    for option, shares in named:
        if unknown := sorted(shares.keys() - live.versions.keys()):
            raise InvalidInput(
                f"{option}: variant {listing(unknown)} of {host}/{slug} is not live.",
                fix=f"Live are {', '.join(sorted(live.versions))}.",
            )


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
