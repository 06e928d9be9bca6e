"""One value of a TOML file changed in place."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad.setting import SettingFault, changed

WHOLE = """# 我的博客
[site]
root = "~/blog"   # here

[model]
# which one
  name   =  'starter'  # 小模型
threads = 2

[log]
level = "info"
"""

QUOTED = '[x]\ntext = """\n[model]\nname = "a"\n"""\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (WHOLE, WHOLE.replace("'starter'", '"qwen3-4b"')),
        (WHOLE.replace("\n", "\r\n"), WHOLE.replace("'starter'", '"qwen3-4b"').replace("\n", "\r\n")),
        ('[model]\nname = "a"', '[model]\nname = "qwen3-4b"'),
        ("[model]", '[model]\nname = "qwen3-4b"\n'),
        ("[ model ] # here\nthreads = 2\n", '[ model ] # here\nname = "qwen3-4b"\nthreads = 2\n'),
        ('["model"]\n"name"="a"\n', '["model"]\n"name"="qwen3-4b"\n'),
        ('[model]\n#name = "starter"\n', '[model]\nname = "qwen3-4b"\n#name = "starter"\n'),
        ('[site]\nroot = "x"\n', '[site]\nroot = "x"\n\n[model]\nname = "qwen3-4b"\n'),
        ('[site]\nroot = "x"', '[site]\nroot = "x"\n\n[model]\nname = "qwen3-4b"\n'),
        ("", '[model]\nname = "qwen3-4b"\n'),
        ("[model]\nname = \"a \\\" b\" # c\n", '[model]\nname = "qwen3-4b" # c\n'),
        ('[server]\nname = "a"\n[model]\nname = "b"\n', '[server]\nname = "a"\n[model]\nname = "qwen3-4b"\n'),
        (QUOTED, QUOTED + '\n[model]\nname = "qwen3-4b"\n'),
        ("[model]\nname = \"qwen3-4b\"\n", '[model]\nname = "qwen3-4b"\n'),
    ],
)  # fmt: skip
def test_the_value_is_set_and_every_other_byte_stays(before: str, after: str) -> None:
    assert changed(before, "model", "name", "qwen3-4b") == after


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[model\nname = 1", "not valid TOML"),
        ("model = 3", "no section"),
        ('model = {name = "a"}', "without changing more"),
        ('model.name = "a"', "without changing more"),
        ('[model]\nname = """a"""', "without changing more"),
        ("[model]\nname = 3", "without changing more"),
    ],
)
def test_what_cannot_be_done_line_by_line_is_refused(text: str, cause: str) -> None:
    with pytest.raises(SettingFault, match=cause):
        changed(text, "model", "name", "qwen3-4b")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_the_value(value: str) -> None:
    text = changed(WHOLE, "model", "name", value)
    assert tomllib.loads(text)["model"] == {"name": value, "threads": 2}
    assert text.startswith(WHOLE[: WHOLE.index("'starter'")])
    assert text.endswith(WHOLE[WHOLE.index("  # 小模型") :])
