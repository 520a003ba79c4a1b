#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Places where somebody else may have put something: plugins and caches are not taken from there, output does not go there."""
import os
import shutil

from memopsy_cli import Case, PROGRAM, main, memopsy

OTHERS = 54321  # a user, and a group, that are nobody's


class Untrusted(Case):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root can give files to other users")

    def plugins(self, name="plugins"):
        directory = self.place / name
        directory.mkdir(mode=0o700, parents=True)
        shutil.copy(os.path.join(os.path.dirname(PROGRAM), "plugins", "iomem.so"), directory)
        return directory

    def refuses(self, directory, text):
        run = memopsy("plugins", "--plugin-dir", directory)
        self.fails(run, 2, text)

    def test_plugin_directory(self):
        if not os.path.exists(os.path.join(os.path.dirname(PROGRAM), "plugins", "iomem.so")):
            self.skipTest("the plugins are linked in")
        directory = self.plugins()
        run = memopsy("plugins", "--plugin-dir", directory)
        self.succeeds(run, "iomem")
        directory.chmod(0o770)
        self.succeeds(memopsy("plugins", "--plugin-dir", directory))  # root's group
        os.chown(directory, 0, OTHERS)
        self.refuses(directory, f"because a group (gid {OTHERS}) may write to it")
        directory.chmod(0o707)
        self.refuses(directory, "because it is world-writable")
        os.chown(directory, OTHERS, 0)
        directory.chmod(0o700)
        self.refuses(directory, f"because it belongs to another user (uid {OTHERS})")

    def test_parent_of_plugin_directory(self):
        if not os.path.exists(os.path.join(os.path.dirname(PROGRAM), "plugins", "iomem.so")):
            self.skipTest("the plugins are linked in")
        directory = self.plugins("above/plugins")
        above = directory.parent
        above.chmod(0o1777)  # sticky, as /tmp is
        self.succeeds(memopsy("plugins", "--plugin-dir", directory))
        above.chmod(0o777)
        self.refuses(directory, f"lies below: {above}: refused, because it is world-writable")
        os.chown(above, 0, OTHERS)
        above.chmod(0o770)
        self.refuses(directory, f"lies below: {above}: refused, because a group (gid {OTHERS}) may write to it")
        link = self.place / "link"
        link.symlink_to(directory)
        self.refuses(link, "lies below")

    def test_cache(self):
        cache = self.place / "cache"
        cache.mkdir()
        cache.chmod(0o1777)
        run = memopsy("info", self.sample(), cache=str(cache))
        self.assertEqual(run.status, 0, run)
        self.assertIn(f"no cache is used: {cache}: refused, because it is world-writable", run.err)
        self.assertEqual(list(cache.iterdir()), [])
        cache.chmod(0o700)
        os.chown(cache, OTHERS, 0)
        run = memopsy("info", self.sample(), cache=str(cache))
        self.assertIn("because it belongs to another user", run.err)

    def test_planted_link(self):
        victim = self.place / "victim"
        victim.write_text("precious")
        shared = self.place / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        link = shared / "report"
        link.symlink_to(victim)
        os.lchown(link, OTHERS, OTHERS)
        run = memopsy("info", self.sample(), "-o", link)
        self.fails(run, 1, "a symbolic link of another user", "is not followed")
        self.assertEqual(victim.read_text(), "precious")
        self.assertEqual([path.name for path in shared.iterdir()], ["report"])
        # The user's own is meant, and so is one where only its owner may write.
        os.lchown(link, 0, 0)
        self.succeeds(memopsy("info", self.sample(), "-o", link))
        self.assertIn("Release:", victim.read_text())
        os.lchown(link, OTHERS, OTHERS)
        shared.chmod(0o755)
        self.succeeds(memopsy("info", self.sample(), "-o", link))


if __name__ == "__main__":
    main()
