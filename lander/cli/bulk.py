"""`lander bulk`: one change on many pages, planned, applied, published and undone together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
from sqlmodel import Session

from lander.cli.edge import Answer, Cli, command
from lander.cli.table import table
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages import bulk, bulk_plan, sites
from lander.pages.bulk_scope import Scope
from lander.pages.edits import Kind, Operation, Where
from lander.pages.models import BulkEdit
from lander.pages.publish import CHOICES
from lander.pages.together import Tell
from lander.preflight import look_ahead

_MOST_SHOWN = 3
_PROPOSED = "proposed"
_SITE = click.option("--site", required=True, metavar="HOST", help="The pages host.")
_NUMBER = click.argument("number", type=int)
_DURING_TEST = click.option(
    "--during-test",
    "during_test",
    multiple=True,
    metavar="[KEY=]CHOICE",
    help="What the change means to running tests: annotate, new-phase or proposed; for all, or for one by its key.",
)
_WHAT = (
    click.option("--find", help="The text to look for."),
    click.option("--replace", help="The text that comes in its place."),
    click.option(
        "--where",
        type=click.Choice([where.value for where in Where]),
        default=Where.SHOWN.value,
        show_default=True,
        help="In text; also in attributes that show text; or everywhere in the source but scripts and styles.",
    ),
    click.option("--whole-word", is_flag=True, help="Not inside longer words."),
    click.option("--match-case", is_flag=True, help="Only as written; else capitals are kept."),
    click.option("--selector", metavar="CSS", help="Change what this selector finds, instead of --find."),
    click.option("--set-text", metavar="TEXT", help="Give those elements this text."),
    click.option("--set-html", metavar="HTML", help="Give those elements this content; code in it is taken out."),
    click.option("--set-attribute", metavar="NAME=VALUE", help="Set an attribute of those elements."),
    click.option("--add-class", metavar="CLASS", help="Add a class to those elements."),
    click.option("--remove-class", metavar="CLASS", help="Take a class off those elements."),
    click.option("--slug", "slugs", multiple=True, help="Only these pages."),
    click.option("--prefix", default="", help="Only pages whose address begins so."),
    click.option("--variant", "variants", multiple=True, help="Only these variants."),
    click.option("--snippet", "snippets", multiple=True, metavar="NAME", help="Only these snippets."),
    click.option("--no-snippets", is_flag=True, help="Leave snippets alone."),
    click.option("--no-pages", is_flag=True, help="Change snippets alone."),
)


def _what(function: Callable[..., Answer]) -> Callable[..., Answer]:
    for option in reversed(_WHAT):
        function = option(function)
    return function


def register(cli: click.Group) -> None:
    group = click.Group("bulk", help="One change on many pages.")
    cli.add_command(group)
    _register_plan(group)
    _register_publish(group)


def _register_plan(group: click.Group) -> None:
    @command(group, "plan")
    @_SITE
    @_what
    def plan(edge: Cli, *, site: str, **what: Any) -> Answer:
        """Show what a change would do, match by match. Changes nothing."""
        operation, scope = _read_operation(what), _read_scope(what)
        with reading(edge.engine) as session:
            owner = sites.load_site(session, site)
            made = bulk_plan.plan_bulk(session, edge.settings, owner, operation, scope)
            return Answer(made.as_json(), _say_plan(made))

    @command(group, "apply")
    @_SITE
    @_what
    @click.option("--fingerprint", help="From the plan; refuse if what it read has changed since.")
    def apply(edge: Cli, *, site: str, fingerprint: str | None, **what: Any) -> Answer:
        """Make the change in all drafts at once. Visitors see nothing of it before it is published."""
        operation, scope = _read_operation(what), _read_scope(what)
        with transaction(edge.engine) as session:
            owner = sites.load_site(session, site)
            made = bulk.apply_bulk(
                session,
                edge.settings,
                owner,
                operation,
                scope,
                fingerprint=fingerprint,
                actor=edge.actor,
                now=edge.now,
            )
            return Answer(_as_json(made), [bulk.say_state(made), f"Publish it with: lander bulk publish {made.id}"])

    @command(group, "list")
    @_SITE
    def list_(edge: Cli, site: str) -> Answer:
        """List the bulk edits of a site, newest first."""
        with reading(edge.engine) as session:
            made = bulk.list_bulk(session, sites.load_site(session, site))
            rows = [_as_json(item) for item in made]
        cells = [[str(row["number"]), row["operation"], str(row["changes"]), row["state"]] for row in rows]
        lines = table(["number", "change", "drafts", "state"], cells, numbers=["number", "drafts"])
        return Answer(rows, lines if rows else ["No bulk edits yet."])


def _register_publish(group: click.Group) -> None:
    @command(group, "publish")
    @_NUMBER
    @_DURING_TEST
    def publish(edge: Cli, number: int, during_test: tuple[str, ...]) -> Answer:
        """Put a bulk edit before visitors: on all its live pages, or on none."""
        with _progress("Publishing") as tell, transaction(edge.engine) as session:
            made = bulk.load_bulk(session, number)
            choices = _read_choices(session, made, during_test)
            published = bulk.publish_bulk(
                session,
                edge.settings,
                made,
                choices=choices,
                actor=edge.actor,
                now=edge.now,
                preflight=look_ahead,
                tell=tell,
            )
            return Answer({**_as_json(made), "published": [p.address for p in published]}, [bulk.say_state(made)])

    @command(group, "undo")
    @_NUMBER
    @_DURING_TEST
    @click.option("--over", is_flag=True, help="Put back also what somebody has edited since.")
    def undo(edge: Cli, *, number: int, during_test: tuple[str, ...], over: bool) -> Answer:
        """Put back what stood there before, and publish it if the bulk edit was published."""
        with _progress("Undoing") as tell, transaction(edge.engine) as session:
            made = bulk.load_bulk(session, number)
            choices = _read_choices(session, made, during_test)
            undone = bulk.undo_bulk(
                session,
                edge.settings,
                made,
                over=over,
                choices=choices,
                actor=edge.actor,
                now=edge.now,
                preflight=look_ahead,
                tell=tell,
            )
            return Answer({**_as_json(made), **undone.as_json()}, [bulk.say_state(made), *undone.sentences()])


def _read_operation(what: Mapping[str, Any]) -> Operation:
    on_elements = {
        Kind.SET_TEXT: what["set_text"],
        Kind.SET_HTML: what["set_html"],
        Kind.SET_ATTRIBUTE: what["set_attribute"],
        Kind.ADD_CLASS: what["add_class"],
        Kind.REMOVE_CLASS: what["remove_class"],
    }
    chosen = {kind: value for kind, value in on_elements.items() if value is not None}
    if what["selector"] is None and not chosen:
        if what["find"] is None or what["replace"] is None:
            raise InvalidInput("It is not said what is to change.", fix="Write --find and --replace, or --selector.")
        return Operation(
            Kind.REPLACE,
            what["find"],
            what["replace"],
            where=Where(what["where"]),
            whole_word=what["whole_word"],
            match_case=what["match_case"],
        )
    if what["selector"] is None or len(chosen) != 1 or what["find"] is not None or what["replace"] is not None:
        raise InvalidInput(
            "With --selector, one thing can be done at a time.",
            fix="Write one of --set-text, --set-html, --set-attribute, --add-class and --remove-class beside it.",
        )
    ((kind, value),) = chosen.items()
    attribute = ""
    if kind is Kind.SET_ATTRIBUTE:
        attribute, mark, value = value.partition("=")
        if not mark:
            raise InvalidInput(f"--set-attribute '{attribute}' has no value.", fix="Write --set-attribute NAME=VALUE.")
    return Operation(kind, what["selector"], value, attribute=attribute)


def _read_scope(what: Mapping[str, Any]) -> Scope:
    return Scope(
        slugs=what["slugs"],
        prefix=what["prefix"],
        variants=what["variants"],
        with_pages=not what["no_pages"],
        with_snippets=not what["no_snippets"],
        snippets=what["snippets"],
    )


def _read_choices(session: Session, made: BulkEdit, written: Sequence[str]) -> dict[str, str]:
    """What each running test is told: nothing where nothing was written."""
    proposed = bulk.propose(session, made)
    choices: dict[str, str] = {}
    for entry in written:
        key, mark, choice = entry.rpartition("=")
        if choice not in (*CHOICES, _PROPOSED) or (mark and key not in proposed):
            known = f" Its tests are {', '.join(proposed)}." if mark and proposed else ""
            raise InvalidInput(
                f"--during-test '{entry}' is no choice.", fix=f"Write annotate, new-phase or proposed.{known}"
            )
        for test in [key] if mark else proposed:
            choices[test] = proposed[test] if choice == _PROPOSED else choice
    return choices


def _say_plan(made: bulk_plan.BulkPlan) -> list[str]:
    said = made.sentences()
    for change in made.changes:
        matches = change.edited.matches
        said.append(f"{change.piece.label}: {len(matches)}")
        said += [
            f"  line {item.line}: {item.left}[{item.old} → {item.new}]{item.right}" for item in matches[:_MOST_SHOWN]
        ]
        if len(matches) > _MOST_SHOWN:
            said.append(f"  and {len(matches) - _MOST_SHOWN} more")
    if made.unchanged:
        said.append(f"Nothing to change in: {', '.join(made.unchanged)}.")
    said += [f"Stays as it is: {reason}" for reason in made.kept]
    said += [f"Drafts nobody has published yet go along: {item.page.slug}." for item in made.pages if item.has_waiting]
    said += [f"Test {test.key}: {test.proposal} is proposed, because {test.reason}." for test in made.tests]
    said += [
        f"New finding, {label}: {finding.sentence} {finding.fix} ({finding.rule})" for label, finding in made.findings
    ]
    if made.changes:
        said.append(f"Nothing has changed yet. Apply exactly this with: --fingerprint {made.fingerprint}")
    return said


def _as_json(made: BulkEdit) -> dict[str, Any]:
    state = "undone" if made.undone_at else "published" if made.published_at else "applied"
    return {
        "number": made.id,
        "operation": made.operation["sentence"],
        "changes": len(made.changes),
        "state": state,
        "by": made.created_by,
        "at": made.created_at.isoformat(),
    }


@contextmanager
def _progress(what: str) -> Iterator[Tell]:
    """A bar on the terminal, if there is one."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what)
        yield lambda done, of: bar.update(task, completed=done, total=of)
