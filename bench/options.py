"""Options that the benchmarks share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

ModelOption: TypeAlias = Annotated[str, typer.Option("--model", help="starter, starter-1.5b, or a GGUF file.")]
ThreadsOption: TypeAlias = Annotated[int, typer.Option("--threads", min=0, help="0: one for each physical core.")]
RepeatOption: TypeAlias = Annotated[int, typer.Option("--repeat", min=1, help="Rounds; medians are shown.")]
OutOption: TypeAlias = Annotated[
    Path | None, typer.Option("--out", help="A folder for the JSON and the table.", file_okay=False)
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="JSON, as when the output is piped.")]
