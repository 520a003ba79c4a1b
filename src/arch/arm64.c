/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * arm64: translation tables of 4, 16 and 64 KiB granules with 39 to 52 bits of address (Arm ARM, D8; the kernel's
 * arch/arm64/include/asm/pgtable-hwdef.h, pgtable-prot.h, memory.h), one top table for each half of the address space,
 * and a kernel image that lies neither in the direct map nor at a fixed distance from physical memory.
 */
#include "arch.h"

#include <inttypes.h>

#include "bytes.h"
#include "cleanup.h"

/* pgtable-hwdef.h and pgtable-prot.h: PTE_*, PMD_* */
#define ENTRY_VALID (1ull << 0)
#define ENTRY_TABLE (1ull << 1)                /* a page in the last table, a lower table in all others; else a block */
#define ENTRY_USER (1ull << 6)
#define ENTRY_RDONLY (1ull << 7)
#define ENTRY_AF (1ull << 10)
#define ENTRY_NG (1ull << 11)
#define ENTRY_WRITE (1ull << 51)               /* PTE_DBM: may become writable */
#define ENTRY_PXN (1ull << 53)
#define ENTRY_UXN (1ull << 54)
#define ENTRY_DIRTY (1ull << 55)
#define ENTRY_SPECIAL (1ull << 56)
#define ENTRY_PROT_NONE (1ull << 58)           /* until 6.10 */
#define ENTRY_PRESENT_INVALID (1ull << 59)     /* of huge pages that are being split, until 6.10 */
#define TABLE_PXN (1ull << 59)
#define TABLE_UXN (1ull << 60)

#define ADDRESS_TOP 0x0000ffffffffffffull      /* 48 bits stand where they are */
#define ADDRESS_TOP_LPA2 0x0003ffffffffffffull /* 50 bits, and two more in the place of the shareability */
#define LPA2_BITS 0x300ull
#define LPA2_SHIFT (50 - 8)
#define LPA_BITS 0xf000ull                     /* 64 KiB granule: bits 48 to 51 */
#define LPA_SHIFT (48 - 12)

/* struct mo_paging's entry_form */
enum {
	FORM_LPA2 = 1u << 0,                   /* 4 and 16 KiB granules with 52 bits */
	FORM_SWAP_6_11 = 1u << 1,              /* PTE_PRESENT_INVALID in the place of nG, swap types from bit 6 on */
	FORM_SWAP_OLD = 1u << 2,               /* before 5.19: swap types from bit 2 on */
};

#define SWAP_TYPE_MASK 31u                     /* MAX_SWAPFILES_SHIFT */
#define SWAP_OFFSET_MASK_OLD ((1ull << 50) - 1)

#define IMAGE_ALIGN_BYTES (64ull << 10)        /* _stext follows _text by SEGMENT_ALIGN at most; and KASLR's step is larger */
#define MAX_IMAGE_BYTES (256ull << 20)
#define VMEMMAP_END_GAP (2ull << 20)

static const char *const lower_levels[MO_ARCH_LEVELS] = { "PTE", "PMD", "PUD", "P4D" };

/* Levels of tables for so many bits of address; the top table has what is left of the index bits. */
static void set_bits(struct mo_paging *paging, unsigned va_bits)
{
	unsigned index_bits = paging->page_shift - 3, left = va_bits - paging->page_shift, levels = 0;

	paging->entry_bytes = 8;
	for (; left && levels < MO_ARCH_LEVELS; levels++) {
		paging->index_bits[levels] = (uint8_t)(left < index_bits ? left : index_bits);
		left -= paging->index_bits[levels];
	}
	mo_paging_set_levels(paging, levels);
	paging->has_own_user_root = true;
	paging->last_user_va = (1ull << va_bits) - 1;
	paging->first_kernel_va = ~paging->last_user_va;
	paging->last_kernel_va = UINT64_MAX;
	paging->signed_mask = paging->first_kernel_va;
	if (va_bits == 52 && paging->page_shift < 16)
		paging->entry_form |= FORM_LPA2;
}

/* The usual number of bits for a granule and levels: what Debian's kernels and others are built with. */
static void set_geometry(struct mo_paging *paging, unsigned levels)
{
	static const struct {
		unsigned page_shift, levels, va_bits;
	} usual[] = { { 12, 3, 39 }, { 12, 4, 48 }, { 12, 5, 52 }, { 14, 2, 36 }, { 14, 3, 47 },
		      { 14, 4, 52 }, { 16, 2, 42 }, { 16, 3, 52 } };

	if (!paging->page_shift)
		paging->page_shift = 12;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].page_shift == paging->page_shift && usual[i].levels == levels)
			set_bits(paging, usual[i].va_bits);
}

static uint64_t address_of(const struct mo_paging *paging, uint64_t value)
{
	uint64_t page_mask = ~((1ull << paging->page_shift) - 1);

	if (paging->entry_form & FORM_LPA2)
		return (value & ADDRESS_TOP_LPA2 & page_mask) | (value & LPA2_BITS) << LPA2_SHIFT;
	if (paging->page_shift == 16)
		return (value & ADDRESS_TOP & page_mask) | (value & LPA_BITS) << LPA_SHIFT;
	return value & ADDRESS_TOP & page_mask;
}

/* pte_dirty(): the kernel's own bit, or writable and no longer read-only; users' code has UXN off, the kernel's PXN. */
static uint32_t flags_of(uint64_t value)
{
	bool is_writable = value & ENTRY_WRITE || !(value & ENTRY_RDONLY);
	bool is_dirty = value & ENTRY_DIRTY || (value & ENTRY_WRITE && !(value & ENTRY_RDONLY));

	return (is_writable ? MO_ENTRY_WRITABLE : 0) | (value & ENTRY_USER || !(value & ENTRY_UXN) ? MO_ENTRY_USER : 0) |
	       (value & ENTRY_AF ? MO_ENTRY_ACCESSED : 0) | (is_dirty ? MO_ENTRY_DIRTY : 0) |
	       (value & ENTRY_UXN && value & ENTRY_PXN ? MO_ENTRY_NO_EXEC : 0) | (value & ENTRY_SPECIAL ? MO_ENTRY_SPECIAL : 0);
}

/*
 * Whether memory is behind an entry that is not valid: without access for users, of a huge page that is being split, or of
 * the direct map, where only the valid bit was taken (KFENCE, secret memory, what debug_pagealloc frees).
 */
static bool has_page(const struct mo_paging *paging, uint64_t value, unsigned height)
{
	if (!height && value & ENTRY_TABLE)
		return true;
	if (paging->entry_form & FORM_SWAP_6_11)
		return value & ENTRY_NG;
	return value & ENTRY_PROT_NONE || (height && value & ENTRY_PRESENT_INVALID);
}

/*
 * pgtable.h, __SWP_*: since 6.11 type bits 6 to 10 and the offset from 12 on; since 5.19 types from bit 3 on, earlier from
 * bit 2 on, the offset from 8 on.
 */
static void decode_swap(const struct mo_paging *paging, uint64_t value, struct mo_page_entry *ret)
{
	unsigned type_shift = paging->entry_form & FORM_SWAP_6_11 ? 6 : paging->entry_form & FORM_SWAP_OLD ? 2 : 3;

	ret->kind = MO_ENTRY_SWAP;
	ret->flags = 0;
	ret->swap_type = (uint8_t)(value >> type_shift & SWAP_TYPE_MASK);
	ret->swap_offset = (paging->entry_form & FORM_SWAP_6_11 ? value >> 12 : value >> 8) & SWAP_OFFSET_MASK_OLD;
}

static unsigned decode(const struct mo_paging *paging, unsigned height, const uint8_t *raw, unsigned n, struct mo_page_entry *ret)
{
	const uint64_t leaf_mask = ~((1ull << paging->shift[height]) - 1);
	unsigned n_found = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t value = mo_load_u64(raw + i * 8ul, paging->is_big_endian);
		struct mo_page_entry *entry = &ret[n_found];
		bool is_valid = value & ENTRY_VALID;
		bool is_table = height && value & ENTRY_TABLE;

		/* What is valid and no page in the last table is reserved: the CPU takes it for nothing. */
		if (!value || (is_valid && !height && !(value & ENTRY_TABLE)))
			continue;
		entry->value = value;
		entry->index = (uint16_t)i;
		entry->swap_type = 0;
		if (is_valid && is_table) {
			entry->kind = MO_ENTRY_TABLE;
			entry->pa = address_of(paging, value);
			entry->flags = 0;
		} else if (is_valid || has_page(paging, value, height)) {
			entry->kind = is_valid ? MO_ENTRY_LEAF : MO_ENTRY_NO_ACCESS;
			entry->pa = address_of(paging, value) & leaf_mask;
			entry->flags = flags_of(value);
		} else if (height > 2) {
			continue;
		} else {
			decode_swap(paging, value, entry);
		}
		n_found++;
	}
	return n_found;
}

/* PMD_TYPE_TABLE with the halves' no-execute bits, and since 6.13 the access flag. */
static void entry_words(const struct mo_paging *paging, struct mo_entry_words *ret)
{
	uint64_t address_mask = (paging->entry_form & FORM_LPA2 ? ADDRESS_TOP_LPA2 : ADDRESS_TOP) &
				~((1ull << paging->page_shift) - 1);

	*ret = (struct mo_entry_words){
		.pa_mask = address_mask,
		.present_mask = ENTRY_VALID,
		.table_mask = ~(address_mask | TABLE_PXN | TABLE_UXN | ENTRY_AF),
		.table_bits = ENTRY_VALID | ENTRY_TABLE,
	};
}

static const char *level_name(const struct mo_paging *paging, unsigned height)
{
	return height == paging->levels - 1 ? "PGD" : lower_levels[height];
}

/* Page tables that map kva to pa are the kernel's. */
static bool leads_to(const struct mo_arch_view *view, const struct mo_paging *paging, uint64_t kva, uint64_t pa)
{
	struct mo_arch_translation translation;
	MO_DROP_ERROR struct mo_error *error = mo_arch_walk(&mo_arch_arm64, view, paging, kva, &translation);

	return !error && translation.is_mapped && translation.pa == pa;
}

static bool number(const struct mo_arch_view *view, const char *key, int64_t *ret)
{
	return view->vmcoreinfo && view->vmcoreinfo(view->context, key, ret);
}

/*
 * The bits of address that the tables are made for. CONFIG_ARM64_VA_BITS is what the kernel was built for; with 52 it may
 * run on a CPU that has less, which T1SZ tells (5.11): with 4 and 16 KiB granules the top table is then one level lower
 * (pgtable_l4_enabled(), pgtable_l5_enabled()), with 64 KiB it keeps the shape of 52 bits.
 */
static unsigned bits_of_tables(const struct mo_arch_view *view, unsigned page_shift, unsigned built_bits)
{
	int64_t t1sz;

	if (built_bits != 52 || page_shift == 16 || !number(view, "NUMBER(TCR_EL1_T1SZ)", &t1sz) || t1sz < 12 || t1sz > 28)
		return built_bits;
	return 64 - (unsigned)t1sz;
}

static struct mo_error *read_numbers(const struct mo_arch_view *view, struct mo_paging *ret, uint64_t *swapper_kva,
				     uint64_t *voffset)
{
	int64_t page_bytes = 4096, va_bits = 0, value = 0;

	if (!number(view, "SYMBOL(swapper_pg_dir)", &value))
		return mo_error_create(MO_E_ABSENT, "VMCOREINFO has no SYMBOL(swapper_pg_dir)");
	*swapper_kva = (uint64_t)value;
	/* Both since 4.12 (20a166243328). */
	if (!number(view, "NUMBER(kimage_voffset)", &value) || !number(view, "NUMBER(VA_BITS)", &va_bits))
		return mo_error_create(MO_E_ABSENT, "VMCOREINFO has no NUMBER(kimage_voffset) or no NUMBER(VA_BITS)");
	*voffset = (uint64_t)value;
	(void)number(view, "PAGESIZE", &page_bytes);
	if (page_bytes != 4096 && page_bytes != 16384 && page_bytes != 65536)
		return mo_error_create(MO_E_CORRUPT, "VMCOREINFO has pages of %" PRId64 " bytes", page_bytes);
	if (va_bits < 36 || va_bits > 52)
		return mo_error_create(MO_E_CORRUPT, "VMCOREINFO has %" PRId64 " bits of virtual address", va_bits);
	ret->page_shift = (unsigned)__builtin_ctzll((uint64_t)page_bytes);
	set_bits(ret, bits_of_tables(view, ret->page_shift, (unsigned)va_bits));
	return NULL;
}

static struct mo_error *find_paging(const struct mo_arch_view *view, struct mo_paging *ret)
{
	struct mo_paging paging = { .found_by = "VMCOREINFO", .is_big_endian = view->is_big_endian };
	uint64_t swapper_kva = 0, voffset = 0;
	int64_t value;

	if (!view->vmcoreinfo)
		return mo_error_create(MO_E_ABSENT, "no VMCOREINFO, and the CPUs' notes of arm64 do not hold TTBR1_EL1");
	MO_TRY(read_numbers(view, &paging, &swapper_kva, &voffset));
	paging.root_pa = swapper_kva - voffset;
	/* The CPU signs above the bits that it translates (KERNELPACMASK, 5.11). */
	if (number(view, "NUMBER(TCR_EL1_T1SZ)", &value) && value >= 12 && value <= 28)
		paging.signed_mask = UINT64_MAX << (64 - (unsigned)value);
	if (number(view, "KERNELOFFSET", &value))
		paging.kaslr_offset = (uint64_t)value;
	if (number(view, "SYMBOL(_stext)", &value)) {
		paging.image_first_kva = ((uint64_t)value & ~(IMAGE_ALIGN_BYTES - 1)) - IMAGE_ALIGN_BYTES;
		paging.image_bytes = MAX_IMAGE_BYTES;
	}
	if (number(view, "NUMBER(VMALLOC_START)", &value))
		paging.vmalloc_first_kva = (uint64_t)value;
	if (number(view, "NUMBER(VMALLOC_END)", &value))
		paging.vmalloc_end_kva = (uint64_t)value;
	if (!leads_to(view, &paging, swapper_kva, paging.root_pa))
		return mo_error_create(MO_E_CORRUPT,
				       "VMCOREINFO puts swapper_pg_dir at 0x%" PRIx64 " (physical 0x%" PRIx64
				       "), but no page tables are there that map it",
				       swapper_kva, paging.root_pa);
	*ret = paging;
	return NULL;
}

/*
 * protection_map[VM_NONE], PAGE_NONE: the kernel's own example of a page without access. Enumerators come with the
 * commits that changed swap entries: PG_anon_exclusive in 5.19.
 */
static void refine(const struct mo_arch_view *view, struct mo_paging *paging)
{
	uint64_t page_none = 0;

	if (view->variable && view->variable(view->context, "protection_map", &page_none) && page_none &&
	    !(page_none & (ENTRY_PROT_NONE | ENTRY_VALID)))
		paging->entry_form |= FORM_SWAP_6_11;
	else if (view->has_enumerator && !view->has_enumerator(view->context, "enum pageflags", "PG_anon_exclusive"))
		paging->entry_form |= FORM_SWAP_OLD;
}

/*
 * arch/arm64/include/asm/memory.h: since 5.4 the direct map is the lower half of the kernel's, from the address on that all
 * VA_BITS give; earlier it was the upper half. PHYS_OFFSET (memstart_addr), which KASLR moves, is mapped there first.
 */
static size_t direct_maps(const struct mo_arch_view *view, const struct mo_paging *paging, struct mo_arch_direct_map *ret,
			  size_t room)
{
	int64_t va_bits = 64 - __builtin_clzll(paging->last_user_va), value;
	uint64_t phys_offset = 0;
	size_t n = 0;

	(void)number(view, "NUMBER(VA_BITS)", &va_bits);
	if (number(view, "NUMBER(PHYS_OFFSET)", &value))
		phys_offset = (uint64_t)value;
	else if (!view->variable || !view->variable(view->context, "memstart_addr", &phys_offset))
		return 0;
	if (va_bits < 36 || va_bits > 52)
		return 0;
	for (unsigned bits = (unsigned)va_bits; bits + 1 >= (unsigned)va_bits && n < room; bits--)
		ret[n++] = (struct mo_arch_direct_map){
			.base_kva = (UINT64_MAX << bits) - phys_offset,
			.first_pa = (int64_t)phys_offset < 0 ? 0 : phys_offset,
		};
	return n;
}

/*
 * What is mapped beside direct map, struct pages and vmalloc lies in the upper half between vmalloc and the end: I/O of PCI, fixed addresses. The
 * image and the modules lie among the vmalloc areas, and have some themselves.
 */
static size_t mapped_ranges(const struct mo_paging *paging, struct mo_arch_range *ret, size_t room)
{
	if (!room || !paging->vmalloc_end_kva)
		return 0;
	*ret = (struct mo_arch_range){ .first_kva = paging->vmalloc_end_kva, .last_kva = paging->last_kernel_va };
	return 1;
}

/*
 * struct elf_prstatus (include/linux/elfcore.h): pr_reg stands behind the signals, the process's numbers and its times. It
 * is struct user_pt_regs (arch/arm64/include/uapi/asm/ptrace.h): x0 to x30, sp, pc, pstate.
 */
#define NT_PRSTATUS 1
#define PRSTATUS_REGISTERS_OFFSET 112
#define PRSTATUS_REGISTERS 34
#define PRSTATUS_STACK 31
#define PRSTATUS_INSTRUCTION 32

static bool registers(const struct mo_arch_view *view, const struct mo_arch_note *note, struct mo_arch_registers *ret)
{
	struct mo_arch_registers found = { .n_words = PRSTATUS_REGISTERS };

	if (strcmp(note->name, "CORE") || note->type != NT_PRSTATUS ||
	    note->desc_bytes < PRSTATUS_REGISTERS_OFFSET + PRSTATUS_REGISTERS * 8)
		return false;
	for (size_t i = 0; i < found.n_words; i++)
		found.words[i] = mo_load_u64(note->desc + PRSTATUS_REGISTERS_OFFSET + i * 8, view->is_big_endian);
	found.stack = found.words[PRSTATUS_STACK];
	found.instruction = found.words[PRSTATUS_INSTRUCTION];
	*ret = found;
	return true;
}

/* BL: 0b100101 and the distance from the instruction itself in words. Instructions are little-endian always. */
static bool has_call(const uint8_t *code, size_t n_bytes, uint64_t kva, uint64_t target_kva)
{
	for (size_t i = (4 - (kva & 3)) & 3; i + 4 <= n_bytes; i += 4) {
		uint32_t instruction = mo_load_u32(code + i, false);
		int64_t distance = (int32_t)(instruction << 6) >> 4;

		if (instruction >> 26 == 0x25 && kva + i + (uint64_t)distance == target_kva)
			return true;
	}
	return false;
}

/* VMALLOC_TOTAL: VMALLOC_END - VMALLOC_START. */
static uint64_t vmalloc_bytes(const struct mo_paging *paging)
{
	return paging->vmalloc_first_kva && paging->vmalloc_end_kva > paging->vmalloc_first_kva ?
		       paging->vmalloc_end_kva - paging->vmalloc_first_kva : 0;
}

/* Page-table isolation has one small table of its own here and no pairs. */
static int feature_bit(enum mo_cpu_feature feature)
{
	(void)feature;
	return -1;
}

/*
 * VM_ARM64_BTI; VM_MTE and VM_MTE_ALLOWED, which made room for three bits of protection keys in 6.12 (include/linux/mm.h).
 * A kernel that has keys calls what is allowed by nothing.
 */
static const char *vma_flag(unsigned bit, bool has_keys)
{
	unsigned tags = has_keys ? 36 : 32;

	if (bit == 24)
		return "bt";
	if (bit == tags)
		return "mt";
	return bit == tags + 1 || (has_keys && bit >= 32 && bit <= 34) ? "" : NULL;
}

static const struct mo_arch_flag flags[] = {
	{ .bit = 0, .name = "VALID" },
	{ .bit = 6, .name = "USER", .of_leaves = true },
	{ .bit = 7, .name = "RDONLY", .of_leaves = true },
	{ .bit = 10, .name = "AF" },
	{ .bit = 11, .name = "NG", .of_leaves = true },
	{ .bit = 50, .name = "GP", .of_leaves = true },
	{ .bit = 51, .name = "WRITE", .of_leaves = true },
	{ .bit = 52, .name = "CONT", .of_leaves = true },
	{ .bit = 53, .name = "PXN", .of_leaves = true },
	{ .bit = 54, .name = "UXN", .of_leaves = true },
	{ .bit = 55, .name = "DIRTY", .of_leaves = true },
	{ .bit = 56, .name = "SPECIAL", .of_leaves = true },
	{ .bit = 58, .name = "PROT_NONE", .of_leaves = true, .of_no_access = true },
	{ .bit = 59, .name = "PXN_TABLE", .of_tables = true },
	{ .bit = 60, .name = "UXN_TABLE", .of_tables = true },
};

static const char *const vmcoreinfo_keys[] = { "NUMBER(kimage_voffset)", "NUMBER(TCR_EL1_T1SZ)", NULL };

/* arch/arm64/mm/mmu.c: what is mapped of the kernel while users' code runs (CONFIG_UNMAP_KERNEL_AT_EL0). */
static const char *const root_symbols[] = { "tramp_pg_dir", NULL };

const struct mo_arch mo_arch_arm64 = {
	.name = "aarch64",
	.pointer_bytes = 8,
	.vmcoreinfo_keys = vmcoreinfo_keys,
	.set_geometry = set_geometry,
	.find_paging = find_paging,
	.refine = refine,
	.decode = decode,
	.level_name = level_name,
	.flags = flags,
	.n_flags = sizeof(flags) / sizeof(flags[0]),
	.entry_words = entry_words,
	.root_symbols = root_symbols,
	.direct_maps = direct_maps,
	.mapped_ranges = mapped_ranges,
	.registers = registers,
	.has_call = has_call,
	.feature_bit = feature_bit,
	.vma_flag = vma_flag,
	.unwinding = &mo_arch_arm64_unwinding,
	.vmalloc_bytes = vmalloc_bytes,
};
