"""llama.cpp, thinly: one loaded model with one context, driven through the low-level binding.

The high-level class of llama-cpp-python tokenizes author text with special tokens on, samples over the whole
vocabulary in Python and cannot share a prefix between sequences; none of that suits filling in short fields.
Only the worker's child process imports this module: the code behind it is native and may take its process down.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import llama_cpp as lib
import numpy as np
import numpy.typing as npt

DEBUG, CONTINUED = 1, 5
"""Of ggml's log levels, the ones treated apart."""

OUTPUTS = 64
"""Rows of logits per batch at most, unless there are more sequences: each takes 600 KB, and llama.cpp keeps room for
all of them."""

Logits = npt.NDArray[np.float32]


class ModelError(RuntimeError):
    """llama.cpp refused: the file does not load, or a batch does not decode."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load. ``extra_buffers`` lets llama.cpp use AMX and repacked weights (fast, but compilers have
    miscompiled it); ``gpu_layers`` -1 means all; sizes in tokens; ``sequences`` is how many branches there may be."""

    path: Path
    threads: int
    gpu_layers: int
    extra_buffers: bool = True
    context: int = 4096
    batch: int = 512
    sequences: int = 64


@dataclass(frozen=True, slots=True)
class Cell:
    """One token of a batch: where it stands, which sequences see it, and whether its logits are wanted."""

    token: int
    position: int
    sequences: tuple[int, ...]
    wanted: bool = False


class Llama:
    """A model in memory. Not thread-safe. ``close`` frees it."""

    def __init__(self, options: LoadOptions) -> None:
        self.options = options
        self.sequences = options.sequences
        lib.llama_log_set(_to_stderr, ctypes.c_void_p())
        lib.llama_backend_init()
        params = lib.llama_model_default_params()
        params.n_gpu_layers = options.gpu_layers if options.gpu_layers >= 0 else 999
        params.use_extra_bufts = options.extra_buffers
        self._model = lib.llama_model_load_from_file(os.fsencode(options.path), params)
        if not self._model:
            raise ModelError(f"llama.cpp cannot load {options.path}")
        context = lib.llama_context_default_params()
        context.n_ctx = min(options.context, lib.llama_model_n_ctx_train(self._model))
        context.n_batch = context.n_ubatch = min(options.batch, context.n_ctx)
        context.n_seq_max = options.sequences
        context.n_threads = context.n_threads_batch = options.threads
        context.n_outputs_max = self.outputs = max(OUTPUTS, options.sequences)
        context.kv_unified = True
        context.no_perf = True
        self._context = lib.llama_init_from_model(self._model, context)
        if not self._context:
            raise ModelError(f"llama.cpp has no room for a context of {context.n_ctx} tokens")
        self._vocab = lib.llama_model_get_vocab(self._model)
        self._memory = lib.llama_get_memory(self._context)
        self._batch = lib.llama_batch_init(context.n_batch, 0, options.sequences)
        self.batch_size = int(context.n_batch)
        self.context_size = int(context.n_ctx)
        self.vocabulary_size = int(lib.llama_vocab_n_tokens(self._vocab))

    def close(self) -> None:
        """Free the context and the model."""
        lib.llama_batch_free(self._batch)
        lib.llama_free(self._context)
        lib.llama_model_free(self._model)

    def metadata(self, key: str) -> str | None:
        """A value of the GGUF's metadata, None if it has no such key."""
        size = 1 << 16
        buffer = ctypes.create_string_buffer(size)
        length = lib.llama_model_meta_val_str(self._model, key.encode(), buffer, size)
        return buffer.value.decode("utf-8", "replace") if length >= 0 else None

    def chat_template(self) -> str | None:
        """The GGUF's chat template (Jinja), None if it has none."""
        template = lib.llama_model_chat_template(self._model, None)
        return template.decode("utf-8", "replace") if template else None

    def tokenize(self, text: str, special: bool = False) -> list[int]:
        """Token ids of ``text``. With ``special`` off, ``<|im_end|>`` in the text is ten characters and no control,
        and ``</think>`` ends no thought."""
        tokens = self._tokens(text, special)
        return tokens if special else [plain for token in tokens for plain in self._plain(token)]

    def _tokens(self, text: str, special: bool) -> list[int]:
        data = text.encode("utf-8")
        room = len(data) + 8
        out = (lib.llama_token * room)()
        count = lib.llama_tokenize(self._vocab, data, len(data), out, room, False, special)
        if count < 0:
            raise ModelError("the tokenizer of this model failed")
        return list(out[:count])

    def _plain(self, token: int) -> list[int]:
        """The token, unless it is one that llama.cpp recognises in any text, such as ``</think>``: then the characters
        it is written with."""
        if not lib.llama_vocab_get_attr(self._vocab, token) & lib.LLAMA_TOKEN_ATTR_USER_DEFINED:
            return [token]
        text = self.piece(token).decode("utf-8", "replace")
        return self._tokens(text[:1], False) + self._tokens(text[1:], False) if text.startswith("<") else [token]

    def piece(self, token: int) -> bytes:
        """The bytes a token stands for; empty for control tokens."""
        buffer = ctypes.create_string_buffer(256)
        length = lib.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[:length] if length > 0 else b""

    def ends(self, token: int) -> bool:
        """Whether the token ends a turn."""
        return bool(lib.llama_vocab_is_eog(self._vocab, token))

    def control(self, token: int) -> bool:
        """Whether the token is a control token."""
        return bool(lib.llama_vocab_is_control(self._vocab, token))

    def decode(self, cells: Sequence[Cell]) -> list[Logits]:
        """Evaluate the cells in order; a copy of the logits of each wanted one, in order."""
        found: list[Logits] = []
        for chunk in self._chunks(cells):
            self._fill(chunk)
            code = lib.llama_decode(self._context, self._batch)
            if code != 0:
                raise ModelError(f"llama.cpp could not decode a batch of {len(chunk)} tokens (code {code})")
            found += [self._logits(i) for i, cell in enumerate(chunk) if cell.wanted]
        return found

    def _chunks(self, cells: Sequence[Cell]) -> Iterator[Sequence[Cell]]:
        """Runs of cells that fit one batch in size and in the number of rows wanted back."""
        start = wanted = 0
        for i, cell in enumerate(cells):
            if i - start == self.batch_size or (cell.wanted and wanted == self.outputs):
                yield cells[start:i]
                start, wanted = i, 0
            wanted += cell.wanted
        if start < len(cells):
            yield cells[start:]

    def _fill(self, cells: Sequence[Cell]) -> None:
        batch = self._batch
        batch.n_tokens = len(cells)
        for i, cell in enumerate(cells):
            batch.token[i] = cell.token
            batch.pos[i] = cell.position
            batch.n_seq_id[i] = len(cell.sequences)
            for j, sequence in enumerate(cell.sequences):
                batch.seq_id[i][j] = sequence
            batch.logits[i] = cell.wanted

    def _logits(self, row: int) -> Logits:
        pointer = lib.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(pointer, shape=(self.vocabulary_size,)).copy()

    def branch(self, source: int, target: int) -> None:
        """Let sequence ``target`` begin as all of ``source`` (shared, nothing is computed again)."""
        lib.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def drop(self, sequence: int) -> None:
        """Forget a sequence."""
        lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    @property
    def setting(self) -> str:
        """Everything about the context that a sequence's state depends on."""
        o = self.options
        return f"{self.context_size} {self.batch_size} {o.sequences} {o.gpu_layers} {o.extra_buffers}"

    def state(self, sequence: int) -> bytes:
        """All llama.cpp knows of a sequence."""
        size = lib.llama_state_seq_get_size(self._context, sequence)
        buffer = (ctypes.c_uint8 * size)()
        written = lib.llama_state_seq_get_data(self._context, buffer, size, sequence)
        return bytes(buffer[:written]) if written < size else bytes(buffer)

    def restore(self, sequence: int, state: bytes) -> bool:
        """Bring back what ``state`` gave, into a sequence that is empty. The bytes have to be right: llama.cpp trusts
        them."""
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        return bool(lib.llama_state_seq_set_data(self._context, buffer, len(state), sequence) == len(state))

    def clear(self) -> None:
        """Forget everything."""
        lib.llama_memory_clear(self._memory, True)


_last_level = 0


def _log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    """llama.cpp's own messages go to standard error, its debugging does not (it fills megabytes)."""
    global _last_level
    _last_level = _last_level if level == CONTINUED else level
    if _last_level != DEBUG:
        os.write(2, text)


_to_stderr = lib.llama_log_callback(_log)


def supports_gpu() -> bool:
    """Whether the installed build of llama.cpp can use a GPU."""
    return bool(lib.llama_supports_gpu_offload())


def version() -> str:
    """The version of the binding, which fixes that of llama.cpp."""
    return str(lib.__version__)
