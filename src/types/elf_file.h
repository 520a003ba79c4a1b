/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_ELF_FILE_H
#define MO_ELF_FILE_H

/*
 * An ELF file (vmlinux, a module, a debug file) as named sections; the only user of libelf. The file is mapped,
 * compressed sections (SHF_COMPRESSED and .zdebug) are inflated when asked for. Not for core files.
 * Section bytes live as long as the `struct mo_elf`; loading sections is guarded by a lock, so any thread may ask.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

struct mo_elf;

struct mo_elf_section {
	const char *name;      /* ".debug_info" for ".zdebug_info" too; "" where the name is damaged */
	const uint8_t *bytes;  /* NULL for SHT_NOBITS; of any alignment */
	uint64_t n_bytes;      /* after inflating */
	uint64_t address;
	uint32_t type;
	uint32_t link;
	uint32_t info;
	uint64_t flags;
	uint64_t entry_bytes;
};

/*
 * MO_E_INVALID: not an ELF file, or a core; MO_E_CORRUPT: cut short or damaged. One bad section does not keep the
 * file from opening: it is an error when asked for.
 */
struct mo_error *mo_elf_open(const char *path, struct mo_elf **ret) MO_MUST_USE;
void mo_elf_close(struct mo_elf *elf);

const char *mo_elf_path(const struct mo_elf *elf);
unsigned mo_elf_pointer_bytes(const struct mo_elf *elf);
bool mo_elf_is_big_endian(const struct mo_elf *elf);
const char *mo_elf_arch(const struct mo_elf *elf);       /* "x86_64", ...; NULL: not one that we know */
bool mo_elf_is_relocatable(const struct mo_elf *elf);    /* ET_REL: a module */

/* The GNU build-id as lower-case hex; NULL: none. */
const char *mo_elf_build_id(const struct mo_elf *elf);

/* Sections by index (0 is the null section) and by name. MO_E_ABSENT names the file and the section. */
size_t mo_elf_section_count(const struct mo_elf *elf);
struct mo_error *mo_elf_section_at(struct mo_elf *elf, size_t index, struct mo_elf_section *ret) MO_MUST_USE;
struct mo_error *mo_elf_section_named(struct mo_elf *elf, const char *name, struct mo_elf_section *ret) MO_MUST_USE;

/* The same without the bytes: nothing is inflated, n_bytes of a compressed section is what the file claims. */
struct mo_error *mo_elf_section_header(struct mo_elf *elf, size_t index, struct mo_elf_section *ret) MO_MUST_USE;
bool mo_elf_has_section(struct mo_elf *elf, const char *name);

/* Bytes at a link-time address, for constants of the kernel image (linux_banner). MO_E_NOT_MAPPED if none. */
struct mo_error *mo_elf_read_address(struct mo_elf *elf, uint64_t address, void *buffer, size_t n_bytes) MO_MUST_USE;

/*
 * The three searches below try the directories where distributions keep debug files, under each of `roots`
 * (NULL-terminated; NULL: the system's own, /usr/lib/debug and where it makes sense /), then debuginfod, where its
 * library can be loaded and DEBUGINFOD_URLS is set. A file with another build-id is never taken. MO_E_ABSENT lists
 * what was tried; MO_E_MISMATCH as well, and names the build-ids of the file that was there and of the wanted one.
 */

/*
 * The file that holds the debug information of `elf` itself, when it does not: by build-id, then by
 * .gnu_debuglink (checksum verified).
 */
struct mo_error *mo_elf_open_separate_debug(struct mo_elf *elf, const char *const *roots, struct mo_elf **ret) MO_MUST_USE;

/*
 * The vmlinux for a build-id (hex) and release, either of which may be NULL: .build-id directories, then
 * boot/vmlinux-RELEASE and {,usr/}lib/modules/RELEASE/{vmlinux,vmlinux.debug,build/vmlinux}. One with debug
 * information is preferred; one without is better than none. Without a build-id the release is believed.
 */
struct mo_error *mo_elf_find_vmlinux(const char *build_id, const char *release, const char *const *roots,
				     struct mo_elf **ret) MO_MUST_USE;

/*
 * The debug file of a module, e.g. ("6.1.0-50-amd64", "qemu_fw_cfg", build_id or NULL): .build-id directories, then
 * NAME.ko and NAME.ko.debug anywhere below {,usr/}lib/modules/RELEASE. "-" and "_" are the same.
 */
struct mo_error *mo_elf_find_module_debug(const char *release, const char *module, const char *build_id,
					  const char *const *roots, struct mo_elf **ret) MO_MUST_USE;

#endif
