"""A model in three packages, small and real: what the starters are, for tests."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from blogmetad.model.catalog import Model, PackageParts, Part

PIECES = (b"GGUF" + bytes(range(256)) * 40, "博客元数据".encode() * 500, b"the last and shortest piece")
WHOLE = b"".join(PIECES)
PARTS = tuple(
    Part(f"tiny-model-part{n}", "1.0.0", f"tiny_model_part{n}/data/part{n:02d}.bin", len(piece))
    for n, piece in enumerate(PIECES, 1)
)
SOURCE = PackageParts("tiny.gguf", hashlib.sha256(WHOLE).hexdigest(), PARTS)
MODEL = Model(
    name="tiny",
    title="Tiny",
    size_bytes=len(WHOLE),
    source=SOURCE,
    context=4096,
    extended=4096,
    kv_bytes=1024,
    parameters=0.001,
    active=0.001,
    licence="MIT",
    note="",
)


def write_wheel(folder: Path, part: Part, data: bytes) -> Path:
    name = part.package.replace("-", "_")
    info = f"{name}-{part.version}.dist-info"
    path = folder / f"{name}-{part.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{name}/__init__.py", "")
        wheel.writestr(part.member, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {part.package}\nVersion: {part.version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path
