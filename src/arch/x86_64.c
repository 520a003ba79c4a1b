/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86_64: 4- and 5-level page tables (Intel SDM volume 3, 4.5; arch/x86/include/asm/pgtable_64_types.h), the kernel
 * image mapping (__START_KERNEL_map), KASLR, and the CPU state that QEMU adds to its dumps.
 */
#include "arch.h"

#include <inttypes.h>

#include "bytes.h"
#include "cleanup.h"

#define START_KERNEL_MAP 0xffffffff80000000ull /* __START_KERNEL_map */
#define KERNEL_IMAGE_BYTES (1ull << 30)        /* KERNEL_IMAGE_SIZE with KASLR; half of it without */
#define IMAGE_ALIGN_BYTES (2ull << 20)         /* CONFIG_PHYSICAL_ALIGN's usual value, and the image's mapping */
#define LINKED_TEXT_KVA 0xffffffff81000000ull  /* _text as linked, with CONFIG_PHYSICAL_START's usual value */

#define ENTRY_PRESENT 0x001ull
#define ENTRY_HUGE 0x080ull
#define ENTRY_PROT_NONE 0x100ull               /* _PAGE_PROTNONE: has a page though it is not present */
#define ENTRY_ADDRESS 0x000ffffffffff000ull

#define PAGE_SHIFT 12
#define INDEX_BITS 9

#define PTI_USER_PGD 0x1000ull                 /* PTI_USER_PGTABLE_MASK: the user half of a pair of top tables */

static const char *const lower_levels[MO_ARCH_STEPS] = { "PTE", "PMD", "PUD", "P4D" };

static bool is_canonical(uint64_t va, unsigned levels)
{
	unsigned bits = levels == 5 ? 57 : 48;
	int64_t top = (int64_t)va >> (bits - 1);

	return top == 0 || top == -1;
}

/* Whether the entry of this level maps memory instead of pointing to a lower table. */
static bool is_leaf(unsigned level, uint64_t entry)
{
	return level == 0 || (level <= 2 && entry & ENTRY_HUGE);
}

static void decode(const struct mo_paging *paging, unsigned height, const uint8_t *raw, struct mo_arch_entry *ret)
{
	uint64_t entry = mo_load_u64(raw, false);

	ret->is_present = entry & (height ? ENTRY_PRESENT : ENTRY_PRESENT | ENTRY_PROT_NONE);
	ret->is_leaf = ret->is_present && is_leaf(height, entry);
	ret->pa = entry & ENTRY_ADDRESS & ~paging->encryption_mask;
	if (ret->is_leaf)
		ret->pa &= ~((1ull << (PAGE_SHIFT + INDEX_BITS * height)) - 1);
}

static const char *level_name(const struct mo_paging *paging, unsigned height)
{
	return height == paging->levels - 1 ? "PGD" : lower_levels[height];
}

static struct mo_error *walk(const struct mo_arch_view *view, const struct mo_paging *paging, uint64_t va,
			     struct mo_arch_translation *ret)
{
	struct mo_arch_translation found = { .n_steps = 0 };
	uint64_t table_pa = paging->root_pa;

	if (!is_canonical(va, paging->levels)) {
		found.span_bytes = 1;
		*ret = found;
		return NULL;
	}
	for (unsigned level = paging->levels; level-- > 0;) {
		struct mo_arch_step *step = &found.steps[found.n_steps++];
		uint64_t covers_bytes = 1ull << (PAGE_SHIFT + INDEX_BITS * level);
		uint64_t offset = va & (covers_bytes - 1);
		struct mo_arch_entry entry;
		uint8_t raw[8];

		step->level = level_name(paging, level);
		step->covers_bytes = covers_bytes;
		step->entry_pa = table_pa + (va >> (PAGE_SHIFT + INDEX_BITS * level) & 511) * 8;
		MO_TRY(mo_error_prepend(view->read_pa(view->context, step->entry_pa, raw, sizeof(raw)),
					"cannot read the %s entry for 0x%" PRIx64 " at physical 0x%" PRIx64, step->level,
					va, step->entry_pa));
		step->entry = mo_load_u64(raw, false);
		decode(paging, level, raw, &entry);
		step->is_present = entry.is_present;
		step->is_leaf = entry.is_leaf;
		found.span_bytes = covers_bytes - offset;
		if (!step->is_present)
			break;
		table_pa = entry.pa;
		if (step->is_leaf) {
			found.is_mapped = true;
			found.pa = entry.pa + offset;
			break;
		}
	}
	*ret = found;
	return NULL;
}

/* Page tables that map kva to pa are the kernel's. */
static bool leads_to(const struct mo_arch_view *view, const struct mo_paging *paging, uint64_t kva, uint64_t pa)
{
	struct mo_arch_translation translation;
	MO_DROP_ERROR struct mo_error *error = walk(view, paging, kva, &translation);

	return !error && translation.is_mapped && translation.pa == pa;
}

static struct mo_error *paging_from_vmcoreinfo(const struct mo_arch_view *view, struct mo_paging *ret)
{
	struct mo_paging paging = { .levels = 4, .found_by = "VMCOREINFO" };
	int64_t swapper_kva;
	int64_t phys_base = (int64_t)view->phys_base;
	int64_t number;

	if (!view->vmcoreinfo || !view->vmcoreinfo(view->context, "SYMBOL(swapper_pg_dir)", &swapper_kva))
		return mo_error_create(MO_E_ABSENT, "VMCOREINFO has no SYMBOL(swapper_pg_dir)");
	/* NUMBER(phys_base) since 4.10 (arch/x86/kernel/crash_core_64.c); kdump headers carry it as well. */
	if (!view->vmcoreinfo(view->context, "NUMBER(phys_base)", &phys_base) && !view->has_phys_base)
		return mo_error_create(MO_E_ABSENT, "VMCOREINFO has no NUMBER(phys_base)");
	if (view->vmcoreinfo(view->context, "NUMBER(pgtable_l5_enabled)", &number) && number)
		paging.levels = 5;
	if (view->vmcoreinfo(view->context, "NUMBER(sme_mask)", &number))
		paging.encryption_mask = (uint64_t)number;
	if (view->vmcoreinfo(view->context, "KERNELOFFSET", &number))
		paging.kaslr_offset = (uint64_t)number;
	paging.root_pa = (uint64_t)swapper_kva - START_KERNEL_MAP + (uint64_t)phys_base;
	paging.image_first_kva = LINKED_TEXT_KVA + paging.kaslr_offset;
	paging.image_bytes = KERNEL_IMAGE_BYTES - (paging.image_first_kva & (KERNEL_IMAGE_BYTES - 1));
	if (!leads_to(view, &paging, (uint64_t)swapper_kva, paging.root_pa))
		return mo_error_create(MO_E_CORRUPT,
				       "VMCOREINFO puts swapper_pg_dir at 0x%" PRIx64 " (physical 0x%" PRIx64
				       "), but no page tables are there that map it",
				       (uint64_t)swapper_kva, paging.root_pa);
	*ret = paging;
	return NULL;
}

/*
 * struct QEMUCPUState of QEMU's target/i386/arch_dump.c: version, size, 18 registers, 10 segments of 24 bytes, then
 * CR0 to CR4.
 */
#define QEMU_SIZE_OFFSET 4
#define QEMU_REGISTERS_OFFSET 8
#define QEMU_REGISTERS 18 /* rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8 to r15, rip, rflags */
#define QEMU_STACK 6
#define QEMU_INSTRUCTION 16
#define QEMU_CR_OFFSET (QEMU_REGISTERS_OFFSET + QEMU_REGISTERS * 8 + 10 * 24)
#define QEMU_CR3_OFFSET (QEMU_CR_OFFSET + 3 * 8)
#define QEMU_CR4_OFFSET (QEMU_CR_OFFSET + 4 * 8)
#define CR4_LA57 (1ull << 12)

/* The first address of the kernel image's area that is mapped: where the image begins, to a mapping's precision. */
static bool find_image(const struct mo_arch_view *view, const struct mo_paging *paging, uint64_t *first_kva)
{
	for (uint64_t offset = 0; offset < KERNEL_IMAGE_BYTES; offset += IMAGE_ALIGN_BYTES) {
		struct mo_arch_translation translation;
		MO_DROP_ERROR struct mo_error *error = walk(view, paging, START_KERNEL_MAP + offset, &translation);

		if (error)
			return false;
		if (translation.is_mapped) {
			*first_kva = START_KERNEL_MAP + offset;
			return true;
		}
	}
	return false;
}

static bool try_root(const struct mo_arch_view *view, uint64_t root_pa, unsigned levels, struct mo_paging *ret)
{
	struct mo_paging paging = { .root_pa = root_pa, .levels = levels, .found_by = "CR3 of a CPU" };
	uint64_t text_kva = LINKED_TEXT_KVA;

	if (!find_image(view, &paging, &paging.image_first_kva))
		return false;
	if (view->link_address)
		(void)view->link_address(view->context, "_text", &text_kva);
	paging.image_bytes = KERNEL_IMAGE_BYTES - (paging.image_first_kva & (KERNEL_IMAGE_BYTES - 1));
	paging.kaslr_offset = paging.image_first_kva - (text_kva & ~(IMAGE_ALIGN_BYTES - 1));
	*ret = paging;
	return true;
}

static struct mo_error *paging_from_notes(const struct mo_arch_view *view, struct mo_paging *ret)
{
	size_t n_states = 0;

	for (size_t i = 0; i < view->n_notes; i++) {
		const struct mo_arch_note *note = &view->notes[i];
		uint64_t cr3;
		unsigned levels;

		if (strcmp(note->name, "QEMU") || note->desc_bytes < QEMU_CR4_OFFSET + 8)
			continue;
		n_states++;
		cr3 = mo_load_u64(note->desc + QEMU_CR3_OFFSET, false) & ENTRY_ADDRESS;
		levels = mo_load_u64(note->desc + QEMU_CR4_OFFSET, false) & CR4_LA57 ? 5 : 4;
		/* A CPU in user mode under page-table isolation has the other table of the pair loaded. */
		if (try_root(view, cr3 & ~PTI_USER_PGD, levels, ret) || try_root(view, cr3, levels, ret))
			return NULL;
	}
	if (!n_states)
		return mo_error_create(MO_E_ABSENT, "the dump has no CPU state with CR3 either");
	return mo_error_create(MO_E_CORRUPT, "CR3 of none of %zu CPUs leads to page tables that map a kernel", n_states);
}

static struct mo_error *find_paging(const struct mo_arch_view *view, struct mo_paging *ret)
{
	MO_DROP_ERROR struct mo_error *by_vmcoreinfo = paging_from_vmcoreinfo(view, ret);
	MO_DROP_ERROR struct mo_error *by_notes = NULL;

	if (!by_vmcoreinfo)
		return NULL;
	by_notes = paging_from_notes(view, ret);
	if (!by_notes)
		return NULL;
	return mo_error_create(mo_error_code(by_vmcoreinfo), "%s; %s", mo_error_text(by_vmcoreinfo),
			       mo_error_text(by_notes));
}

/*
 * struct elf_prstatus (include/linux/elfcore.h): pr_reg stands behind the signals, the process's numbers and its times. It
 * is struct user_regs_struct (arch/x86/include/asm/user_64.h): r15 to r12, rbp, rbx, r11 to r8, rax, rcx, rdx, rsi, rdi,
 * orig_rax, rip, cs, eflags, rsp, ss, and the segments.
 */
#define NT_PRSTATUS 1
#define PRSTATUS_REGISTERS_OFFSET 112
#define PRSTATUS_REGISTERS 27
#define PRSTATUS_INSTRUCTION 16
#define PRSTATUS_STACK 19

static bool registers(const struct mo_arch_note *note, struct mo_arch_registers *ret)
{
	bool is_prstatus = !strcmp(note->name, "CORE") && note->type == NT_PRSTATUS;
	size_t offset = is_prstatus ? PRSTATUS_REGISTERS_OFFSET : QEMU_REGISTERS_OFFSET;
	struct mo_arch_registers found = { .n_words = is_prstatus ? PRSTATUS_REGISTERS : QEMU_REGISTERS };

	if ((!is_prstatus && strcmp(note->name, "QEMU")) || note->desc_bytes < offset + found.n_words * 8)
		return false;
	for (size_t i = 0; i < found.n_words; i++)
		found.words[i] = mo_load_u64(note->desc + offset + i * 8, false);
	found.instruction = found.words[is_prstatus ? PRSTATUS_INSTRUCTION : QEMU_INSTRUCTION];
	found.stack = found.words[is_prstatus ? PRSTATUS_STACK : QEMU_STACK];
	*ret = found;
	return true;
}

/* Documentation/x86/x86_64/mm.rst; the base moved in 4.20 (commit d52888aa2753). */
static size_t direct_map_candidates(const struct mo_arch_view *view, const struct mo_paging *paging, uint64_t *ret,
				    size_t room)
{
	static const uint64_t four[] = { 0xffff888000000000ull, 0xffff880000000000ull };
	static const uint64_t five[] = { 0xff11000000000000ull, 0xff10000000000000ull };
	const uint64_t *bases = paging->levels == 5 ? five : four;
	size_t count = room < 2 ? room : 2;

	(void)view;
	for (size_t i = 0; i < count; i++)
		ret[i] = bases[i];
	return count;
}

static const char *const vmcoreinfo_keys[] = { "NUMBER(pgtable_l5_enabled)", "NUMBER(sme_mask)",
					       "NUMBER(KERNEL_IMAGE_SIZE)", NULL };

const struct mo_arch mo_arch_x86_64 = {
	.name = "x86_64",
	.pointer_bytes = 8,
	.vmcoreinfo_keys = vmcoreinfo_keys,
	.find_paging = find_paging,
	.tables = { .page_shift = PAGE_SHIFT, .index_bits = INDEX_BITS, .entry_bytes = 8 },
	.walk = walk,
	.decode = decode,
	.level_name = level_name,
	.direct_map_candidates = direct_map_candidates,
	.direct_map_symbol = "page_offset_base",
	.registers = registers,
};
