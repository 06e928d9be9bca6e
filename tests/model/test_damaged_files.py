"""What a file's head tells, held against llama.cpp itself: hundreds of damaged models, each really loaded."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from blogmetad.model.local.devices import knows
from blogmetad.model.store.inspection import inspect

COUNT = 240
HEAD = 110_000
"""About how much of the tiny model stands before its weights."""


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The file with one to four things changed, most of them near its beginning."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = int(chance.random() ** 3 * HEAD)
        match chance.randrange(5):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at : at + 8] = chance.randrange(1 << chance.choice((8, 16, 32, 64))).to_bytes(8, "little")
            case 2:
                del changed[at : at + chance.randrange(1, 9)]
            case 3:
                changed[at:at] = bytes(chance.randrange(1, 9))
            case _:
                changed[at] ^= 1 << chance.randrange(8)
    return bytes(changed)


def test_no_file_is_refused_that_llama_cpp_loads_and_few_pass_that_it_does_not(
    tmp_path: Path, tiny_model: Path
) -> None:
    chance, data = random.Random(20261126), tiny_model.read_bytes()
    files = [tmp_path / f"{number}.gguf" for number in range(COUNT)]
    for file in files:
        file.write_bytes(damaged(data, chance))
    command = [sys.executable, "-m", "tests.model.loading", *map(str, files)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200).stdout.split()
    seen = [inspect(file, context=512, memory=10**12, knows=knows) for file in files]
    verdicts = Counter(zip(("refused" if one.faults else "let pass" for one in seen), loaded, strict=True))
    assert verdicts["refused", "yes"] == 0, [
        one.faults for one, result in zip(seen, loaded, strict=True) if one.faults and result == "yes"
    ]
    assert verdicts["refused", "no"] > COUNT / 2
    assert verdicts["let pass", "yes"] > COUNT / 20
    assert verdicts["let pass", "no"] + verdicts["let pass", "crash"] < COUNT / 20
