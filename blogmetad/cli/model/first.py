"""The model a newcomer gets: a Qwen3 of the size that suits the machine if a hub answers, else the starter."""

from __future__ import annotations

from dataclasses import dataclass

from blogmetad.cli.model.pull import get
from blogmetad.cli.model.recommend import survey
from blogmetad.cli.options import console
from blogmetad.model import catalog
from blogmetad.model.catalog import PackageParts
from blogmetad.model.store import huggingface, modelscope
from blogmetad.model.store.hub import Hub, first_to_answer
from blogmetad.model.store.place import PullError
from blogmetad.model.store.pull import presence

STARTER = "starter"

PATIENCE = 3.0
"""Seconds the hubs have to answer."""


@dataclass(frozen=True, slots=True)
class First:
    """A model's name, the hub to pull it from (None: it is here, or comes in packages), and why it is this one."""

    name: str
    hub: Hub | None
    because: str


def first_model(most: int | None = None) -> First:
    """Which model to begin with; one that would have to be pulled has at most ``most`` bytes."""
    _, found = survey(most)
    model = found.model
    if isinstance(model.source, PackageParts):
        return First(model.name, None, "no Qwen3 suits this machine")
    if presence(model.source, catalog.models_folder()).state == "ready":
        return First(model.name, None, "it suits this machine, and is here")
    hubs = (huggingface.configured(), modelscope.configured())
    hub = first_to_answer(hubs, model.source.repository, PATIENCE)
    if hub is None:
        return First(STARTER, None, f"no hub answered within {PATIENCE:.0f} seconds; {model.name} would suit better")
    return First(model.name, hub, f"it suits this machine, and {hub.title} has it")


def got(first: First) -> str:
    """The name of the model, pulled; of the starter if the hub fails to hand out the other one."""
    try:
        get(first.name, first.hub or huggingface.configured())
    except PullError as error:
        if first.hub is None:
            raise
        console.print(f"{error} {error.hint}\nGoing on with the model '{STARTER}'.", style="yellow", markup=False)
        get(STARTER, first.hub)
        return STARTER
    return first.name
