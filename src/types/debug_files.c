/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where distributions keep vmlinux, the modules' debug files and separate debug files in general. */

#include "debug_files.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bytes.h"
#include "cleanup.h"
#include "elf_file.h"

/* A module tree has about 5,000 files in directories at most 8 deep. */
#define MAX_TREE_FILES 200000
#define MAX_TREE_DEPTH 24

static const char *const debug_roots[] = { "/usr/lib/debug", NULL };
static const char *const kernel_roots[] = { "/usr/lib/debug", "/", NULL };

/* A release may come from a dump: it must not lead out of the directories that are searched. */
static bool is_file_name(const char *text)
{
	return text && *text && *text != '.' && !strchr(text, '/');
}

/* The name and checksum in .gnu_debuglink; false: there is none, or it makes no sense. */
static bool read_debug_link(struct mo_elf *elf, const char **name, uint32_t *checksum)
{
	struct mo_elf_section section;
	MO_DROP_ERROR struct mo_error *error = mo_elf_section_named(elf, ".gnu_debuglink", &section);
	size_t length;

	if (error || !section.bytes)
		return false;
	length = strnlen((const char *)section.bytes, section.n_bytes);
	if (!mo_is_within((length + 4) & ~(size_t)3, 4, section.n_bytes))
		return false;
	*name = (const char *)section.bytes;
	*checksum = mo_load_u32(section.bytes + ((length + 4) & ~(size_t)3), mo_elf_is_big_endian(elf));
	return is_file_name(*name);
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat status_a, status_b;

	return stat(a, &status_a) == 0 && stat(b, &status_b) == 0 && status_a.st_dev == status_b.st_dev &&
	       status_a.st_ino == status_b.st_ino;
}

static struct mo_error *try_link_in(struct mo_debug_search *search, const struct mo_elf *elf, const char *root,
				    const char *directory, const char *name, uint32_t checksum)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text path = MO_TEXT_EMPTY;

	mo_text_printf(&path, "%s%s/%s", root, directory, name);
	if (mo_text_failed(&path))
		return mo_error_no_memory();
	if (is_same_file(mo_text_chars(&path), mo_elf_path(elf))) /* not separate */
		return NULL;
	return mo_debug_search_try_checksum(search, mo_text_chars(&path), checksum);
}

/* Beside the file, in .debug beside it, and under each root in the directory of the same name. */
static struct mo_error *follow_debug_link(struct mo_debug_search *search, struct mo_elf *elf, const char *const *roots)
{
	MO_FREE char *directory = realpath(mo_elf_path(elf), NULL);
	MO_CLEANUP(mo_cleanup_text) struct mo_text hidden = MO_TEXT_EMPTY;
	const char *name;
	uint32_t checksum;

	if (!read_debug_link(elf, &name, &checksum)) {
		mo_debug_search_remark(search, "no .gnu_debuglink");
		return NULL;
	}
	if (!directory)
		return NULL;
	*strrchr(directory, '/') = '\0';
	mo_text_printf(&hidden, "%s/.debug", directory);
	MO_TRY(try_link_in(search, elf, "", directory, name, checksum));
	MO_TRY(try_link_in(search, elf, "", mo_text_chars(&hidden), name, checksum));
	for (; *roots; roots++)
		MO_TRY(try_link_in(search, elf, *roots, directory, name, checksum));
	return NULL;
}

static struct mo_error *search_separate(struct mo_debug_search *search, struct mo_elf *elf, const char *const *roots)
{
	for (size_t i = 0; roots[i]; i++)
		MO_TRY(mo_debug_search_try_build_id(search, roots[i]));
	MO_TRY(follow_debug_link(search, elf, roots));
	return mo_debug_search_ask_debuginfod(search);
}

struct mo_error *mo_elf_open_separate_debug(struct mo_elf *elf, const char *const *roots, struct mo_elf **ret)
{
	struct mo_debug_search search;
	struct mo_error *error;

	mo_debug_search_init(&search, mo_elf_build_id(elf), true);
	error = search_separate(&search, elf, roots ? roots : debug_roots);
	if (error) {
		mo_debug_search_deinit(&search);
		return error;
	}
	return mo_error_prepend(mo_debug_search_take(&search, "separate debug file", ret), "%s", mo_elf_path(elf));
}

/* Files that are the right ones, but that we do not unpack: worth telling. */
static void remark_compressed(struct mo_debug_search *search, const char *root, const char *release)
{
	static const struct {
		const char *before, *after;
	} places[] = {
		{ .before = "/boot/vmlinux-", .after = ".gz" },
		{ .before = "/boot/vmlinux-", .after = ".xz" },
		{ .before = "/boot/vmlinux-", .after = ".zst" },
		{ .before = "/usr/lib/modules/", .after = "/vmlinux.xz" },
		{ .before = "/usr/lib/modules/", .after = "/vmlinux.zst" },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		MO_CLEANUP(mo_cleanup_text) struct mo_text path = MO_TEXT_EMPTY;
		struct stat status;

		mo_text_printf(&path, "%s%s%s%s", strcmp(root, "/") == 0 ? "" : root, places[i].before, release,
			       places[i].after);
		if (stat(mo_text_chars(&path), &status) == 0)
			mo_debug_search_remark(search, "%s (compressed: unpack it first)", mo_text_chars(&path));
	}
}

/*
 * Debian, Ubuntu: boot/vmlinux-REL, from 7.0 on lib/modules/REL/vmlinux; Fedora, RHEL: lib/modules/REL/vmlinux;
 * SUSE: boot/vmlinux-REL.debug, usr/lib/modules/REL/vmlinux.debug; a tree of one's own: lib/modules/REL/build.
 */
static struct mo_error *try_release(struct mo_debug_search *search, const char *root, const char *release)
{
	MO_TRY(mo_debug_search_try_below(search, root, "boot/vmlinux-%s", release));
	MO_TRY(mo_debug_search_try_below(search, root, "boot/vmlinux-%s.debug", release));
	MO_TRY(mo_debug_search_try_below(search, root, "lib/modules/%s/vmlinux", release));
	MO_TRY(mo_debug_search_try_below(search, root, "lib/modules/%s/vmlinux.debug", release));
	MO_TRY(mo_debug_search_try_below(search, root, "lib/modules/%s/build/vmlinux", release));
	MO_TRY(mo_debug_search_try_below(search, root, "usr/lib/modules/%s/vmlinux", release));
	MO_TRY(mo_debug_search_try_below(search, root, "usr/lib/modules/%s/vmlinux.debug", release));
	MO_TRY(mo_debug_search_try_below(search, root, "usr/lib/modules/%s/build/vmlinux", release));
	if (!search->found)
		remark_compressed(search, root, release);
	return NULL;
}

static struct mo_error *search_vmlinux(struct mo_debug_search *search, const char *release, const char *const *roots)
{
	for (size_t i = 0; roots[i]; i++)
		MO_TRY(mo_debug_search_try_build_id(search, roots[i]));
	if (release && !is_file_name(release))
		mo_debug_search_remark(search, "no directories by release (\"%s\" is no release)", release);
	for (size_t i = 0; roots[i] && is_file_name(release); i++)
		MO_TRY(try_release(search, roots[i], release));
	return mo_debug_search_ask_debuginfod(search);
}

struct mo_error *mo_elf_find_vmlinux(const char *build_id, const char *release, const char *const *roots,
				     struct mo_elf **ret)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text what = MO_TEXT_EMPTY;
	struct mo_debug_search search;
	struct mo_error *error;

	mo_debug_search_init(&search, build_id, false);
	error = search_vmlinux(&search, release, roots ? roots : kernel_roots);
	if (error) {
		mo_debug_search_deinit(&search);
		return error;
	}
	mo_text_printf(&what, "vmlinux%s%s", release ? " of " : "", release ? release : "");
	return mo_debug_search_take(&search, mo_text_chars(&what), ret);
}

/* "virtio-net" and "virtio_net" are one module; so are NAME.ko and NAME.ko.debug. `name` is a file's. */
static bool is_module_file(const char *name, const char *module)
{
	size_t i = 0;

	for (; module[i]; i++) {
		char a = name[i] == '-' ? '_' : name[i];
		char b = module[i] == '-' ? '_' : module[i];

		if (a != b)
			return false;
	}
	return strcmp(name + i, ".ko") == 0 || strcmp(name + i, ".ko.debug") == 0;
}

/* Walks a tree of modules. Symbolic links (build, source) are not followed. */
static struct mo_error *walk_modules(struct mo_debug_search *search, char *directory, const char *module)
{
	char *const paths[] = { directory, NULL };
	struct mo_error *error = NULL;
	size_t n_files = 0;
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	FTSENT *entry;

	if (!tree)
		return NULL;
	while (!error && !search->found && n_files++ < MAX_TREE_FILES && (entry = fts_read(tree)) != NULL) {
		if (entry->fts_info == FTS_D && entry->fts_level > MAX_TREE_DEPTH)
			fts_set(tree, entry, FTS_SKIP);
		else if ((entry->fts_info == FTS_F || entry->fts_info == FTS_NSOK || entry->fts_info == FTS_SL) &&
			 is_module_file(entry->fts_name, module))
			error = mo_debug_search_try(search, entry->fts_path);
	}
	fts_close(tree);
	return error;
}

static struct mo_error *search_module(struct mo_debug_search *search, const char *release, const char *module,
				      const char *const *roots)
{
	static const char *const trees[] = { "lib/modules", "usr/lib/modules" };

	for (size_t i = 0; roots[i]; i++)
		MO_TRY(mo_debug_search_try_build_id(search, roots[i]));
	for (size_t i = 0; roots[i] && is_file_name(release); i++)
		for (size_t k = 0; k < sizeof(trees) / sizeof(trees[0]) && !search->found; k++) {
			MO_CLEANUP(mo_cleanup_text) struct mo_text directory = MO_TEXT_EMPTY;

			mo_text_printf(&directory, "%s/%s/%s", strcmp(roots[i], "/") == 0 ? "" : roots[i], trees[k],
				       release);
			if (mo_text_failed(&directory))
				return mo_error_no_memory();
			mo_debug_search_remark(search, "%s/**/%s.ko", mo_text_chars(&directory), module);
			MO_TRY(walk_modules(search, directory.chars, module));
		}
	return mo_debug_search_ask_debuginfod(search);
}

struct mo_error *mo_elf_find_module_debug(const char *release, const char *module, const char *build_id,
					  const char *const *roots, struct mo_elf **ret)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text what = MO_TEXT_EMPTY;
	struct mo_debug_search search;
	struct mo_error *error;

	if (!is_file_name(module))
		return mo_error_create(MO_E_INVALID, "\"%s\" is no name of a module", module);
	mo_debug_search_init(&search, build_id, true);
	error = search_module(&search, release, module, roots ? roots : kernel_roots);
	if (error) {
		mo_debug_search_deinit(&search);
		return error;
	}
	mo_text_printf(&what, "debug file of module %s", module);
	return mo_debug_search_take(&search, mo_text_chars(&what), ret);
}
