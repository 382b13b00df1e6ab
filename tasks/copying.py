"""Copy a file and hash it in one pass, without filling memory with what nobody reads again.

The system keeps in memory what is written; for a file of gigabytes that takes longer than the disk
(1 GB: 2 to 5 s where free memory is new to a virtual machine, against 1 s). So large files are
written past that cache, in aligned pieces, where the file system offers it.
"""

import mmap
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, Protocol

PIECE = 4 << 20
LARGE = 64 << 20
_BLOCK = 4096


class Digest(Protocol):
    """What `hashlib` makes."""

    def update(self, piece: Any, /) -> None: ...

    def hexdigest(self) -> str: ...


def copy_and_hash(file: BinaryIO, target: Path, digest: Digest) -> str:
    """Copy an unbuffered file to the new file `target` and answer the digest of its bytes.

    Hashing and writing let each other run. The copy is as long as what was read.
    """
    large = os.fstat(file.fileno()).st_size >= LARGE
    handle, block = _open(target, past_the_cache=large)
    try:
        with ThreadPoolExecutor(2) as pool:
            buffers = [mmap.mmap(-1, PIECE) for _ in range(2)]
            under_way: list[Future[Any]] = []
            length = 0
            while got := _fill(file, piece := buffers[length // PIECE % 2]):
                for step in under_way:
                    step.result()
                under_way = [
                    pool.submit(_write, handle, memoryview(piece)[: _up(got, block)], length),
                    pool.submit(digest.update, memoryview(piece)[:got]),
                ]
                length += got
            for step in under_way:
                step.result()
        os.ftruncate(handle, length)
    finally:
        os.close(handle)
    return digest.hexdigest()


def _open(target: Path, *, past_the_cache: bool) -> tuple[int, int]:
    """The new file's handle, and what the length of each write must be a multiple of."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    if past_the_cache and hasattr(os, "O_DIRECT"):
        try:
            return os.open(target, flags | os.O_DIRECT, 0o600), _BLOCK
        except OSError:
            target.unlink(missing_ok=True)  # a file system that has no such thing
    return os.open(target, flags, 0o600), 1


def _fill(file: BinaryIO, piece: mmap.mmap) -> int:
    """Read until the piece is full or the file ends: only the last one may be short."""
    into, got = memoryview(piece), 0
    read: Callable[[memoryview], int | None] = file.readinto  # type: ignore[attr-defined] # raw has
    while got < PIECE and (more := read(into[got:])):
        got += more
    return got


def _write(handle: int, piece: memoryview, offset: int) -> None:
    while piece:
        written = os.pwrite(handle, piece, offset)
        piece, offset = piece[written:], offset + written


def _up(length: int, block: int) -> int:
    return -(-length // block) * block
