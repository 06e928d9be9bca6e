"""What the model is shown, and how chat templates are taken apart."""

from __future__ import annotations

from blogmetad.model import prompt
from blogmetad.values import Ask, Candidate, Request

QWEN3 = (
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}"
    "{%- endif %}"
)


def test_a_hybrid_template_gets_its_empty_think_block() -> None:
    assert prompt.frame(QWEN3).closing.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")


def test_a_template_that_never_thinks_ends_at_the_assistants_turn() -> None:
    assert prompt.frame(None).closing == "<|im_end|>\n<|im_start|>assistant\n"


def test_a_model_without_a_template_is_spoken_to_in_chatml() -> None:
    frame = prompt.frame(None)
    assert frame.opening == "<|im_start|>system\n"
    assert frame.middle == "<|im_end|>\n<|im_start|>user\n"


def test_the_text_stands_before_the_instruction() -> None:
    ask = Ask("title", "text", "Title", "en", 10, 80, hint="name the subject")
    shown = prompt.user(Request("", "正文", (ask,)))
    assert shown.index("正文") < shown.index("title")
    assert "in English" in shown
    assert "name the subject" in shown


def test_the_guidance_is_shown_verbatim_to_every_draft() -> None:
    one, two = (Request("只写事实。", text, ()) for text in ("甲", "乙"))
    assert prompt.system(one) == prompt.system(two)
    assert "只写事实。" in prompt.system(one)


def test_a_short_closed_vocabulary_is_told_and_a_long_one_is_only_scored() -> None:
    short = Ask("categories", "terms", "Category", "en", 1, 1, tuple(Candidate(n) for n in ("Life", "Work")))
    long = Ask("tags", "terms", "Tags", "en", 1, 3, tuple(Candidate(f"t{n}") for n in range(99)))
    assert prompt.instruction(short) == "1 of: Life, Work"
    assert "t42" not in prompt.instruction(long)


def test_what_the_author_wrote_is_not_asked_for_again() -> None:
    given = Ask("title", "text", "Title", "any", 0, 0, given="作者的标题")
    wanted = Ask("description", "text", "Description", "en", 10, 80)
    assert "title" not in prompt.user(Request("", "正文", (given, wanted)))
