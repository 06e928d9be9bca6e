"""Chat templates as the three kinds of Qwen models have them, as far as thinking goes: written for these tests."""

from __future__ import annotations

_TURNS = "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{%- endfor %}"
_ANSWER = "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}"

HYBRID = (
    _TURNS
    + _ANSWER
    + (
        "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}"
        "{%- endif %}"
    )
)
"""Qwen3 of April 2025: thinks unless the template is told not to, and opens its thought itself."""

INSTRUCT = _TURNS + _ANSWER + "{%- endif %}"
"""Instruct-2507: never thinks."""

SWITCHED = (
    _TURNS
    + _ANSWER
    + (
        "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}"
        "{%- else %}{{- '<think>\n' }}{%- endif %}{%- endif %}"
    )
)
"""Qwen3.5: the template opens the thought or an empty one."""

ALWAYS = _TURNS + _ANSWER + "{{- '<think>\n' }}{%- endif %}"
"""Thinking-2507: the template always opens a thought."""
