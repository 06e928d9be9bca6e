"""publish: Metadata becomes a Post, and the Post lands in the posts folder exactly once.

compose   draft + metadata -> the exact bytes of the post (pure)
place     the crash-safe protocol: original, stage, link, retire, finish
recover   what a crash left half done, carried on or told
undo      back again: the post withdrawn, the draft restored byte for byte
folders   where the pieces lie, and whether these file systems can do what the protocol asks
records   what publish asks of the ledger
"""
