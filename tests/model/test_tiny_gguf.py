"""The tests' own model must behave like a language model, or what is tested with it means nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import llama_cpp
import pytest
from gguf import GGUFReader
from jinja2 import Environment

from tests.tiny_gguf import ENGLISH, write_tiny_qwen3

LINUX = "The kernel scheduler on linux: measuring latency of a database server with sqlite."
MUSIC = "Write a title for this post about music and travel and photo."
CHINESE = "今天写一篇关于城市旅行的笔记，记录音乐和生活。"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_qwen3(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture(scope="module")
def llama(path: Path) -> Iterator[llama_cpp.Llama]:
    model = llama_cpp.Llama(str(path), n_ctx=2048, verbose=False)
    yield model
    model.close()


def complete(llama: llama_cpp.Llama, prompt: str) -> str:
    return str(llama.create_completion(prompt, max_tokens=48, temperature=0)["choices"][0]["text"])


def test_the_file_is_a_qwen3_of_a_few_megabytes(path: Path) -> None:
    fields = GGUFReader(path).fields
    assert fields["general.architecture"].contents() == "qwen3"
    assert fields["qwen3.attention.key_length"].contents() == 128
    assert path.stat().st_size < 4_000_000


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(path: Path, tmp_path: Path) -> None:
    assert write_tiny_qwen3(tmp_path / "again.gguf").read_bytes() == path.read_bytes()
    assert write_tiny_qwen3(tmp_path / "other.gguf", seed=1).read_bytes() != path.read_bytes()


def test_any_text_survives_the_tokenizer(llama: llama_cpp.Llama) -> None:
    text = "Qwen 3 的工作流：naïve café\t\r\n🙂 `code` <|im_end|> 模型"
    tokens = llama.tokenize(text.encode(), add_bos=False, special=False)
    assert llama.detokenize(tokens).decode() == text
    assert llama.token_eos() not in tokens


def test_known_words_are_one_token_each(llama: llama_cpp.Llama) -> None:
    words = " workflow metadata 工作流".encode()
    assert [llama.detokenize([token]).decode() for token in llama.tokenize(words, add_bos=False)] == [
        " workflow",
        " metadata",
        " ",
        "工作流",
    ]


@pytest.mark.parametrize("prompt", [LINUX, MUSIC])
def test_an_english_prompt_is_answered_with_one_line_of_english_words(llama: llama_cpp.Llama, prompt: str) -> None:
    answer = complete(llama, f"{prompt}\nTitle:")
    words = answer.split()
    assert answer.endswith("\n")
    assert answer.count("\n") == 1
    assert 4 <= len(words) <= 16
    assert set(words) <= set(ENGLISH)
    assert len(set(words)) == len(words)


def test_a_chinese_prompt_is_answered_in_chinese(llama: llama_cpp.Llama) -> None:
    assert re.fullmatch(r"[一-鿿]{6,40}\n", complete(llama, f"{CHINESE}\n标题:"))


def test_different_prompts_get_different_answers_and_the_same_prompt_the_same(llama: llama_cpp.Llama) -> None:
    prompts = [f"{text}\nTitle:" for text in (LINUX, MUSIC, CHINESE)]
    answers = [complete(llama, prompt) for prompt in prompts]
    assert len(set(answers)) == 3
    assert [complete(llama, prompt) for prompt in prompts] == answers


def test_a_chat_answer_ends_the_turn_by_itself(llama: llama_cpp.Llama) -> None:
    answer = llama.create_chat_completion([{"role": "user", "content": LINUX}], max_tokens=48, temperature=0)[
        "choices"
    ][0]
    assert answer["finish_reason"] == "stop"
    assert len(answer["message"]["content"].split()) >= 4


def test_an_empty_think_block_is_followed_by_words(llama: llama_cpp.Llama) -> None:
    prompt = f"<|im_start|>user\n{LINUX}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    assert re.fullmatch(r"( [a-z]+){4,16}\n", complete(llama, prompt))


@pytest.mark.parametrize(
    ("variables", "ending"),
    [
        ({}, "<|im_start|>assistant\n"),
        ({"enable_thinking": True}, "<|im_start|>assistant\n"),
        ({"enable_thinking": False}, "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
    ],
)
def test_the_template_switches_thinking_off_with_an_empty_think_block(
    llama: llama_cpp.Llama, variables: dict[str, bool], ending: str
) -> None:
    messages = [{"role": "system", "content": "规则"}, {"role": "user", "content": "草稿"}]
    template = Environment().from_string(llama.metadata["tokenizer.chat_template"])
    text = template.render(messages=messages, add_generation_prompt=True, **variables)
    assert text == f"<|im_start|>system\n规则<|im_end|>\n<|im_start|>user\n草稿<|im_end|>\n{ending}"


def test_thoughts_of_earlier_turns_are_left_out_by_the_template(llama: llama_cpp.Llama) -> None:
    messages = [{"role": "assistant", "content": "<think>\nhm\n</think>\n\n好"}]
    template = Environment().from_string(llama.metadata["tokenizer.chat_template"])
    assert template.render(messages=messages) == "<|im_start|>assistant\n好<|im_end|>\n"
