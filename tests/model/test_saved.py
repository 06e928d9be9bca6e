"""The guidance's state on disk: a new start takes it up, and nothing but the right one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from blogmetad.model.local.engine import Engine
from blogmetad.model.local.llama import Llama, LoadOptions
from blogmetad.model.local.saved import KEPT, fingerprint
from blogmetad.values import Ask, Candidate, Proposal, Request
from tests.tiny_gguf import write_tiny_qwen3

TAGS = Ask("tags", "terms", "Tags", "en", 1, 2, (Candidate("memory"), Candidate("travel"), Candidate("数据库")))
REQUEST = Request(
    "只写事实。 Say what it is about.", "预写日志与缓存。", (Ask("title", "text", "Title", "en", 8, 60), TAGS)
)


def start(file: Path, folder: Path | None, request: Request = REQUEST, context: int = 2048) -> Proposal:
    """What the first draft of a new process gets."""
    model = Llama(LoadOptions(file, threads=1, gpu_layers=0, context=context))
    try:
        return Engine(model, "tiny", "cpu", saved=folder).propose(request)
    finally:
        model.close()


def answer(proposal: Proposal) -> object:
    return proposal.texts, proposal.terms


def states(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.state"))


def test_a_second_start_takes_the_state_up_and_answers_the_same(tiny_model: Path, tmp_path: Path) -> None:
    first, second = start(tiny_model, tmp_path), start(tiny_model, tmp_path)
    assert len(states(tmp_path)) == 1
    assert first.usage.reused_tokens == 0
    assert second.usage.reused_tokens > 0
    assert second.usage.output_tokens < first.usage.output_tokens, "what is said without a post is kept too"
    assert answer(first) == answer(second) == answer(start(tiny_model, None))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="cut off"),
        pytest.param(lambda data: data[:-1] + bytes([data[-1] ^ 1]), id="one bit"),
        pytest.param(lambda data: data[:300] + b"\0" * 64 + data[364:], id="zeros"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: "别的文件".encode() * 1000, id="foreign"),
        pytest.param(lambda data: data.replace(b"state 1", b"state 2", 1), id="another version"),
    ],
)
def test_a_damaged_or_foreign_file_is_ignored_and_replaced(
    tiny_model: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    first = start(tiny_model, tmp_path)
    (file,) = states(tmp_path)
    good = file.read_bytes()
    file.write_bytes(damage(good))
    again = start(tiny_model, tmp_path)
    assert again.usage.reused_tokens == 0
    assert answer(again) == answer(first)
    assert file.read_bytes() == good


def test_a_state_counts_only_for_the_model_the_context_and_the_guidance_it_was_made_with(tmp_path: Path) -> None:
    one, other = (write_tiny_qwen3(tmp_path / f"{seed}.gguf", seed) for seed in (0, 1))
    start(one, tmp_path)
    assert start(other, tmp_path).usage.reused_tokens == 0
    assert start(one, tmp_path, context=1024).usage.reused_tokens == 0
    assert start(one, tmp_path, Request("别的规则。", "正文", (TAGS,))).usage.reused_tokens == 0
    assert start(one, tmp_path).usage.reused_tokens > 0
    assert len(states(tmp_path)) == 4 == KEPT


def test_old_states_go_and_the_one_in_use_stays(tiny_model: Path, tmp_path: Path) -> None:
    for number in range(KEPT + 2):
        start(tiny_model, tmp_path)
        start(tiny_model, tmp_path, Request(f"规则 {number}。", "正文", (TAGS,)))
    assert len(states(tmp_path)) == KEPT
    assert start(tiny_model, tmp_path).usage.reused_tokens > 0


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_state(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("此处是文件")
    assert start(tiny_model, tmp_path / "taken").texts["title"]


def test_a_model_file_that_was_changed_anywhere_is_another(tmp_path: Path, tiny_model: Path) -> None:
    data = tiny_model.read_bytes()
    for at in (0, len(data) // 2, len(data) - 1):
        changed = tmp_path / "changed.gguf"
        changed.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert fingerprint(changed) != fingerprint(tiny_model)
