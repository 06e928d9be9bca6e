"""``journal`` as people say it: alone it lists, with a draft's id it tells that draft's story."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

LIST, SHOW = "list", "show"


class Journal(TyperGroup):
    """A group whose commands may be left out: alone it is ``list``, before a draft's id or name ``show``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front that was meant; where Tab was pressed, it is not known yet."""
        if "--help" in args[:1] or ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        place = _first_word(args, self._with_value(ctx))
        if place is None:
            args = [LIST, *args]
        elif args[place] in self.commands:
            args = [args[place], *args[:place], *args[place + 1 :]]
        else:
            args = [SHOW, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The commands, and the drafts that ``show`` tells of."""
        draft = self.commands[SHOW].get_params(ctx)[0]
        return [*super().shell_complete(ctx, incomplete), *draft.shell_complete(ctx, incomplete)]

    def _with_value(self, ctx: Any) -> set[str]:
        """The options of the commands that take a value, which is no word of its own."""
        return {
            name
            for command in self.commands.values()
            for option in command.get_params(ctx)
            if not getattr(option, "is_flag", True)
            for name in option.opts
        }


def _first_word(args: list[str], with_value: set[str]) -> int | None:
    """Where the first argument is that is neither an option nor the value of one."""
    skipped = False
    for place, arg in enumerate(args):
        if skipped:
            skipped = False
        elif arg.startswith("-"):
            skipped = arg in with_value
        else:
            return place
    return None
