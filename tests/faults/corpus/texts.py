"""Files that are no text, or text unlike any other: encodings, line ends, sizes, Markdown without end."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.corpus.case import BODY, odd, refused, text

CHINESE = "春天来了，今天下雨，我们在家里读书写字。\n" * 20
MEGABYTE = 1 << 20


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 2 << 30)


ENCODINGS = (
    refused("empty", b"", "draft.empty", "has no text", "Write the post"),
    refused("blank lines", " \n\t\r\n\n", "draft.empty", "has no text"),
    refused("only a byte-order mark", "\ufeff", "draft.empty", "has no text"),
    refused("全角空格", "\u3000\u3000\n\u3000", "draft.empty", "has no text"),
    refused("front matter and nothing else", "---\ntitle: 春\n---\n\n", "draft.empty", "below its front matter"),
    refused("NUL in the text", "今天\0下雨。\n", "draft.binary", "NUL byte at offset 6", "not a text file"),
    refused("only NULs", bytes(5000), "draft.binary", "NUL byte at offset 0"),
    refused("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "draft.binary", "NUL byte", "Move it out"),
    refused("a lone 0xFF", f"{BODY}二".encode() + b"\xff\n", "draft.encoding", "line 2", "0xFF", "Save it as UTF-8"),
    refused(
        "cut inside a character", BODY.encode() + "字".encode()[:2], "draft.encoding", "line 2 holds the byte 0xE5"
    ),
    refused("an overlong slash", b"..\xc0\xaf..\xc0\xafetc\n", "draft.encoding", "0xC0", "line 1"),
    refused("half a character as UTF-8", b"a \xed\xa0\x80 b\n", "draft.encoding", "0xED"),
    refused("GBK", CHINESE.encode("gbk"), "draft.encoding", "not valid UTF-8: line 1", "Save it as UTF-8"),
    refused(
        "GB18030 with front matter", b"---\ntitle: x\n---\n" + CHINESE.encode("gb18030"), "draft.encoding", "line 4"
    ),
    refused("Big5", "今天讀完了一本書。\n".encode("big5"), "draft.encoding", "not valid UTF-8"),
    refused("Shift-JIS", "今日は本を読んだ。\n".encode("shift_jis"), "draft.encoding", "not valid UTF-8"),
    refused("Latin-1", "Voilà un café\n".encode("latin-1"), "draft.encoding", "0xE0 at offset 4"),
    refused("invalid UTF-8 in the front matter", b"---\ntitle: \xd6\xd0\n---\ntext\n", "draft.encoding", "line 2"),
    refused("UTF-16 with its mark", CHINESE.encode("utf-16"), "draft.utf16", "UTF-16 or UTF-32", "Save it as UTF-8"),
    refused("UTF-16 big end first", CHINESE.encode("utf-16-be"), "draft.utf16", "Save it as UTF-8"),
    refused("UTF-16 without its mark", "Plain English text.\n".encode("utf-16-le"), "draft.utf16", "UTF-16"),
    refused("UTF-32", CHINESE.encode("utf-32-le"), "draft.utf16", "UTF-32"),
    text("a byte-order mark", f"\ufeff{BODY}一"),
    text("a byte-order mark in the middle", f"{BODY}一\ufeff二\n"),
    text("CRLF", f"{BODY}\n第二行，带回车。\n".replace("\n", "\r\n")),
    text("CR alone", f"{BODY}第二行\n第三行\n".replace("\n", "\r")),
    text("mixed line ends", f"{BODY}一\r\n二\r三\n四"),
    text("no line end at the end", BODY.strip() + "没有换行"),
    text("tabs and spaces around", f" \t {BODY}\t\n\n\n   末尾  \n\n\n"),
    text("vertical tabs and form feeds", f"{BODY}一\v二\f三\n"),
    text("line separators of Unicode", f"{BODY}一\u2028二\u2029三\x85四\n"),
    text("control characters in the text", f"{BODY}\x1b[31m红\x07\x08\x7f\n"),
    text("right to left and zero width", f"{BODY}\u202egnp.exe\u202c \u200b零\u200d宽\ufeff\n"),
    text("emoji", f"{BODY}👨\u200d👩\u200d👧 🇨🇳 ☺️ \U0001f9d1\U0001f3fd\n"),
    text("combining marks", f"{BODY}e\u0301 Z\u0351\u036b\u0343 \u1100\u1161\n"),
    text("a noncharacter", f"{BODY}\uffff \ufdd0 \U0010ffff\n"),
)

SIZES = (
    odd("two gigabytes", sparse, "draft.size", "2147483648 bytes", "Shorten it, or raise intake.max_bytes"),
    refused("eleven megabytes", b"a" * (11 * MEGABYTE), "draft.size", "11534336 bytes", "10485760"),
    text("one line of five megabytes", "数据库 " * (5 * MEGABYTE // 10)),
    text("a hundred thousand lines", f"{BODY}行\n" + "一行。\n" * 100_000),
    text("a megabyte without a stop", f"{BODY}" + "中" * (MEGABYTE // 3)),
    text("ten thousand quotes deep", BODY + ">" * 10_000 + " 深\n"),
    text("two thousand lists deep", BODY + "".join(f"{'  ' * n}- 第{n}层\n" for n in range(2000))),
    text("a hundred thousand brackets", BODY + "[" * 100_000 + "\n"),
    text("links without an end", BODY + "[a](" * 30_000 + "\n"),
    text("emphasis without an end", BODY + "*a **b _c " * 20_000 + "\n"),
    text("a fence without an end", f"{BODY}```python\nprint('围栏没有关闭')\n"),
    text("two hundred thousand backticks", BODY + "`" * 200_000 + "\n"),
    text("a comment without an end", f"{BODY}<!-- 没有结束\n<script>"),
    refused(
        "Liquid without an end", f"{BODY}{{% raw %}}\n${{{{ KEY }}}}\n", "draft.liquid", "never closed", "{% endraw %}"
    ),
    refused("a value without an end", f"{BODY}{{{{ site.title }}\n", "draft.liquid", "line 2", "is not closed by '}}'"),
    refused("a tag without an end", f"{BODY}{{% if x }}\n", "draft.liquid", "is not closed by '%}'"),
    refused("an end of nothing", f"{BODY}{{% endfor %}}\n", "draft.liquid", "closes nothing", "{% raw %}"),
    refused("templates of Jinja", f"{BODY}{{% if a %}}{{% elif b %}}{{% else %}}\n", "draft.liquid", "{% endif %}"),
    text("Liquid that is only shown", f"{BODY}{{% raw %}}{{{{ x }} {{% if %}}{{% endraw %}}\n"),
    text("Liquid that a plugin may know", f"{BODY}{{% details 更多 %}}{{{{ x }}{{% enddetails %}}\n"),
    text("a table of five thousand rows", f"{BODY}| 甲 | 乙 |\n|---|---|\n" + "| 1 | 2 |\n" * 5000),
    text("math without an end", f"{BODY}$$ \\frac{{a}}{{b}} $x$ $\n"),
    refused("one word", "好\n", "draft.short", "1 word", "Write more, or lower min_body.words"),
    refused("only code", "```\nx = 1\ny = 2\n```\n", "draft.short", "0 words", "without code"),
    refused("only a picture", "![](a.png)\n", "draft.short", "Write more"),
)
