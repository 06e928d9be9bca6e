"""The words of the page, in English and Chinese; those of the journal's page are known too. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from blogmetad.journal.page import words as journal
from blogmetad.journal.page.words import Tongue

WORDS: Mapping[str, tuple[str, str]] = {
    "review": ("Review", "审阅"),
    "review of": ("Review of {name}", "{name} 的审阅"),
    "skip to posts": ("Skip to the posts", "跳到文章"),
    "skip to fields": ("Skip to the fields", "跳到字段"),
    "waiting for you": ("Waiting for you", "等你审阅"),
    "nothing waits": ("Nothing waits for you.", "没有等你审阅的文章。"),
    "in review only": (
        'Posts wait here when the configuration says mode = "review".',
        '配置里写 mode = "review" 时，文章会在这里等你。',
    ),
    "in progress": ("Being worked on", "正在处理"),
    "needs you": ("Drafts that need you", "需要你处理的草稿"),
    "held back": ("Held until their date", "等到日期"),
    "last published": ("Published last", "最近发布"),
    "none published": ("Nothing has been published yet.", "还没有发布过文章。"),
    "since": ("since {when}", "从 {when} 起"),
    "read": ("Read and edit", "阅读与修改"),
    "publish": ("Publish", "发布"),
    "save": ("Save", "保存"),
    "save hint": ("Publish saves first.", "发布时会先保存。"),
    "back": ("All posts", "全部文章"),
    "of": ("{n} of {of}", "第 {n} 篇，共 {of} 篇"),
    "previous": ("Previous", "上一篇"),
    "next": ("Next", "下一篇"),
    "fields": ("Fields", "字段"),
    "more fields": ("Fields it could have", "还可以有的字段"),
    "text": ("Text", "正文"),
    "shortened": ("The text goes on; this is its beginning.", "正文没有完，这里是开头。"),
    "add term": ("another", "再加一个"),
    "term": ("{name}, term {n}", "{name}，第 {n} 个"),
    "new term": ("{name}, another term", "{name}，再加一个"),
    "posts": ("{n} post|{n} posts", "{n} 篇"),
    "as yaml": ("written as YAML", "按 YAML 写"),
    "not there": ("not in the post", "文章里没有"),
    "taken out": ("Left empty, the field is taken out.", "留空即去掉这个字段。"),
    "yes": ("true", "true（是）"),
    "no": ("false", "false（否）"),
    "proposal": ("The model proposed", "模型的提议"),
    "proposal taken": ("as the model proposed", "与模型的提议相同"),
    "edited": ("edited by you since", "之后你改过"),
    "file has": ("The file has now", "文件里现在是"),
    "also found": ("Also noticed", "另外注意到"),
    "revise": ("Have it changed", "让它改"),
    "revise hint": (
        "In your words, in English or Chinese. Name the fields; what you put between quotes is taken as it stands.",
        "用你的话说，中文或英文都行。说清是哪个字段；引号里的内容原样采用。",
    ),
    "revise example": ("make the title shorter, add the tag “sqlite”", "标题短一点，标签加上“sqlite”"),
    "ask": ("Change it so", "照此修改"),
    "take back": ("Take it back …", "撤回……"),
    "take back waiting": (
        "The draft comes back to the drafts folder byte for byte, and the post that waits is withdrawn. It is left "
        "alone until you save the draft again.",
        "草稿逐字节回到草稿文件夹，等审阅的文章会被撤走。在你再次保存草稿之前，不会再处理它。",
    ),
    "take back published": (
        "The draft comes back to the drafts folder byte for byte, and the post is withdrawn from the site's posts, if "
        "you have not edited it since.",
        "草稿逐字节回到草稿文件夹，文章会从站点撤下——前提是发布之后你没有改过它。",
    ),
    "take back offered waiting": (
        "What is proposed for the published post is withdrawn. The post itself was never touched.",
        "为已发布文章提议的内容会被撤走。那篇文章从未动过。",
    ),
    "take back offered published": (
        "The post has its former text again, byte for byte, if you have not edited it since.",
        "文章逐字节恢复原来的样子——前提是之后你没有改过它。",
    ),
    "offered": ("fields for a published post", "给已发布文章补的字段"),
    "take it back": ("Take it back", "撤回"),
    "no file": (
        "Its file is not there any more: it was moved or taken away. blogmetad looks after that by itself.",
        "文件已经不在了：被移走或删掉了。blogmetad 会自己处理。",
    ),
    "cannot edit": (
        "The fields cannot be changed here while this is so. Correct the file in an editor; this page follows.",
        "在此之前，不能在这里修改字段。请用编辑器改正文件，本页会自动更新。",
    ),
    "no head": ("The file has no front matter to change.", "文件没有可改的 front matter。"),
    "rules broken": (
        "The rules cannot be read, so nothing is checked or completed: 'blogmetad rules check' says why.",
        "规则无法读取，因此不做检查和补全：'blogmetad rules check' 会说明原因。",
    ),
    "not waiting": ("It does not wait for you: {what}.", "它不在等你审阅：{what}。"),
    "saved": ("Saved: {fields}.", "已保存：{fields}。"),
    "unchanged": ("Nothing was different, so nothing was written.", "没有改动，所以什么也没写。"),
    "wrong": (
        "Nothing was written: something does not fit. It is said beside the field.",
        "没有写入：有内容不合适，说明在字段旁边。",
    ),
    "stale": (
        "The file was changed meanwhile, so nothing was written. What you changed is below, and beside it what the "
        "file has now. Look at both, and save again.",
        "文件在此期间被改过，所以没有写入。下面是你的改动，旁边是文件现在的内容。请对照后再保存。",
    ),
    "stale publish": (
        "The file was changed meanwhile, so it was not published. This is how it is now.",
        "文件在此期间被改过，所以没有发布。这是它现在的样子。",
    ),
    "being written": (
        "A program has the file open, or has just saved it, so nothing was written. Try again.",
        "有程序正打开着这个文件，或刚刚保存过它，所以没有写入。请再试一次。",
    ),
    "no words": ("Say what to change.", "请说明要改什么。"),
    "under way": ("Something else is being done with this post.", "这篇文章正在处理中。"),
    "approve queued": ("waits to be published", "等着发布"),
    "approve running": ("is being published", "正在发布"),
    "approve done": ("published", "已发布"),
    "approve failed": ("was not published", "没有发布"),
    "revise queued": ("waits for the model", "等模型"),
    "revise running": ("the model is at work", "模型在工作"),
    "revise done": ("changed as you said", "已照你的话修改"),
    "revise failed": ("was not changed", "没有修改"),
    "undo queued": ("waits to be taken back", "等着撤回"),
    "undo running": ("is being taken back", "正在撤回"),
    "undo done": ("taken back", "已撤回"),
    "undo failed": ("was not taken back", "没有撤回"),
    "changed": ("This post was changed meanwhile.", "这篇文章在此期间有变化。"),
    "show changed": ("Show it as it is now", "显示现在的样子"),
    "ended": (
        "The page has ended. Start it again with: blogmetad review",
        "本页已结束。重新打开请运行：blogmetad review",
    ),
    "keys": ("Keys", "按键"),
    "key move": ("the next and the previous post", "下一篇、上一篇"),
    "key open": ("read and edit it", "阅读与修改"),
    "key edit": ("edit the first field", "修改第一个字段"),
    "key save": ("save", "保存"),
    "key publish": ("publish; a dialog asks first", "发布，会先问一下"),
    "key revise": ("have it changed in your words", "让它照你的话改"),
    "key back": ("back to all posts", "回到全部文章"),
    "key leave": ("leave a field", "离开字段"),
    "sure": ("Publish “{title}”?", "发布“{title}”？"),
    "no such method": ("This cannot be done here.", "这里不能这样做。"),
    "wrong host": (
        "This page answers only to its own address on this machine.",
        "本页只在本机上以自己的地址访问。",
    ),
    "other page": (
        "Another page asked for this, so it was refused. If it was you, end 'blogmetad review' with Ctrl-C, start it "
        "again, and open the address it prints anew.",
        "这个请求来自别的页面，已拒绝。如果是你自己，请按 Ctrl-C 结束 'blogmetad review'，重新启动，"
        "再打开它新打印的地址。",
    ),
    "too early": ("Open the address yourself.", "请自己打开这个地址。"),
    "no session": (
        "This browser has not brought the token. Open the address that 'blogmetad review' printed; it works once. To "
        "get another, end it with Ctrl-C and start it again.",
        "这个浏览器没有带来令牌。请打开 'blogmetad review' 打印的地址，它只能用一次；要新的，请按 Ctrl-C 结束再启动。",
    ),
    "bad token": (
        "This address has been used already, or is not the right one. If you did not open it yourself, end blogmetad "
        "review with Ctrl-C.",
        "这个地址已经用过，或者不对。如果不是你自己打开的，请按 Ctrl-C 结束 blogmetad review。",
    ),
    "no seal": (
        "The form was not made by this page, or by an earlier start of it. Load the page again.",
        "表单不是本页给出的，或来自它之前的一次启动。请重新载入页面。",
    ),
    "no such post": ("There is no such post.", "没有这篇文章。"),
    "no such page": ("There is nothing here.", "这里什么也没有。"),
    "bad form": ("The form could not be read.", "表单无法读取。"),
    "too large": ("The form is too large.", "表单太大。"),
    "bug": (
        "This is a bug in blogmetad; your files are untouched. The terminal says more.",
        "这是 blogmetad 的错误；你的文件没有动过。终端里有更多信息。",
    ),
    "refused": ("Not this way", "这样不行"),
    "go on": ("Go on", "继续"),
    "footer": (
        "blogmetad on this machine only. What you do here is what the commands do.",
        "blogmetad，仅在本机。这里做的就是命令做的事。",
    ),
}


def say(key: str, tongue: Tongue, **values: object) -> str:
    """The words of ``key``. Where there are two forms, ``n`` decides between one and many."""
    if key not in WORDS:
        return journal.say(key, tongue, **values)
    text = WORDS[key][tongue == "zh"]
    one, _, many = text.partition("|")
    return (one if not many or values.get("n") == 1 else many).format(**values)


def preferred(accepted: str) -> Tongue:
    """The first of the page's languages that a browser asks for."""
    for each in accepted[:500].split(","):
        spoken = each.strip()[:2].lower()
        if spoken == "zh":
            return "zh"
        if spoken == "en":
            return "en"
    return "en"
