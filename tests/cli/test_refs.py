#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""refs with an index that is kept: the same rows; whatever is wrong with the file, no row that is not true, and no failure."""
import json
import os
import random
import shutil
import struct

from memopsy_cli import Case, main, memopsy

NEEDLES = ("init_task", "init_mm", "super_blocks")


class Refs(Case):
    def rows(self, *words, cache="", dump=None):
        run = memopsy("refs", dump or self.sample(), *NEEDLES, "--json", *words, cache=str(cache))
        # Pages of the sample are missing: that makes no error of it.
        self.assertEqual(run.status, 0, run)
        return json.loads(run.out)["data"]["refs"]

    def kept(self, cache):
        files = [path for path in cache.iterdir() if path.name.startswith("refs-")]
        self.assertEqual(len(files), 1, files)
        return files[0]

    def test_same_rows(self):
        plain = self.rows()
        cache = self.place / "cache"
        self.assertTrue(plain)
        self.assertEqual(self.rows(cache=cache), plain)
        self.assertEqual([path for path in cache.rglob("*") if path.is_file()], [], "an index that nobody asked for")
        self.assertEqual(self.rows("--index", cache=cache), plain)
        self.assertEqual(self.kept(cache).stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.rows(cache=cache), plain)
        for depth in ("2", "3"):
            self.assertEqual(self.rows("--depth", depth, cache=cache), self.rows("--depth", depth))

    def test_damaged(self):
        cache = self.place / "cache"
        plain = self.rows("--index", cache=cache)
        path = self.kept(cache)
        whole = path.read_bytes()
        true = {json.dumps(row, sort_keys=True) for row in plain}
        for damage in (b"", whole[:7], whole[:100], whole[:len(whole) // 2], bytes(len(whole)), whole + b"more"):
            path.write_bytes(damage)
            self.assertEqual(self.rows(cache=cache), plain)
        chooser = random.Random(1)
        for _ in range(12):
            data = bytearray(whole)
            for _ in range(chooser.choice((1, 50, 5000))):
                data[chooser.randrange(168, len(data))] = chooser.randrange(256)
            path.write_bytes(data)
            for row in self.rows(cache=cache):
                self.assertIn(json.dumps(row, sort_keys=True), true)

    def test_of_others(self):
        cache = self.place / "cache"
        plain = self.rows("--index", cache=cache)
        path = self.kept(cache)
        poisoned = bytearray(path.read_bytes())
        poisoned[168:] = bytes(len(poisoned) - 168)
        path.write_bytes(poisoned)
        os.chmod(path, 0o666)
        self.assertEqual(self.rows(cache=cache), plain, "it is world-writable")
        os.chmod(path, 0o600)
        moved = path.rename(self.place / "elsewhere")
        path.symlink_to(moved)
        self.assertEqual(self.rows(cache=cache), plain, "a symbolic link")
        path.unlink()
        os.mkfifo(path)
        self.assertEqual(self.rows(cache=cache), plain, "no file")

    def test_another_dump(self):
        cache = self.place / "cache"
        dump = self.place / "vmcore"
        shutil.copy(self.sample(), dump)
        plain = self.rows("--index", cache=cache, dump=dump)
        path = self.kept(cache)
        poisoned = bytearray(path.read_bytes())
        poisoned[168:] = bytes(len(poisoned) - 168)
        path.write_bytes(poisoned)
        os.utime(dump, ns=(1, 1))
        self.assertEqual(self.rows(cache=cache, dump=dump), plain, "the dump has changed")

    def test_nowhere_to_keep(self):
        run = memopsy("refs", self.sample(), "init_task", "--index", cache="/proc/nowhere")
        self.succeeds(run, "cannot write the index /proc/nowhere/refs-")
        run = memopsy("refs", self.sample(), "init_task", "--index")
        self.succeeds(run, "No index was written")

    def test_no_cache(self):
        """--no-cache neither writes an index nor reads one that is there."""
        cache = self.place / "cache"
        plain = self.rows("--index", "--no-cache", cache=cache)
        self.assertFalse(cache.exists())
        self.assertEqual(self.rows("--index", cache=cache), plain)
        path = self.kept(cache)
        # An index without a single pointer would hide all of them: so this tells whether it is read.
        empty = bytearray(path.read_bytes()[:168])
        struct.pack_into("<QQQ", empty, len(empty) - 32, len(empty), 0, 0)
        path.write_bytes(empty)
        self.assertEqual(self.rows(cache=cache), [], "the test's own index is not believed")
        self.assertEqual(self.rows("--no-cache", cache=cache), plain)
        self.assertEqual(self.rows("--index", "--no-cache", cache=cache), plain)
        self.assertEqual(path.read_bytes(), empty)

    def test_ways(self):
        run = memopsy("refs", self.sample(), "init_task", "--to-root", "--json")
        paths = json.loads(self.succeeds(run).out)["data"]["paths"]
        self.assertTrue(paths)
        for number in {row["path"] for row in paths}:
            steps = [row for row in paths if row["path"] == number]
            self.assertEqual([row["step"] for row in steps], list(range(1, len(steps) + 1)))
        self.fails(memopsy("refs", self.sample(), "init_task", "--to-root", "--depth=65"), 2, "--depth is 1 to 64")



if __name__ == "__main__":
    main()
