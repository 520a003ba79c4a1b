/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VMAs of an mm: mm->mmap linked by vm_next until 6.0, the maple tree mm->mm_mt since 6.1. */
#include "vmas.h"

#include <inttypes.h>

#define MAX_VMAS (1u << 24)
#define VSYSCALL_NONE 2u                 /* arch/x86/entry/vsyscall/vsyscall_64.c: { EMULATE, XONLY, NONE } */
#define MM_CONTEXT_HAS_VSYSCALL (1u << 1) /* arch/x86/include/asm/mmu.h */

struct mo_error *read_vma(const struct tasks_state *state, uint64_t kva, struct vma *ret)
{
	const struct tasks_layout *layout = state->layout;
	struct vma vma = { .kva = kva };
	const struct {
		const struct mo_field *field;
		uint64_t *into;
	} members[] = {
		{ &layout->vma.start, &vma.start },       { &layout->vma.end, &vma.end },
		{ &layout->vma.flags, &vma.flags },       { &layout->vma.pgoff, &vma.pgoff },
		{ &layout->vma.file, &vma.file_kva },     { &layout->vma.ops, &vma.ops_kva },
		{ &layout->vma.anon_vma, &vma.anon_vma_kva }, { &layout->vma.private_data, &vma.private_kva },
		{ &layout->vma.anon_name, &vma.anon_name_kva },
	};
	struct mo_error *error = NULL;

	for (size_t i = 0; !error && i < sizeof(members) / sizeof(members[0]); i++)
		if (mo_has(members[i].field))
			error = mo_read_field(state->reader, members[i].field, kva, members[i].into);
	if (error)
		return error;
	/* While the name shared its place with the tree of a file's mappings, only anonymous VMAs had one. */
	if (vma.file_kva && mo_has(&layout->vma.anon_name) && mo_has(&layout->vma.shared) &&
	    layout->vma.anon_name.offset_bytes - layout->vma.shared.offset_bytes < layout->vma.shared.size_bytes)
		vma.anon_name_kva = 0;
	*ret = vma;
	return NULL;
}

/* get_gate_vma() */
static bool has_gate(const struct tasks_state *state, const struct mo_mm *mm)
{
	const struct tasks_layout *layout = state->layout;
	uint32_t mode = VSYSCALL_NONE;
	uint64_t context = 0;
	struct mo_error *error;

	if (!mo_has(&layout->vma.gate_vma) || !mo_has(&layout->vma.vsyscall_mode))
		return false;
	error = mo_read_u32(state->reader, layout->vma.vsyscall_mode.kva, &mode);
	if (!error && mo_has(&layout->vma.context_flags)) {
		error = mo_read_field(state->reader, &layout->vma.context_flags, mm->kva, &context);
		context = !(context & MM_CONTEXT_HAS_VSYSCALL);
	} else if (!error && mo_has(&layout->vma.ia32_compat)) {
		error = mo_read_field(state->reader, &layout->vma.ia32_compat, mm->kva, &context);
	}
	if (error) {
		mo_error_destroy(error);
		return false;
	}
	return mode != VSYSCALL_NONE && !context;
}

void vmas_begin(struct vma_walk *walk, struct tasks_state *state, const struct mo_mm *mm)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t first_kva = 0;

	*walk = (struct vma_walk){ .state = state, .mm = mm, .by_tree = mo_has(&layout->vma.tree),
				   .gate_is_due = has_gate(state, mm) };
	if (walk->by_tree) {
		mo_maple_begin(&walk->walk.tree, state->reader, mo_field_kva(&layout->vma.tree, mm->kva), MAX_VMAS);
		return;
	}
	if (!mo_has(&layout->vma.mmap) || !mo_has(&layout->vma.next))
		mo_trouble_note(&state->broken_vmas, mo_error_create(MO_E_ABSENT, "where this kernel keeps VMAs is unknown"));
	else
		mo_trouble_note(&state->broken_vmas, mo_read_field(state->reader, &layout->vma.mmap, mm->kva, &first_kva));
	mo_chain_begin(&walk->walk.list, state->reader, first_kva,
		       mo_has(&layout->vma.next) ? layout->vma.next.offset_bytes : 0, MAX_VMAS);
}

static bool next_kva(struct vma_walk *walk, uint64_t *kva, uint64_t *first, uint64_t *last)
{
	if (walk->by_tree)
		return mo_maple_next(&walk->walk.tree, first, last, kva);
	*first = *last = 0;
	return mo_chain_next(&walk->walk.list, kva);
}

/* Whether a VMA makes sense where it was found: beyond the last one, and as long as the tree says. */
static struct mo_error *check_place(const struct vma_walk *walk, const struct vma *vma, uint64_t first, uint64_t last)
{
	if (vma->end <= vma->start || vma->start < walk->last_end ||
	    (walk->by_tree && (vma->start != first || vma->end - 1 != last)))
		return mo_error_create(MO_E_CORRUPT, "the VMA at 0x%" PRIx64 " says 0x%" PRIx64 "-0x%" PRIx64
				       ", which does not fit where it was found", vma->kva, vma->start, vma->end);
	return NULL;
}

bool vmas_next(struct vma_walk *walk, struct vma *ret)
{
	struct tasks_state *state = walk->state;
	uint64_t kva, first, last;

	while (next_kva(walk, &kva, &first, &last)) {
		struct mo_error *error = read_vma(state, kva, ret);

		if (!error)
			error = check_place(walk, ret, first, last);
		if (!error) {
			walk->last_end = ret->end;
			return true;
		}
		mo_trouble_note(&state->broken_vmas, error);
	}
	if (walk->gate_is_due) {
		struct mo_error *error = read_vma(state, state->layout->vma.gate_vma.kva, ret);

		walk->gate_is_due = false;
		ret->is_gate = true;
		if (!error)
			return true;
		mo_trouble_note(&state->broken_vmas, error);
	}
	return false;
}

void vmas_end(struct vma_walk *walk)
{
	struct mo_error *error = walk->by_tree ? mo_maple_end(&walk->walk.tree) : mo_chain_end(&walk->walk.list);

	mo_trouble_note(&walk->state->broken_vmas, mo_error_prepend(error, "VMAs of the mm at 0x%" PRIx64, walk->mm->kva));
}
