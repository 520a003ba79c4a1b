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

/* arch/x86/include/asm/pgtable_types.h: _PAGE_* */
#define ENTRY_PRESENT 0x001ull
#define ENTRY_RW 0x002ull
#define ENTRY_USER 0x004ull
#define ENTRY_ACCESSED 0x020ull
#define ENTRY_DIRTY 0x040ull
#define ENTRY_HUGE 0x080ull
#define ENTRY_PROT_NONE 0x100ull               /* _PAGE_PROTNONE: has a page though it is not present */
#define ENTRY_SPECIAL 0x200ull
#define ENTRY_SAVED_DIRTY (1ull << 58)
#define ENTRY_NX (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define KNIGHTS_LANDING_ERRATUM (ENTRY_ACCESSED | ENTRY_DIRTY) /* bits that a CPU may set in an empty entry (4.8) */

/* Where CPUs have the C-bit (AMD manual volume 2, 7.10): no machine has memory there. */
#define ENCRYPTION_BITS (1ull << 47 | 1ull << 51)

#define PAGE_SHIFT 12
#define INDEX_BITS 9
#define HEIGHT_OF_PUD 2

/* arch/x86/include/asm/pgtable_64.h: since the defence against L1TF (4.18), and since 4.8. */
#define SWAP_TYPE_BITS 5
#define SWAP_OFFSET_SHIFT 14
#define SWAP_OFFSET_TOP (1ull << 58)           /* set in offsets that are kept inverted: none is so large */
#define SWAP_TYPE_SHIFT_4_8 9

#define PTI_USER_PGD 0x1000ull                 /* PTI_USER_PGTABLE_MASK: the user half of a pair of top tables */

static const char *const lower_levels[MO_ARCH_LEVELS] = { "PTE", "PMD", "PUD", "P4D" };

static void set_geometry(struct mo_paging *paging, unsigned levels)
{
	paging->page_shift = PAGE_SHIFT;
	paging->entry_bytes = 8;
	memset(paging->index_bits, INDEX_BITS, sizeof(paging->index_bits));
	mo_paging_set_levels(paging, levels);
	paging->last_user_va = (1ull << (PAGE_SHIFT + INDEX_BITS * levels - 1)) - 1;
	paging->first_kernel_va = ~paging->last_user_va;
	paging->last_kernel_va = UINT64_MAX;
}

static uint32_t flags_of(uint64_t value)
{
	return (value & ENTRY_RW ? MO_ENTRY_WRITABLE : 0) | (value & ENTRY_USER ? MO_ENTRY_USER : 0) |
	       (value & ENTRY_ACCESSED ? MO_ENTRY_ACCESSED : 0) |
	       (value & (ENTRY_DIRTY | ENTRY_SAVED_DIRTY) ? MO_ENTRY_DIRTY : 0) | (value & ENTRY_NX ? MO_ENTRY_NO_EXEC : 0) |
	       (value & ENTRY_SPECIAL ? MO_ENTRY_SPECIAL : 0);
}

/*
 * Since 4.18 the kernel keeps the address of a page without access inverted (protnone_mask()); earlier kernels do not,
 * nor did KFENCE until 6.13, which clears the bit for present alone. No machine has memory in the upper half of what an
 * entry can hold, so the lower one of both is the address.
 */
static uint64_t address_without_access(uint64_t value, uint64_t address_mask)
{
	uint64_t plain = value & address_mask;
	uint64_t inverted = ~value & address_mask;

	return inverted < plain ? inverted : plain;
}

static void decode_absent(uint64_t value, unsigned height, uint64_t address_mask, struct mo_page_entry *ret)
{
	/* pmd_present() takes huge pages for present while they are split. */
	bool has_page = height ? height <= HEIGHT_OF_PUD && value & ENTRY_HUGE : value & ENTRY_PROT_NONE;

	if (has_page) {
		ret->kind = MO_ENTRY_NO_ACCESS;
		ret->pa = address_without_access(value, address_mask);
		ret->flags = flags_of(value);
	} else if (height <= HEIGHT_OF_PUD && value & ~KNIGHTS_LANDING_ERRATUM) {
		ret->kind = MO_ENTRY_SWAP;
		ret->flags = 0;
		if (value & SWAP_OFFSET_TOP) {
			ret->swap_type = (uint8_t)(value >> (64 - SWAP_TYPE_BITS));
			ret->swap_offset = ~value << SWAP_TYPE_BITS >> SWAP_OFFSET_SHIFT;
		} else {
			ret->swap_type = (uint8_t)(value >> SWAP_TYPE_SHIFT_4_8 & ((1u << SWAP_TYPE_BITS) - 1));
			ret->swap_offset = value >> SWAP_OFFSET_SHIFT;
		}
	} else {
		ret->kind = MO_ENTRY_NONE;
	}
}

static unsigned decode(const struct mo_paging *paging, unsigned height, const uint8_t *raw, unsigned n, struct mo_page_entry *ret)
{
	const uint64_t address_mask = ENTRY_ADDRESS & ~paging->encryption_mask;
	const uint64_t leaf_mask = address_mask & ~((1ull << (PAGE_SHIFT + INDEX_BITS * height)) - 1);
	const uint64_t leaf_bit = !height ? ENTRY_PRESENT : height <= HEIGHT_OF_PUD ? ENTRY_HUGE : 0;
	unsigned n_found = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t value = mo_load_u64(raw + i * 8ul, false);
		struct mo_page_entry *entry = &ret[n_found];

		if (!value)
			continue;
		entry->value = value;
		entry->index = (uint16_t)i;
		entry->swap_type = 0;
		if (value & ENTRY_PRESENT) {
			bool is_leaf = value & leaf_bit;

			entry->kind = is_leaf ? MO_ENTRY_LEAF : MO_ENTRY_TABLE;
			entry->pa = value & (is_leaf ? leaf_mask : address_mask);
			entry->flags = flags_of(value);
		} else {
			decode_absent(value, height, leaf_mask, entry);
		}
		n_found += entry->kind != MO_ENTRY_NONE;
	}
	return n_found;
}

/* _PAGE_TABLE and _KERNPG_TABLE; espfix_64.c has them read-only. The bits that do not count: RW, USER, NX. */
static void entry_words(const struct mo_paging *paging, struct mo_entry_words *ret)
{
	uint64_t address_mask = ENTRY_ADDRESS & ~paging->encryption_mask;

	*ret = (struct mo_entry_words){
		.pa_mask = address_mask,
		.present_mask = ENTRY_PRESENT,
		.table_mask = ~(ENTRY_ADDRESS | ENTRY_RW | ENTRY_USER | ENTRY_NX),
		.table_bits = ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_DIRTY,
	};
}

static const char *level_name(const struct mo_paging *paging, unsigned height)
{
	return height == paging->levels - 1 ? "PGD" : lower_levels[height];
}

static struct mo_error *walk(const struct mo_arch_view *view, const struct mo_paging *paging, uint64_t va,
			     struct mo_arch_translation *ret)
{
	return mo_arch_walk(&mo_arch_x86_64, view, paging, va, ret);
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
	struct mo_paging paging = { .found_by = "VMCOREINFO" };
	int64_t swapper_kva;
	int64_t phys_base = (int64_t)view->phys_base;
	int64_t number;

	if (!view->vmcoreinfo || !view->vmcoreinfo(view->context, "SYMBOL(swapper_pg_dir)", &swapper_kva))
		return mo_error_create(MO_E_ABSENT, "VMCOREINFO has no SYMBOL(swapper_pg_dir)");
	/* NUMBER(phys_base) since 4.10 (arch/x86/kernel/crash_core_64.c); kdump headers carry it as well. */
	if (!view->vmcoreinfo(view->context, "NUMBER(phys_base)", &phys_base) && !view->has_phys_base)
		return mo_error_create(MO_E_ABSENT, "VMCOREINFO has no NUMBER(phys_base)");
	set_geometry(&paging, view->vmcoreinfo(view->context, "NUMBER(pgtable_l5_enabled)", &number) && number ? 5 : 4);
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

static bool try_root(const struct mo_arch_view *view, uint64_t root, unsigned levels, struct mo_paging *ret)
{
	struct mo_paging paging = { .root_pa = root & ~ENCRYPTION_BITS, .encryption_mask = root & ENCRYPTION_BITS,
				    .found_by = "CR3 of a CPU" };
	uint64_t text_kva = LINKED_TEXT_KVA;

	set_geometry(&paging, levels);
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

static bool registers(const struct mo_arch_view *view, const struct mo_arch_note *note, struct mo_arch_registers *ret)
{
	bool is_prstatus = !strcmp(note->name, "CORE") && note->type == NT_PRSTATUS;
	size_t offset = is_prstatus ? PRSTATUS_REGISTERS_OFFSET : QEMU_REGISTERS_OFFSET;
	struct mo_arch_registers found = { .n_words = is_prstatus ? PRSTATUS_REGISTERS : QEMU_REGISTERS };

	(void)view;
	if ((!is_prstatus && strcmp(note->name, "QEMU")) || note->desc_bytes < offset + found.n_words * 8)
		return false;
	for (size_t i = 0; i < found.n_words; i++)
		found.words[i] = mo_load_u64(note->desc + offset + i * 8, false);
	found.instruction = found.words[is_prstatus ? PRSTATUS_INSTRUCTION : QEMU_INSTRUCTION];
	found.stack = found.words[is_prstatus ? PRSTATUS_STACK : QEMU_STACK];
	*ret = found;
	return true;
}

/*
 * page_offset_base, which KASLR moves; else where Documentation/x86/x86_64/mm.rst has it: the base moved in 4.20 (commit
 * d52888aa2753).
 */
static size_t direct_maps(const struct mo_arch_view *view, const struct mo_paging *paging, struct mo_arch_direct_map *ret,
			  size_t room)
{
	const uint64_t bases[] = { 0, paging->levels == 5 ? 0xff11000000000000ull : 0xffff888000000000ull,
				   paging->levels == 5 ? 0xff10000000000000ull : 0xffff880000000000ull };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]) && n < room; i++) {
		uint64_t base_kva = bases[i];

		if (!base_kva && !(view->variable && view->variable(view->context, "page_offset_base", &base_kva)))
			continue;
		ret[n++] = (struct mo_arch_direct_map){ .base_kva = base_kva };
	}
	return n;
}

/* Where CPUs that return to 16-bit code pass by (espfix_64.c, ESPFIX_BASE_ADDR); the image with modules and fixmap. */
static const struct mo_arch_range ranges[] = {
	{ .first_kva = 0xffffff0000000000ull, .last_kva = 0xffffff7fffffffffull },
	{ .first_kva = START_KERNEL_MAP, .last_kva = UINT64_MAX },
};

static size_t mapped_ranges(const struct mo_paging *paging, struct mo_arch_range *ret, size_t room)
{
	size_t n = sizeof(ranges) / sizeof(ranges[0]);

	(void)paging;
	n = n < room ? n : room;
	memcpy(ret, ranges, n * sizeof(*ret));
	return n;
}

/* call rel32: 0xe8, and the distance from the next instruction. */
static bool has_call(const uint8_t *code, size_t n_bytes, uint64_t kva, uint64_t target_kva)
{
	for (size_t i = 0; i + 5 <= n_bytes; i++)
		if (code[i] == 0xe8 && kva + i + 5 + (uint64_t)(int64_t)(int32_t)mo_load_u32(code + i + 1, false) == target_kva)
			return true;
	return false;
}

/* VMALLOC_TOTAL (arch/x86/include/asm/pgtable_64_types.h): 32 TiB, or 12,800 TiB with five levels. */
static uint64_t vmalloc_bytes(const struct mo_paging *paging)
{
	return ((paging->levels == 5 ? 12800ull : 32ull) << 40) - 1;
}

/* arch/x86/include/asm/cpufeatures.h: X86_FEATURE_PTI (4.15), X86_FEATURE_OSPKE (4.6) */
static int feature_bit(enum mo_cpu_feature feature)
{
	switch (feature) {
	case MO_CPU_PAIRED_TABLES:
		return 7 * 32 + 11;
	case MO_CPU_PROTECTION_KEYS:
		return 16 * 32 + 4;
	}
	return -1;
}

/* VM_PKEY_BIT0 to 3 (include/linux/mm.h). */
static const char *vma_flag(unsigned bit, bool has_keys)
{
	(void)has_keys;
	return bit >= 32 && bit <= 35 ? "" : NULL;
}

static const struct mo_arch_flag flags[] = {
	{ .bit = 0, .name = "PRESENT" },
	{ .bit = 1, .name = "RW" },
	{ .bit = 2, .name = "USER" },
	{ .bit = 3, .name = "PWT" },
	{ .bit = 4, .name = "PCD" },
	{ .bit = 5, .name = "ACCESSED" },
	{ .bit = 6, .name = "DIRTY", .of_leaves = true },
	{ .bit = 8, .name = "GLOBAL", .of_leaves = true, .of_access = true },
	{ .bit = 8, .name = "PROT_NONE", .of_leaves = true, .of_no_access = true },
	{ .bit = 63, .name = "NX" },
};

static const char *const vmcoreinfo_keys[] = { "NUMBER(pgtable_l5_enabled)", "NUMBER(sme_mask)",
					       "NUMBER(KERNEL_IMAGE_SIZE)", NULL };

const struct mo_arch mo_arch_x86_64 = {
	.name = "x86_64",
	.pointer_bytes = 8,
	.vmcoreinfo_keys = vmcoreinfo_keys,
	.set_geometry = set_geometry,
	.find_paging = find_paging,
	.decode = decode,
	.level_name = level_name,
	.flags = flags,
	.n_flags = sizeof(flags) / sizeof(flags[0]),
	.entry_words = entry_words,
	.direct_maps = direct_maps,
	.mapped_ranges = mapped_ranges,
	.registers = registers,
	.has_call = has_call,
	.feature_bit = feature_bit,
	.vma_flag = vma_flag,
	.vmalloc_bytes = vmalloc_bytes,
	.unwinding = &mo_arch_x86_64_unwinding,
};
