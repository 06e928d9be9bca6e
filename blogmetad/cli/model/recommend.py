"""``model recommend``: which model suits this machine, and why."""

from __future__ import annotations

import typer

from blogmetad.cli.options import JsonOption, as_json, console, print_json
from blogmetad.model import catalog
from blogmetad.model.local import devices
from blogmetad.model.local.placement import advice
from blogmetad.model.store.machine import Machine, look
from blogmetad.model.store.pull import presence
from blogmetad.model.store.recommend import Recommendation, Verdict
from blogmetad.model.store.recommend import recommend as recommend_for


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="recommend")(recommend)


def recommend(json: JsonOption = False) -> None:
    """Look at memory, GPU, cores and disk, and say which model suits and why.

    Example:  blogmetad model recommend
    """
    machine, found = survey()
    if as_json(json):
        print_json(_as_row(machine, found))
        return
    console.print(found.model.name, style="bold green", markup=False)
    for reason in found.reasons:
        console.print(f"  {reason}", markup=False)
    for sentence in advice(machine):
        console.print(f"  {sentence}", markup=False)
    console.print("\nget it:  " + next_command(found), markup=False)
    if found.without_hub is not found.model:
        console.print(f"no hub:  blogmetad model pull {found.without_hub.name}", markup=False)


def survey(most: int | None = None) -> tuple[Machine, Recommendation]:
    """This machine, and what suits it; with ``most`` nothing larger than that many bytes that is not here yet."""
    folder = catalog.models_folder()
    machine = look(folder, devices.installed())
    known = catalog.CATALOG.values()
    here = {model.name for model in known if presence(model.source, folder).state == "ready"}
    models = [model for model in known if most is None or model.size_bytes <= most or model.name in here]
    return machine, recommend_for(machine, here, models)


def next_command(found: Recommendation) -> str:
    """What to type to get and use it."""
    return f"blogmetad model pull {found.model.name} && blogmetad model use {found.model.name}"


def _as_row(machine: Machine, found: Recommendation) -> dict[str, object]:
    return {
        "model": found.model.name,
        "place": found.chosen.place,
        "without_hub": found.without_hub.name,
        "reasons": list(found.reasons),
        "advice": list(advice(machine)),
        "machine": {
            "memory_bytes": machine.memory,
            "limited": machine.limited,
            "cores": machine.cores,
            "disk_bytes": machine.disk,
            "gpus": [{"name": gpu.name, "free_bytes": gpu.free, "usable": True} for gpu in machine.usable]
            + [{"name": gpu.name, "free_bytes": gpu.free, "usable": False} for gpu in machine.idle],
        },
        "models": [_verdict(verdict) for verdict in found.verdicts],
    }


def _verdict(verdict: Verdict) -> dict[str, object]:
    return {
        "name": verdict.model.name,
        "suits": verdict.suits,
        "because": verdict.because,
        "place": verdict.place,
        "seconds": None if verdict.seconds is None else round(verdict.seconds, 1),
    }
