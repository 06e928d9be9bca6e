"""A tiny Qwen3 for the tests: llama.cpp's real qwen3 path with weights built by hand instead of trained.

The model is small enough to load in milliseconds and still reads its prompt: greedy decoding gives one line
of about ten words that depend on the prompt and its language (Chinese in, Chinese out), a newline and
``<|im_end|>``. How the weights do that:

- Words sit on a circle: word k has the vector R^k e, R a rotation; "the word behind this" is a linear map.
- Attention head 0 looks at the last few tokens (a constant query and key, bent by the rotary embedding) and
  forbids what it sees there: no endless repetition. It also sees how far the last line break is.
- Attention head 1 looks at all tokens alike and asks for a blurred image of them: other prompt, other words.
- Everything else (heads 2 and 3, the second layer, both feed-forward blocks) is small random weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

EMBEDDING, HEADS, KV_HEADS, HEAD, FEED_FORWARD, LAYERS, CONTEXT = 128, 4, 2, 128, 256, 2, 4096
ROPE_BASE = 10_000.0
CONSTANT, BOUNDARY, HEADER, CHINESE, LINE = 0, 1, 2, 3, 4  # embedding dimensions with a meaning
CIRCLE = slice(8, EMBEDDING)  # the others: planes the words turn in
RECENT = slice(18, 28)  # rotary frequencies that together make a window of some ten tokens
FORBID, COPY, FLAVOUR, LANGUAGE = (
    60.0,
    40.0,
    8.0,
    12.0,
)  # strength of: not again, as in the prompt, chance, ...
NEWLINE = (28.0, -120.0)  # its wish to come, and what each boundary within the window takes off that
END = (
    -20.0,
    30.0,
    -1000.0,
)  # <|im_end|>: not at all, but after a newline, and not near the start of the turn

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TAGS = ("<think>", "</think>")
LABELS = ("system", "user", "assistant", "Title", "Description", "Tags", "Categories", "Summary", "Language")
_ENGLISH = """
agent algorithm alignment analysis api application architecture archive article artificial assistant
attention author automatic automation backend backup bash batch benchmark blog blogging book browser budget
bug build cache career causal chart chat city class classic cleaning client cloud cluster code command
comment community compare compiler computer concept config container context control conversation course
creative daily daemon data database dataset debug decision decoder deep demo deploy design desktop detail
developer device diary digital disk docker document domain draft editor education effect efficient embedding
encoder engine engineer error estimate evaluation event evidence example experiment expert explain export
family fast feature feedback field file filter finance folder format forum framework function future game
gemini generation git github goal gradient graph graphics guide hardware health history home human idea image
impact import index inference insight install interface internet interview introduction jekyll journal
journey json kernel keyboard knowledge laboratory language large latency layer layout learning lecture lesson
library life light linear linux list llama llm local logic loop machine markdown market math matrix meaning
measure memory message meta metadata method metric mind minimal model modern module music network neural
night notebook number object office online open optimization optimizer overview package page paper parallel
parser past pattern performance personal photo pipeline planning plugin policy post power practice prediction
price privacy probability problem process product program programming project prompt proof protocol prototype
publish pytorch python quality query question qwen random reading reasoning recipe reflection regression
release remote research review robot routine rules runtime rust sample scale scheduler science script search
security sensor server service shell simple simulation site sleep society software solution speech speed
sqlite statistics story strategy stream structure student studio study summary survey syntax system table
tags teacher team technology template terminal testing text theme theory thinking thread time token tool
training transformer travel trend tuning tutorial understanding update vector version video vision visual
vocabulary weather web weekend window workflow workshop world writing yaml
"""
ENGLISH = _ENGLISH.split()
_CHINESE = """
模型 语言 发布 博客 工作流 数据 学习 系统 测试 方法 分析 研究 文章 元数据 规则 人工智能 深度
机器 推理 训练 评估 性能 阿里云 开源 社区 代码 程序 工具 实践 反思 体验 阅读 生活 思考
记录 总结 教程 笔记 时间 世界 城市 旅行 音乐 历史 未来 技术 工程 科学 因果 统计 概率
实验 网络 安全 服务 部署 优化 内容 创作 写作 标题 标签 描述 分类 摘要 流程 自动化
"""
CHINESE_WORDS = _CHINESE.split()

TEMPLATE = """\
{%- for message in messages %}
    {%- if message.role == 'assistant' and '</think>' in message.content %}
        {%- set answer = message.content.split('</think>')[-1].lstrip('\\n') %}
        {{- '<|im_start|>assistant\\n' + answer + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """Tokens in order of id, the merges that build them, and the ids of whole words."""

    tokens: list[str]
    merges: list[str]
    words: tuple[int, ...]
    chinese: frozenset[int]

    def id(self, token: str) -> int:
        return self.tokens.index(token)


def _byte_letters() -> list[str]:
    """GPT-2's letter for each byte value: printable bytes stand for themselves, the others are moved up."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = iter(range(0x100, 0x200))
    return [chr(byte) if byte in plain else chr(next(moved)) for byte in range(256)]


def _vocabulary() -> _Vocabulary:
    letters = _byte_letters()

    def spell(text: str) -> list[str]:
        return [letters[byte] for byte in text.encode()]

    tokens = dict.fromkeys(letters)
    merges: dict[str, None] = {}

    def join(pieces: Iterable[str]) -> str:
        """Add the merges that put ``pieces`` together from the left, so no two merges ever compete."""
        left = ""
        for piece in pieces:
            if left:
                merges[f"{left} {piece}"] = None
            left += piece
            tokens[left] = None
        return left

    english = [join(spell(" " + word)) for word in ENGLISH]
    for label in LABELS:
        join(spell(label))
    for character in sorted(set("".join(CHINESE_WORDS))):
        join(spell(character))
    chinese = [join("".join(spell(character)) for character in word) for word in CHINESE_WORDS]
    order = [*tokens, *SPECIALS, *TAGS]
    ids = {token: number for number, token in enumerate(order)}
    words = tuple(ids[token] for token in [*english, *chinese])
    return _Vocabulary(order, [*merges], words, frozenset(ids[token] for token in chinese))


def _turn(random: np.random.Generator, count: int) -> tuple[Matrix, Matrix]:
    """``count`` vectors on a circle, and the rotation that takes each to the one before it."""
    planes = (EMBEDDING - CIRCLE.start) // 2
    angle = 2 * np.pi / count * random.choice(np.arange(1, count // 2), planes, replace=False)
    phase = np.outer(np.arange(count), angle)
    vectors = np.stack([np.cos(phase), np.sin(phase)], axis=-1).reshape(count, -1) / np.sqrt(planes)
    back = np.zeros((2 * planes, 2 * planes))
    for plane, (cos, sin) in enumerate(zip(np.cos(angle), np.sin(angle), strict=True)):
        back[2 * plane : 2 * plane + 2, 2 * plane : 2 * plane + 2] = [[cos, sin], [-sin, cos]]
    return vectors.astype(np.float32), back.astype(np.float32)


def _embeddings(vocabulary: _Vocabulary, random: np.random.Generator) -> tuple[Matrix, Matrix, Matrix]:
    """Input vectors, output vectors, and the rotation between them."""
    size = len(vocabulary.tokens)
    words = random.permutation(vocabulary.words)
    circle, back = _turn(random, len(words))
    table = random.normal(0, 1 / np.sqrt(EMBEDDING), (size, EMBEDDING)).astype(np.float32)
    table[:, : CIRCLE.start] = 0
    table[words, CIRCLE] = circle
    table[:, CONSTANT] = 0.5
    output = np.zeros_like(table)
    output[:, CIRCLE] = table[:, CIRCLE] @ back.T
    output[:, CONSTANT] = -8.0  # never said unless everything else is forbidden
    output[words, CONSTANT] = 0

    newline, end = vocabulary.id("Ċ"), vocabulary.id("<|im_end|>")
    table[newline, LINE] = 1
    for token in ("Ċ", ":", *SPECIALS, *TAGS):
        table[vocabulary.id(token), BOUNDARY] = 1
    table[vocabulary.id("<|im_start|>"), HEADER] = 1
    for number, token in enumerate(vocabulary.tokens[:256]):
        table[number, CHINESE] = 0.3 if len(token.encode()) > 1 and token not in "ĠĊ" else -0.1
    table[list(vocabulary.words), CHINESE] = -0.3
    table[list(vocabulary.chinese), CHINESE] = 0.6
    output[list(vocabulary.words), CHINESE] = -1
    output[list(vocabulary.chinese), CHINESE] = 1
    output[newline] = output[end] = 0
    output[newline, CONSTANT], output[newline, BOUNDARY] = NEWLINE
    output[end, CONSTANT], output[end, LINE], output[end, HEADER] = END
    return table, output, back


def _first_attention(back: Matrix, random: np.random.Generator) -> dict[str, Matrix]:
    """Head 0 looks back a few tokens and forbids them, head 1 looks at everything and asks for it."""
    scale = np.sqrt(EMBEDDING)
    query = random.normal(0, 0.05, (HEADS * HEAD, EMBEDDING)).astype(np.float32)
    query[: 2 * HEAD] = 0
    query[RECENT, CONSTANT] = 1  # head 1 keeps a query of zero: it weighs all tokens alike
    key = random.normal(0, 0.05, (KV_HEADS * HEAD, EMBEDDING)).astype(np.float32)
    key[:HEAD] = 0
    key[RECENT, CONSTANT] = 1
    value = random.normal(0, 0.05, (KV_HEADS * HEAD, EMBEDDING)).astype(np.float32)
    value[:HEAD] = np.eye(HEAD, EMBEDDING)

    out = _onto_planes(_small(random, EMBEDDING, HEADS * HEAD))
    out[:, : 2 * HEAD] = 0
    recent, everything = out[:, :HEAD], out[:, HEAD : 2 * HEAD]
    recent[CIRCLE, CIRCLE] = -FORBID / scale * back
    recent[BOUNDARY, BOUNDARY] = recent[HEADER, HEADER] = 1 / scale
    chance = random.normal(0, 1 / scale, back.shape)
    everything[CIRCLE, CIRCLE] = (COPY * back + FLAVOUR * chance) / scale
    everything[CHINESE, CHINESE] = LANGUAGE / scale
    return {"attn_q": query, "attn_k": key, "attn_v": value, "attn_output": out}


def _small(random: np.random.Generator, rows: int, columns: int) -> Matrix:
    return random.normal(0, 0.02, (rows, columns)).astype(np.float32)


def _onto_planes(weight: Matrix) -> Matrix:
    """The same weights without a say in the dimensions that have a meaning."""
    weight[: CIRCLE.start] = 0
    return weight


def _layer(number: int, back: Matrix, random: np.random.Generator) -> dict[str, Matrix]:
    """All weights of one block by their name in the file."""
    attention = (
        _first_attention(back, random)
        if number == 0
        else {
            "attn_q": _small(random, HEADS * HEAD, EMBEDDING),
            "attn_k": _small(random, KV_HEADS * HEAD, EMBEDDING),
            "attn_v": _small(random, KV_HEADS * HEAD, EMBEDDING),
            "attn_output": _onto_planes(_small(random, EMBEDDING, HEADS * HEAD)),
        }
    )
    feed_forward = {
        "ffn_gate": _small(random, FEED_FORWARD, EMBEDDING),
        "ffn_up": _small(random, FEED_FORWARD, EMBEDDING),
        "ffn_down": _onto_planes(_small(random, EMBEDDING, FEED_FORWARD)),
    }
    norms = {"attn_norm": EMBEDDING, "ffn_norm": EMBEDDING, "attn_q_norm": HEAD, "attn_k_norm": HEAD}
    ones = {name: np.ones(size, dtype=np.float32) for name, size in norms.items()}
    return {f"blk.{number}.{name}.weight": weight for name, weight in {**attention, **feed_forward, **ones}.items()}


def _describe(writer: gguf.GGUFWriter, vocabulary: _Vocabulary, template: str) -> None:
    """Hyper-parameters, tokenizer and template, under the keys llama.cpp reads."""
    writer.add_name("Tiny Qwen3 for tests")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)

    kinds = [gguf.TokenType.NORMAL] * len(vocabulary.tokens)
    for token in SPECIALS:
        kinds[vocabulary.id(token)] = gguf.TokenType.CONTROL
    for token in TAGS:
        kinds[vocabulary.id(token)] = gguf.TokenType.USER_DEFINED
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(vocabulary.merges)
    writer.add_eos_token_id(vocabulary.id("<|im_end|>"))
    writer.add_pad_token_id(vocabulary.id("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)


def write_tiny_qwen3(path: Path, seed: int = 0, template: str = TEMPLATE) -> Path:
    """Write the model to ``path`` (about 2 MB) and return it. The same seed gives the same bytes."""
    random = np.random.default_rng(seed)
    vocabulary = _vocabulary()
    table, output, back = _embeddings(vocabulary, random)
    weights = {"token_embd.weight": table, "output.weight": output}
    weights["output_norm.weight"] = np.ones(EMBEDDING, dtype=np.float32)
    for number in range(LAYERS):
        weights |= _layer(number, back, random)

    writer = gguf.GGUFWriter(path, "qwen3")
    _describe(writer, vocabulary, template)
    for name, weight in weights.items():
        writer.add_tensor(name, weight.astype(np.float16) if weight.ndim == 2 else weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
