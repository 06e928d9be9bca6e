"""Which model suits a machine (pure): the most able one that fits in memory and on the disk and answers in good time.

Where llama.cpp can compute on a GPU whose memory holds the whole model, speed is no question, and an able model there
goes before a larger one elsewhere. On a processor a draft
takes as long as reading its text (arithmetic) and writing the answer (moving the weights once for every step) take
together. The two rates are rough on purpose: they only have to tell 4 seconds from 40.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from blogmetad.model.catalog import CATALOG, Model, PackageParts
from blogmetad.model.store.machine import Gpu, Machine
from blogmetad.model.store.memory import CONTEXT, need

Place: TypeAlias = Literal["gpu", "processor"]

PATIENCE = 40.0
"""Seconds a draft may take."""

ABLE = 4.0
"""Billions of parameters from which a model on the GPU is worth more than a larger one on the processor."""

PROMPT, STEPS = 650, 40
"""Tokens read and steps taken for a draft, as `make bench` counts them."""

ARITHMETIC = 60e9
"""Operations a second that a core does on quantized weights."""
FLOW, MOST_FLOW = 6e9, 40e9
"""Bytes a second that a core moves, and all of them together: memory is what they share."""

SHARE = 0.75
"""The part of the free memory a model may take: other programs need some, and the page cache too."""
SHARE_OF_GPU = 0.9
SPARE_DISK = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a model suits, and why or why not: part of a sentence. ``seconds`` a draft, on a processor."""

    model: Model
    suits: bool
    because: str
    place: Place = "processor"
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The model to take, the one to take if no hub can be reached, and what was thought of each."""

    chosen: Verdict
    without_hub: Model
    verdicts: tuple[Verdict, ...]
    reasons: tuple[str, ...]

    @property
    def model(self) -> Model:
        """The model to take."""
        return self.chosen.model


def recommend(machine: Machine, here: Iterable[str] = (), models: Iterable[Model] = CATALOG.values()) -> Recommendation:
    """What to take on that machine. ``here`` are the names of the models that are on the disk already; ``models`` are
    known from the least able to the most."""
    here = frozenset(here)
    verdicts = tuple(_verdict(model, machine, model.name in here) for model in models)
    starters = [verdict for verdict in verdicts if isinstance(verdict.model.source, PackageParts)]
    others = [verdict for verdict in verdicts if verdict.suits and verdict not in starters]
    on_gpu = [verdict for verdict in others if verdict.place == "gpu" and verdict.model.parameters >= ABLE]
    without_hub = next((v for v in reversed(starters) if v.suits and _is_quick(v)), starters[0])
    chosen = (on_gpu or others or [without_hub])[-1]
    return Recommendation(chosen, without_hub.model, verdicts, tuple(_reasons(chosen, machine, verdicts)))


def seconds(model: Model, cores: int) -> float:
    """About how long a draft takes on a processor with that many cores."""
    moved = model.size_bytes * model.active / model.parameters
    flow = min(cores * FLOW, MOST_FLOW)
    return PROMPT * 2e9 * model.active / (cores * ARITHMETIC) + STEPS * moved / flow


def _verdict(model: Model, machine: Machine, here: bool) -> Verdict:
    total = need(model).total
    if not here and model.size_bytes + SPARE_DISK > machine.disk:
        return Verdict(model, False, f"its {_gb(model.size_bytes)} do not fit on the disk ({_gb(machine.disk)} free)")
    if total <= SHARE_OF_GPU * sum(gpu.free for gpu in machine.usable):
        return Verdict(model, True, f"its {_gb(total)} fit into the memory of {_names(machine.usable)}", "gpu")
    if total > SHARE * machine.memory:
        cause = f"it needs {_gb(total)} of memory, which is too much where {_gb(machine.memory)} are free"
        return Verdict(model, False, cause)
    takes = seconds(model, machine.cores)
    cores = _cores(machine)
    if takes > PATIENCE:
        return Verdict(model, False, f"a draft would take some {takes:.0f} seconds on {cores}", seconds=takes)
    because = f"it fits in memory, and a draft takes some {takes:.0f} seconds on {cores}"
    return Verdict(model, True, because, seconds=takes)


def _is_quick(verdict: Verdict) -> bool:
    """Whether a starter is no trouble: it is for the first minutes with the program."""
    return verdict.place == "gpu" or (verdict.seconds or 0) <= PATIENCE / 2


def _reasons(chosen: Verdict, machine: Machine, verdicts: tuple[Verdict, ...]) -> Iterable[str]:
    memory = "a control group leaves" if machine.limited else "the machine has"
    yield f"{memory} {_gb(machine.memory)} of free memory, {_cores(machine)} and {_gb(machine.disk)} of disk"
    if machine.usable:
        yield f"llama.cpp computes on {_names(machine.usable)}, {_gb(sum(g.free for g in machine.usable))} free"
    else:
        yield "llama.cpp computes on the processor"
    yield f"{chosen.model.name}: {chosen.because}"
    better = verdicts[verdicts.index(chosen) + 1 :]
    if better:
        yield f"{better[0].model.name} is passed over: {better[0].because}"
    if not chosen.suits:
        yield f"nothing suits this machine; {chosen.model.name} needs the least"
    elif isinstance(chosen.model.source, PackageParts):
        yield "no Qwen3 suits this machine"
    if machine.usable and chosen.place == "processor":
        yield f"it does not fit into the memory of {_names(machine.usable)}: set gpu_layers = 0 in the section [model]"
    yield f"memory is reckoned for {CONTEXT} tokens in view, which is what drafts need"


def _names(gpus: tuple[Gpu, ...]) -> str:
    return " and ".join(gpu.name for gpu in gpus)


def _cores(machine: Machine) -> str:
    return f"{machine.cores} core" + ("s" if machine.cores != 1 else "")


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
