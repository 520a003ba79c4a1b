/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "entry_flags.h"

struct entry_flag {
	unsigned bit;
	const char *name;
	bool of_leaves;   /* means this only in an entry that maps memory */
};

/* arch/x86/include/asm/pgtable_types.h: _PAGE_BIT_* */
static const struct entry_flag x86_flags[] = {
	{ .bit = 0, .name = "PRESENT" },
	{ .bit = 1, .name = "RW" },
	{ .bit = 2, .name = "USER" },
	{ .bit = 3, .name = "PWT" },
	{ .bit = 4, .name = "PCD" },
	{ .bit = 5, .name = "ACCESSED" },
	{ .bit = 6, .name = "DIRTY", .of_leaves = true },
	{ .bit = 8, .name = "GLOBAL", .of_leaves = true },
	{ .bit = 63, .name = "NX" },
};

/* arch/arm64/include/asm/pgtable-hwdef.h: PTE_*; pgtable-prot.h: software bits */
static const struct entry_flag arm64_flags[] = {
	{ .bit = 0, .name = "VALID" },
	{ .bit = 6, .name = "USER", .of_leaves = true },
	{ .bit = 7, .name = "RDONLY", .of_leaves = true },
	{ .bit = 10, .name = "AF", .of_leaves = true },
	{ .bit = 11, .name = "NG", .of_leaves = true },
	{ .bit = 51, .name = "DBM", .of_leaves = true },
	{ .bit = 52, .name = "CONT", .of_leaves = true },
	{ .bit = 53, .name = "PXN", .of_leaves = true },
	{ .bit = 54, .name = "UXN", .of_leaves = true },
	{ .bit = 55, .name = "DIRTY", .of_leaves = true },
};

static void append(const struct entry_flag *flags, size_t n_flags, const struct mo_translation_step *step,
		   struct mo_text *text)
{
	for (size_t i = 0; i < n_flags; i++)
		if (step->entry >> flags[i].bit & 1 && (step->is_leaf || !flags[i].of_leaves))
			mo_text_printf(text, "%s%s", text->length ? " " : "", flags[i].name);
}

void mo_entry_append_flags(const char *arch, const struct mo_translation_step *step, struct mo_text *text)
{
	if (!step->is_present || !arch)
		return;
	if (!strcmp(arch, "x86_64") || !strcmp(arch, "i386") || !strcmp(arch, "i686"))
		append(x86_flags, sizeof(x86_flags) / sizeof(x86_flags[0]), step, text);
	else if (!strcmp(arch, "aarch64"))
		append(arm64_flags, sizeof(arm64_flags) / sizeof(arm64_flags[0]), step, text);
	/* A leaf above the last level is a huge page, whatever bit says so. */
	if (step->is_leaf && strcmp(step->level, "PTE"))
		mo_text_printf(text, "%sHUGE", text->length ? " " : "");
}
