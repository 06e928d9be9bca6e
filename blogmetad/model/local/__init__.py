"""The model on this machine: llama.cpp in a process of its own. Begin with ``engine`` and ``answer``."""
