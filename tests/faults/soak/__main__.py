"""The soak: a daemon left to an author and to bad luck for as long as you like, and everything checked all the while.

    make soak                  # ten minutes
    make soak MINUTES=60

The first half is rough: daemon and model are killed, stopped and started again. In the second, calm half the daemon is
left alone, but the author is not idle; there its memory and file descriptors are measured, and have to stay flat. The
tiny model of the tests is used: what is tried here is not how well it writes.

Exits with 1 if any invariant was violated; the folder of the blog is then kept.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.soak.run import Soak
from tests.system.blog import make_blog
from tests.tiny_gguf import write_tiny_qwen3


def main() -> int:
    """Run a soak as the command line says; the exit code."""
    parser = argparse.ArgumentParser(description="Leave a daemon to an author and to bad luck, and check everything.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed does the same things")
    parser.add_argument("--keep", action="store_true", help="keep the blog and the logs in any case")
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="blogmetad-soak-"))
    blog = make_blog(root / "博客", write_tiny_qwen3(root / "tiny-qwen3.gguf"))
    text = blog.config.read_text("utf-8")
    blog.config.write_text(text.replace("threads = 2", "threads = 1"), "utf-8")
    sys.stdout.write(f"seed {arguments.seed}, {arguments.minutes:g} minutes, in {root}\n")
    soak = Soak(blog, random.Random(arguments.seed), arguments.minutes * 60, sys.stdout.write)
    soak.run()
    for line in soak.report():
        sys.stdout.write(f"{line}\n")
    if soak.wrong or arguments.keep:
        sys.stdout.write(f"all of it is kept in {root}\n")
        return bool(soak.wrong)
    shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
