"""What every section of the configuration file is, and how its faults are worded."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Strict

UNQUOTED = "unquoted"
"""The type of a fault whose input is not shown: it could hold a secret."""

SAID = "said"
"""The type of a fault whose words need nothing added."""

LISTED = Strict(False)
"""TOML has lists where we keep tuples."""


class Section(BaseModel):
    """Frozen, and with no keys but its own."""

    # Strict: TOML has types, so "2.0" in quotes is a slip to report and not a number to guess.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
