"""`lander page check` and `lander page meta`: what publishing would find, and what search engines are told."""

from pathlib import Path
from typing import Any

import click

from lander.cli.edge import Answer, Cli, command
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput
from lander.pages import meta as metas
from lander.pages import pages, publish, sites
from lander.pages.models import Page, Site
from lander.policy.findings import count_refusals, say_in_the_way
from lander.policy.store import load_policy
from lander.preflight import look_ahead

_SITE = click.option("--site", required=True, metavar="HOST", help="The pages host.")
_SLUG = click.option("--slug", required=True, help="The page's address on the host.")


def register_gate(group: click.Group) -> None:
    @command(group, "check")
    @_SITE
    @_SLUG
    @click.option("--strip-external", is_flag=True, help="As if what loads from hosts not allowed were taken out.")
    def check(edge: Cli, site: str, slug: str, strip_external: bool) -> Answer:
        """List everything that publishing would find. Changes nothing; fails where something stands in the way."""
        with reading(edge.engine) as session:
            owner = sites.load_site(session, site)
            page = pages.load_page(session, owner, slug)
            address = pages.page_address(owner, page)
            found = publish.check_drafts(
                session, edge.settings, page, strip_external=strip_external, preflight=look_ahead
            )
        refusals = count_refusals(found)
        data = {
            "address": address,
            "refusals": refusals,
            "warnings": len(found) - refusals,
            "findings": [finding.as_json() for finding in found],
        }
        words = [f"{finding.severity.value}: {finding}" for finding in found]
        failure = Conflict(f"{say_in_the_way(refusals)} of publishing {address}.", fix="Mend it, then publish.")
        return Answer(data, words or [f"{address} keeps to every rule."], failure=failure if refusals else None)

    @command(group, "meta")
    @_SITE
    @_SLUG
    @click.option("--canonical", metavar="ADDRESS", help="The address that speaks for the page; '' for none.")
    @click.option("--hreflang", multiple=True, metavar="LANGUAGE=ADDRESS", help="The page in another language.")
    @click.option(
        "--json-ld",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="One JSON object.",
    )
    @click.option("--title", help="Headline of the social card.")
    @click.option("--description", help="Text of the social card.")
    @click.option(
        "--image",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Picture of the social card.",
    )
    @click.option("--image-alt", help="What the picture shows.")
    @click.option("--index/--noindex", "index", default=None, help="Whether search engines may list the page.")
    def meta(edge: Cli, *, site: str, slug: str, **typed: Any) -> Answer:
        """Show, or set, what search engines and social networks are told. Visitors see it after the next publish."""
        wanted = {name: value for name, value in typed.items() if value is not None and value != ()}
        with (transaction if wanted else reading)(edge.engine) as session:
            owner = sites.load_site(session, site)
            page = pages.load_page(session, owner, slug)
            if wanted:
                before = metas.load_meta(page)
                social = metas.Social(
                    title=wanted.get("title", before.social.title),
                    description=wanted.get("description", before.social.description),
                    image=before.social.image,
                    image_alt=wanted.get("image_alt", before.social.image_alt),
                )
                if "image" in wanted:
                    image = metas.store_image(
                        session, wanted["image"].name, wanted["image"].read_bytes(), load_policy(session), now=edge.now
                    )
                    social = metas.Social(social.title, social.description, image, social.image_alt)
                set_now = metas.read_meta(
                    canonical=wanted.get("canonical", before.canonical),
                    hreflang=_read_languages(wanted["hreflang"]) if "hreflang" in wanted else before.hreflang,
                    json_ld=_read_text(wanted["json_ld"]) if "json_ld" in wanted else metas.show_json(before.json_ld),
                    social=social,
                )
                noindex = page.noindex if wanted.get("index") is None else not wanted["index"]
                metas.save_meta(session, page, set_now, noindex=noindex, actor=edge.actor, now=edge.now)
            return _tell(owner, page)


def _tell(site: Site, page: Page) -> Answer:
    data = {"address": pages.page_address(site, page), "noindex": page.noindex, **(page.meta or {})}
    lines = [f"{name}: {value}" for name, value in data.items()]
    return Answer(data, lines)


def _read_languages(typed: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [(language, address) for language, _, address in (item.partition("=") for item in typed)]
    for language, address in pairs:
        if not address:
            raise InvalidInput(f"--hreflang '{language}' has no address.", fix="Write --hreflang de=/de/spring-sale.")
    return pairs


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is not UTF-8.", fix="Save it as UTF-8.") from None
