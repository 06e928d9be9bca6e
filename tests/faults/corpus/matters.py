"""Front matter: what is none, what is too clever, what belongs to another tool, what Jekyll cannot read."""

from __future__ import annotations

from tests.faults.corpus.case import BODY, Case, bad_matter, matter, refused, text

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"


def verbatim(what: str, raw: str, body: str) -> Case:
    """Front matter that is kept, under other fences than three hyphens."""
    return Case(what, "published", raw.encode(), body=body.encode())


SHAPES = (
    text("text between breaks", f"---\n今天下雨。\n---\n{BODY}甲\n"),
    text("a list between breaks", f"---\n- 甲\n- 乙\n---\n{BODY}乙\n"),
    text("a number between breaks", f"---\n42\n---\n{BODY}丙\n"),
    text("a break that never comes back", f"---\n今天，下雨。\n{BODY}丁\n"),
    text("four hyphens", f"----\na: 1\n----\n{BODY}戊\n"),
    verbatim("empty front matter", f"---\n---\n{BODY}己\n", f"{BODY}己\n"),
    matter("only comments", "# 还没想好标题\n"),
    verbatim("closed by dots", f"---\nmood: 好\n...\n{BODY}庚\n", f"{BODY}庚\n"),
    verbatim("spaces behind the hyphens", f"--- \t\nmood: 好\n---  \n{BODY}辛\n", f"{BODY}辛\n"),
    verbatim("CRLF front matter", f"---\r\nmood: 好\r\n---\r\n{BODY}壬\r\n", f"{BODY}壬\r\n"),
    verbatim(
        "front matter again in the text",
        f"---\nmood: 好\n---\n---\ntitle: 二\n---\n{BODY}",
        f"---\ntitle: 二\n---\n{BODY}",
    ),
    matter("a folded text", "description: >-\n  第一行，\n  第二行。\n"),
    matter("hyphens inside a value", "note: |\n  甲\n  ---\n  乙\n"),
    matter("a key called content", "content: 不是正文\n"),
    matter("a key of digits", "2024: 年\n"),
    matter("a key that is a truth value", "on: 甲\n"),
    matter("a key that is nothing", "~: 甲\n"),
    matter("a key that is a date", "2025-04-29: 甲\n"),
    matter("Chinese keys", "心情: 好\n天气: [晴, 雨]\n"),
    matter("a key of a thousand characters", "长" * 1000 + ": 1\n"),
    bad_matter(
        "a title that is never closed", 'title: "没有结束\n', "draft.frontmatter", "not valid YAML", "Correct it"
    ),
    bad_matter("a list that is never closed", "tags: [甲, 乙\n", "draft.frontmatter", "not valid YAML"),
    bad_matter("a colon in the title", "title: Qwen3: 发布\n", "draft.frontmatter", "not valid YAML", "(line 2)"),
    bad_matter("a quote in quotes", "title: 'it's'\n", "draft.frontmatter", "not valid YAML", "(line 2)"),
    bad_matter("an at sign first", "title: @作者\n", "draft.frontmatter", "not valid YAML"),
    bad_matter("a per cent sign first", "title: %100\n", "draft.frontmatter", "not valid YAML"),
    bad_matter("a backtick first", "title: `code`\n", "draft.frontmatter", "not valid YAML"),
    matter("a tab behind the colon", "mood:\t好\n"),
    matter("a tab in a description", "description: 一行,\t两段。\n"),
    bad_matter("a tab as indent", "toc:\n\tbeginning: true\n", "draft.frontmatter", "not valid YAML", "(line 3)"),
    bad_matter("a second document", "title: 甲\n--- 乙\n", "draft.frontmatter", "not valid YAML"),
    bad_matter("a key without its colon", "title 甲\ndate: 2025-01-01\n", "draft.frontmatter", "not valid YAML"),
    bad_matter("a full-width colon", "title：春天\ntags：雨\n", "draft.keys", "'title' on line 2", "full-width colon"),
    bad_matter("a colon without a space", "title:春天\n", "draft.keys", "colon without a space", "Write 'title: '"),
    bad_matter("a bell in a value", "title: \x07\n", "draft.frontmatter", "U+0007 is not allowed"),
    bad_matter("an escaped half character", 'title: "\\uD800"\n', "draft.frontmatter", "half a character"),
    bad_matter("no number at all", "weight: .nan\n", "draft.frontmatter", "not a number"),
    bad_matter("infinity", "weight: -.inf\n", "draft.frontmatter", "not a number"),
    bad_matter("a number of five thousand digits", f"n: {'9' * 5000}\n", "draft.frontmatter", "'n' cannot be read"),
    bad_matter("a number beyond 64 bits", "n: 99999999999999999999999\n", "draft.frontmatter", "put it in quotes"),
    bad_matter("an empty key", "'': 甲\n", "draft.keys", "without a readable name"),
    bad_matter("a key with a tab", "'a\tb': 甲\n", "draft.keys", "without a readable name"),
    refused("never closed", f"---\ntitle: 春\n\n{BODY}", "draft.frontmatter", "never closed", "empty line above it"),
    refused(
        "written in braces",
        f"---\n{{title: 春}}\n---\n{BODY}花括号\n",
        "draft.frontmatter",
        "braces",
        "one key per line",
    ),
)

TRICKS = (
    bad_matter("forty thousand brackets deep", f"a: {'[' * 15_000}\n", "draft.frontmatter", "levels deep"),
    bad_matter("forty thousand brackets and larger", f"a: {'[' * 40_000}\n", "draft.frontmatter", "16 KiB"),
    bad_matter("maps in maps", f"a: {'{x: ' * 3000}\n", "draft.frontmatter", "levels deep"),
    bad_matter("a staircase", "".join(f"{' ' * n}k{n}:\n" for n in range(150)), "draft.frontmatter", "levels deep"),
    bad_matter("lists in lists", "a:\n" + "- " * 2000 + "x\n", "draft.frontmatter", "levels deep"),
    bad_matter("an alias bomb", BOMB, "draft.frontmatter", "anchors and aliases", "(line 2)"),
    bad_matter("a merge bomb", "a: {<<: [{b: 1}]}\n", "draft.frontmatter", "merge keys", "(line 2)"),
    bad_matter("an anchor", "title: &t 甲\n", "draft.frontmatter", "anchors"),
    bad_matter("an alias to nothing", "title: *t\n", "draft.frontmatter", "aliases"),
    bad_matter("a Python tag", "a: !!python/object/apply:os.system [id]\n", "draft.frontmatter", "the YAML tag"),
    bad_matter("a binary tag", "a: !!binary aGk=\n", "draft.frontmatter", "the YAML tag"),
    bad_matter("a tag of its own", "a: !ruby/object:Gem::Installer x\n", "draft.frontmatter", "the YAML tag"),
    bad_matter("a directive", "%YAML 1.2\ntitle: 甲\n", "draft.frontmatter", "not valid YAML"),
    bad_matter("a list as a key", "? [a, b]\n: 1\n", "draft.frontmatter", "plain text"),
    bad_matter("a map as a key", "? {a: b}\n: 1\n", "draft.frontmatter", "plain text"),
    bad_matter(
        "a key twice", "title: 甲\ntags: [x]\ntitle: 乙\n", "draft.frontmatter", "'title' stands twice", "(line 4)"
    ),
    bad_matter("a key twice inside", "toc:\n  a: 1\n  a: 2\n", "draft.frontmatter", "'a' stands twice"),
    bad_matter("a key as a number and as text", "1: x\n'1': y\n", "draft.frontmatter", "'1' stands twice"),
    bad_matter("keys that differ in case", "Title: 甲\ntitle: 乙\n", "draft.keys", "'Title' and 'title'", "Keep one"),
    bad_matter("keys that differ in width", "ｔags: [甲]\ntags: [乙]\n", "draft.keys", "differ only"),
    bad_matter("seventeen kilobytes", f"描述: {'好' * 6000}\n", "draft.frontmatter", "larger than 16 KiB"),
    bad_matter("a megabyte", f"描述: {'x' * (1 << 20)}\n", "draft.frontmatter", "larger than 16 KiB"),
    bad_matter("a hundred thousand keys", "".join(f"k{n}: 1\n" for n in range(100_000)), "draft.frontmatter", "16 KiB"),
)

FOREIGN = (
    refused("TOML", f'+++\ntitle = "春"\n+++\n{BODY}', "draft.foreign", "is TOML", "Write the fields as YAML"),
    refused("TOML with a table", f"+++\n[params]\na = 1\n+++\n{BODY}", "draft.foreign", "is TOML"),
    refused("JSON", f'{{\n  "title": "春",\n  "tags": []\n}}\n\n{BODY}', "draft.foreign", "is JSON", "(line 1)"),
    refused("JSON between semicolons", f';;;\n"title": "春"\n;;;\n{BODY}', "draft.foreign", "';;;'"),
    refused("named TOML", f'---toml\ntitle = "春"\n---\n{BODY}', "draft.foreign", "'---toml'"),
    refused("named YAML", f"--- yaml\ntitle: 春\n---\n{BODY}", "draft.foreign", "'--- yaml'"),
    refused("below an empty line", f"\n---\ntitle: 春\n---\n{BODY}", "draft.foreign", "at the very top", "(line 2)"),
    refused("indented hyphens", f" ---\ntitle: 春\n---\n{BODY}", "draft.foreign", "at the very top"),
    refused("two byte-order marks", f"\ufeff\ufeff---\ntitle: 春\n---\n{BODY}", "draft.foreign", "at the very top"),
    refused("long dashes", f"———\ntitle：春\n———\n{BODY}", "draft.foreign", "'———'", "three hyphens"),
    refused("a dash made of two", f"–-\ntitle: Spring\n---\n{BODY}", "draft.foreign", "three hyphens"),
    refused(
        "CR alone under front matter", f"---\rtitle: 春\r---\r{BODY.strip()}\r", "draft.foreign", "carriage returns"
    ),
    text("plus signs", f"+++\n{BODY}加号\n"),
    text("a brace", f"{{ 这不是 JSON }}\n{BODY}花括号开头\n"),
    text("a break below an empty line", f"\n---\n天气：晴\n---\n{BODY}空行\n"),
)
