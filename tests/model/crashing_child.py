"""The real child on a machine where llama.cpp's fast path is miscompiled: with AMX and repacked weights switched
on, the native library dies of SIGSEGV, at load or at the first decode. Everything else is the product's own code."""

from __future__ import annotations

import os
import signal
import sys

import llama_cpp

from blogmetad.model.local import child

WHEN = sys.argv[1]
load_model, decode = llama_cpp.llama_model_load_from_file, llama_cpp.llama_decode
fast = False


def die_loading(path: bytes, params: llama_cpp.llama_model_params) -> object:
    global fast
    fast = bool(params.use_extra_bufts)
    if fast and WHEN == "load":
        os.kill(os.getpid(), signal.SIGSEGV)
    return load_model(path, params)


def die_decoding(context: object, batch: object) -> int:
    if fast and WHEN == "decode":
        os.kill(os.getpid(), signal.SIGSEGV)
    return int(decode(context, batch))


llama_cpp.llama_model_load_from_file = die_loading
llama_cpp.llama_decode = die_decoding
sys.exit(child.main())
