"""A noun that is a verb too: `lander report` shows a report, and `lander report verify` is another command of it."""

from typing import Final

import click

SHOW: Final = "show"


class ShowingGroup(click.Group):
    """A group whose command `show` is meant where none is named; it stands in no list, its options stand in the group's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if is_named else [SHOW, *args])

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in super().list_commands(ctx) if name != SHOW]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.commands[SHOW].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)
