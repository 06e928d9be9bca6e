"""The words of the page, in English and Chinese. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal, TypeAlias

Tongue: TypeAlias = Literal["en", "zh"]

WORDS: Mapping[str, tuple[str, str]] = {
    "journal": ("Journal", "日志"),
    "journal of": ("Journal of {name}", "{name} 的日志"),
    "skip": ("Skip to the drafts", "跳到草稿"),
    "written": ("as of {when}", "截至 {when}"),
    "drafts": ("{n} draft|{n} drafts", "{n} 篇草稿"),
    "latest": ("the latest {n} of {of}", "共 {of} 篇，这里是最近的 {n} 篇"),
    "nothing": ("No draft is like that.", "没有这样的草稿。"),
    "in numbers": ("In numbers", "概览"),
    "median": ("seconds a draft, the median", "每篇秒数（中位数）"),
    "by week": ("Drafts by week", "每周的草稿"),
    "in week": ("Week {name}: {n}", "{name} 周：{n}"),
    "filter": ("Find", "查找"),
    "filter hint": ("a name, a title, a tag …  ( / )", "名称、标题、标签…… （按 / 键）"),
    "outcome": ("Outcome", "结果"),
    "shown": ("{n} draft shown|{n} drafts shown", "显示 {n} 篇"),
    "all": ("all", "全部"),
    "other": ("other", "其他"),
    "published": ("published", "已发布"),
    "parked": ("needs you", "需要你"),
    "held": ("held", "等日期"),
    "duplicate": ("already published", "已经发布过"),
    "superseded": ("replaced", "有了新版本"),
    "approval": ("to approve", "等你批准"),
    "undone": ("undone", "已撤销"),
    "working": ("in progress", "进行中"),
    "held until": ("held until {when}", "等到 {when}"),
    "seconds": ("{n} s", "{n} 秒"),
    "decided": ("Field by field", "逐个字段"),
    "field": ("field", "字段"),
    "proposed": ("the model proposed", "模型的提议"),
    "final": ("decided", "定下的值"),
    "as proposed": ("the same", "相同"),
    "not asked": ("not asked", "没有问模型"),
    "no own terms": ("no terms of its own", "没有自己想的词"),
    "rule": ("Rule", "规则"),
    "why": ("Why", "依据"),
    "author": ("yours", "你写的"),
    "constant": ("fixed", "固定"),
    "computed": ("computed", "算出"),
    "vocabulary": ("vocabulary", "词表"),
    "generated": ("written", "模型写的"),
    "queued": ("New terms that wait for your decision", "等你决定的新词"),
    "problems": ("What is wrong", "哪里不对"),
    "note": ("Note", "说明"),
    "where time went": ("Where the time went", "时间用在哪里"),
    "waiting": ("waiting for the model", "等模型"),
    "reading": ("the model reading", "模型读"),
    "writing": ("the model writing", "模型写"),
    "model": ("the model", "模型"),
    "placing": ("checking and placing", "检查与放置"),
    "steps": ("Steps", "步骤"),
    "similar": ("Similar posts", "相似的文章"),
    "facts": ("Draft", "草稿"),
    "file": ("file", "文件"),
    "post": ("post", "文章"),
    "characters": ("{n} characters, of which the model was shown {shown}", "{n} 个字符，给模型看了 {shown} 个"),
    "length": ("{n} characters", "{n} 个字符"),
    "bytes": ("{n} bytes", "{n} 字节"),
    "size": ("size", "大小"),
    "rules": ("rules", "规则"),
    "asked": ("{name}, mode {mode}", "{name}，模式 {mode}"),
    "you can": ("What you can do", "你可以"),
    "revised": ("Revised, in your words", "按你的话修改"),
    "approve": ("Publish it", "发布"),
    "revise": ("Have it changed, in your words", "让它照你的话改"),
    "undo": ("Take the post back and have the draft again, byte for byte", "撤回文章，草稿逐字节还给你"),
    "show": ("Tell this story in the terminal", "在终端里看完整经过"),
    "edit": ("Edit the draft and save it: it is taken up again", "修改草稿并保存，就会再处理一次"),
    "copy": ("copy", "复制"),
    "copied": ("copied", "已复制"),
    "language": ("中文", "English"),
    "made": (
        "Made by blogmetad from its ledger. It holds names, sizes and metadata, not the text of any draft.",
        "由 blogmetad 根据账本生成。只有名称、大小和元数据，没有草稿的正文。",
    ),
    "no script": (
        "Without JavaScript, your browser's own search finds words.",
        "没有 JavaScript 时，请用浏览器自带的查找。",
    ),
}

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CHINESE_WEEKDAYS = "一二三四五六日"


def say(key: str, tongue: Tongue, **values: object) -> str:
    """The words of ``key``. Where there are two forms, ``n`` decides between one and many."""
    text = WORDS[key][tongue == "zh"]
    one, _, many = text.partition("|")
    return (one if not many or values.get("n") == 1 else many).format(**values)


def month(day: dt.date, tongue: Tongue) -> str:
    """A day's month and year."""
    return f"{day.year} 年 {day.month} 月" if tongue == "zh" else f"{_MONTHS[day.month - 1]} {day.year}"


def weekday(day: dt.date, tongue: Tongue) -> str:
    """A day's name."""
    return f"星期{_CHINESE_WEEKDAYS[day.weekday()]}" if tongue == "zh" else _WEEKDAYS[day.weekday()]
