"""Run with files: whether llama.cpp loads each, a line of ``yes``, ``no`` or ``crash``, in processes of their own."""

from __future__ import annotations

import os
import sys

import llama_cpp as lib


def loads(file: str) -> str:
    child = os.fork()
    if child == 0:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        params = lib.llama_model_default_params()
        params.use_extra_bufts = False
        os._exit(0 if lib.llama_model_load_from_file(os.fsencode(file), params) else 1)
    _, status = os.waitpid(child, 0)
    return "crash" if os.WIFSIGNALED(status) else "no" if os.WEXITSTATUS(status) else "yes"


if __name__ == "__main__":
    for file in sys.argv[1:]:
        print(loads(file), flush=True)
