# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dumps that lost a part of themselves: the end of the file, or pages anywhere. Made by the tests' own code."""
import os
import pathlib
import random
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import dump_forms  # pylint: disable=wrong-import-position


def cut(source, target, n_bytes):
    """The first n_bytes of source, without copying them twice where the file system can share."""
    with open(source, "rb") as whole, open(target, "wb") as part:
        left = n_bytes
        while left:
            done = os.copy_file_range(whole.fileno(), part.fileno(), left)
            if not done:
                break
            left -= done
    assert target.stat().st_size == n_bytes


def lose_pages(source, target, share, seed, is_hole=False, spared=()):
    """A kdump-compressed file without that share of its pages, chosen at random: left out, as if by the dump program (or
    with is_hole not even known to be memory). Returns the page frames that are missing."""
    kdump = dump_forms.Kdump(source)
    chance = random.Random(seed)
    bits = bytearray(kdump.data[kdump.bitmap_offset:kdump.bitmap_offset + 2 * kdump.half])
    descriptors, lost = [], []
    for index, pfn in enumerate(kdump.pfns()):
        at = kdump.descriptors_offset + 24 * index
        if chance.random() < share and pfn not in spared:
            lost.append(pfn)
            for half in (kdump.half,) + ((0,) if is_hole else ()):
                bits[half + pfn // 8] &= ~(1 << pfn % 8) & 0xff
        else:
            descriptors.append(kdump.data[at:at + 24])
    shutil.copyfile(source, target)
    with open(target, "r+b") as out:
        out.seek(kdump.bitmap_offset)
        out.write(bits)
        out.seek(kdump.descriptors_offset)
        out.write(b"".join(descriptors))
    return lost
