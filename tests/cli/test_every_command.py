"""The tree of commands: every one of the contract, each with help and `--json`, each named in the documentation as it is."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lander.cli import cli
from lander.cli.group import SHOW, ShowingGroup

ROOT = Path(__file__).parents[2]
CONTRACT = {
    "migrate": (),
    "serve": ("--port",),
    "work": (),
    "demo": ("--port",),
    "doctor": (),
    "site add": ("HOST", "--core-site", "--timezone", "--currency"),
    "user add": ("NAME", "--role"),
    "user list": (),
    "user password": ("NAME",),
    "user remove": ("NAME",),
    "page import": ("--site", "--slug", "--variant", "--asset", "FILE"),
    "page copy-variant": ("--site", "--slug"),
    "page publish": ("--site", "--slug", "--strip-external", "--during-test"),
    "page list": (),
    "page rollback": ("--site", "--slug"),
    "page withdraw": ("--site", "--slug"),
    "page preview": ("--site", "--slug"),
    "page qa-link": ("--site", "--slug", "--variant", "--minutes"),
    "variant list": ("--site", "--slug"),
    "variant rename": ("--site", "--slug", "VARIANT", "NAME"),
    "variant history": ("--site", "--slug", "VARIANT"),
    "variant restore": ("--site", "--slug", "VARIANT", "VERSION"),
    "variant compare": ("--site", "--slug", "VARIANT", "--from", "--to", "--with"),
    "share add": ("--site", "--slug", "--variant", "--for", "--days", "--value"),
    "share list": ("--site", "--slug"),
    "share revoke": ("--site", "--slug", "LINK"),
    "schedule add": ("--site", "--slug", "--at", "--variants", "--experiment", "{publish|withdraw|start|stop}"),
    "schedule list": ("--all",),
    "schedule cancel": ("NUMBER",),
    "page check": ("--site", "--slug", "--strip-external"),
    "page meta": ("--site", "--slug", "--canonical", "--hreflang", "--json-ld", "--title", "--image", "--noindex"),
    "page rename": ("--site", "--slug", "--to"),
    "page retire": ("--site", "--slug", "--to", "--for-now", "--gone", "--undo"),
    "redirect list": ("--site", "--search"),
    "redirect add": ("--site", "--status", "--note", "OLD", "[TARGET]"),
    "redirect remove": ("--site", "OLD"),
    "redirect import": ("--site", "--plan", "--only-good", "FILE"),
    "redirect undo-import": ("--site",),
    "redirect export": ("--site",),
    "redirect check": ("--site", "--flatten"),
    "redirect missing": ("--site", "--limit"),
    "snippet list": ("--site",),
    "snippet show": ("--site", "NAME"),
    "snippet add": ("--site", "NAME", "FILE"),
    "snippet edit": ("--site", "NAME", "FILE", "--base-version"),
    "bulk plan": ("--site", "--find", "--replace", "--selector", "--set-text", "--slug", "--prefix"),
    "bulk apply": ("--site", "--find", "--replace", "--fingerprint"),
    "bulk publish": ("NUMBER", "--during-test"),
    "bulk undo": ("NUMBER", "--over"),
    "bulk list": ("--site",),
    "experiment start": (
        "--site", "--slug", "--variants", "--weights", "--coverage", "--goal", "--secondary", "--guardrail", "--hypothesis",
        "--lift", "--value", "--repeats",
    ),
    "experiment pause": ("KEY",),
    "experiment resume": ("KEY",),
    "experiment list": (),
    "experiment assign": ("KEY", "VISITOR_ID"),
    "experiment stop": ("KEY", "--ship", "--keep-control", "--reason"),
    "experiment plan": ("--site", "--slug", "--goal", "--variants", "--coverage", "--lift"),
    "experiment aa": ("--site", "--slug", "--goal"),
    "experiment archive": ("--site", "--slug", "--search", "--outcome"),
    "experiment calibration": (),
    "experiment aa-tests": (),
    "report": ("--site", "--slug", "--phase", "--as-of", "--by", "--since-yesterday"),
    "report export": ("--site", "--slug", "--what", "--format", "--phase", "--output"),
    "report verify": ("FILE",),
    "lead list": ("--site", "--stage", "--spam", "--limit"),
    "lead export": ("--site", "--stage", "--spam", "--bom"),
    "lead erase": ("[EMAIL]", "--lead", "--replay"),
    "webhook list": ("--site",),
    "webhook add": ("URL", "--site", "--event"),
    "webhook test": ("NUMBER",),
    "webhook disable": ("NUMBER",),
    "webhook enable": ("NUMBER",),
    "webhook remove": ("NUMBER",),
    "delivery list": ("--site", "--state", "--limit"),
    "delivery replay": ("[ID]", "--webhook"),
    "tallies rebuild": (),
    "policy check": ("FILE",),
    "policy apply": ("FILE",),
    "simulate": ("--site", "--slug", "--visitors", "--rates", "--days", "--url", "--seed"),
}  # fmt: skip


def walk(group: click.Group, *words: str) -> Iterator[tuple[str, click.Command]]:
    for name, child in group.commands.items():
        if isinstance(child, click.Group):
            yield from walk(child, *words, name)
        else:
            # `lander report` means its command `show`
            yield " ".join([*words] if isinstance(group, ShowingGroup) and name == SHOW else [*words, name]), child


COMMANDS = dict(walk(cli))


def names_of(command: click.Command) -> set[str]:
    """Options as typed, arguments as the help calls them."""
    options = {name for item in command.params for name in (*item.opts, *item.secondary_opts)}
    return options | {item.make_metavar(click.Context(command)) for item in command.params}


def test_the_tree_holds_the_commands_of_the_contract_and_no_other() -> None:
    assert set(COMMANDS) == set(CONTRACT)


@pytest.mark.parametrize("name", CONTRACT)
def test_each_has_the_options_of_the_contract_and_json_and_help(name: str) -> None:
    command = COMMANDS[name]
    assert {"--json", *CONTRACT[name]} <= names_of(command)
    shown = CliRunner().invoke(cli, [*name.split(), "--help"])
    assert shown.exit_code == 0
    assert command.help is not None
    assert command.help.rstrip().endswith(".")
    assert command.help.split()[0] in shown.output


@pytest.mark.parametrize(
    "word", ["lander", "site", "user", "page", "redirect", "experiment", "lead", "tallies", "policy"]
)
def test_each_noun_says_what_it_is_about(word: str) -> None:
    shown = CliRunner().invoke(cli, [*([] if word == "lander" else [word]), "--help"])
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) > 6


def test_a_noun_that_is_a_verb_too_lists_what_else_it_does() -> None:
    shown = CliRunner().invoke(cli, ["report", "--help"]).output
    listed = {line.split()[0] for line in shown.partition("Commands:")[2].splitlines() if line.strip()}
    assert listed == {"export", "verify"}


def list_documented() -> list[tuple[str, str]]:
    """Every line of a code block, and every code span, that begins with `lander`."""
    found = []
    for path in sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")]):
        text = path.read_text(encoding="utf-8")
        blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)).replace("\\\n", " ")
        spans = re.findall(r"(?<!`)`(lander [^`\n]+)`(?!`)", text)
        lines = [line.strip().removeprefix("$ ") for line in blocks.splitlines()]
        found += [(path.name, line) for line in [*lines, *spans] if line.startswith("lander ")]
    return found


def test_the_documentation_names_no_command_or_option_that_is_not_there() -> None:
    wrong = []
    assert list_documented()
    for file, line in list_documented():
        words = line.split("#")[0].split()[1:]
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in COMMANDS), None)
        if name is None:
            is_noun = len(words) == 1 and words[0] in cli.commands
            wrong += [] if is_noun or words[0].startswith("-") else [f"{file}: {line}"]
            continue
        known = names_of(COMMANDS[name]) | {"--help", "-h"}
        typed = {re.split(r"[=\]]", word)[0] for word in re.findall(r"--[a-z][a-z-]*", line)}
        wrong += [f"{file}: {line} ({option})" for option in sorted(typed - known)]
    assert wrong == []
