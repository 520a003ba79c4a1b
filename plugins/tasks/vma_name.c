/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc/PID/maps calls a VMA: get_vma_name(), before 6.6 a part of show_map_vma() (fs/proc/task_mmu.c). */
#include "vmas.h"

#include <string.h>

#define MAX_ANON_NAME_BYTES 256

static void set_name(struct vma_name *name, const char *text)
{
	name->n_bytes = strlen(text);
	memcpy(name->bytes, text, name->n_bytes);
	name->is_known = true;
}

/* A special mapping's name (mm/mmap.c); other VMAs with a naming function are told as unknown. */
static struct mo_error *name_by_ops(const struct tasks_state *state, const struct vma *vma, struct vma_name *ret, bool *found)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t function_kva = 0;
	char text[128];
	struct mo_error *error;

	*found = false;
	if (!vma->ops_kva || !mo_has(&layout->vma.ops_name))
		return NULL;
	error = mo_read_field(state->reader, &layout->vma.ops_name, vma->ops_kva, &function_kva);
	if (error || !function_kva)
		return error;
	*found = true;
	if (!mo_has(&layout->vma.special_mapping_name) || function_kva != layout->vma.special_mapping_name.kva ||
	    !mo_has(&layout->vma.special_name))
		return NULL;
	error = mo_read_field_string(state->reader, &layout->vma.special_name, vma->private_kva, text, sizeof(text));
	if (!error)
		set_name(ret, text);
	return error;
}

static struct mo_error *name_by_user(const struct tasks_state *state, const struct vma *vma, const char *kind,
				     struct vma_name *ret)
{
	char text[MAX_ANON_NAME_BYTES];
	char whole[MAX_ANON_NAME_BYTES + 32];
	struct mo_error *error;

	if (!mo_has(&state->layout->vma.anon_name_text))
		return mo_error_create(MO_E_ABSENT, "struct anon_vma_name is not known");
	error = mo_read_string(state->reader, mo_field_kva(&state->layout->vma.anon_name_text, vma->anon_name_kva), text,
			       sizeof(text), NULL);
	if (error)
		return error;
	snprintf(whole, sizeof(whole), "[%s:%s]", kind, text);
	set_name(ret, whole);
	return NULL;
}

/* [heap] and [stack], by what the mm says of them. */
static struct mo_error *name_by_place(const struct tasks_state *state, const struct mo_mm *mm, const struct vma *vma,
				      struct vma_name *ret)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t brk = 0;
	uint64_t start_brk = 0;
	uint64_t start_stack = 0;
	bool touching_is_enough = !mo_has(&layout->vma.lock_seq);
	struct mo_error *error;

	if (!mo_has(&layout->vma.brk) || !mo_has(&layout->vma.start_brk) || !mo_has(&layout->vma.start_stack))
		return NULL;
	error = mo_read_field(state->reader, &layout->vma.brk, mm->kva, &brk);
	if (!error)
		error = mo_read_field(state->reader, &layout->vma.start_brk, mm->kva, &start_brk);
	if (!error)
		error = mo_read_field(state->reader, &layout->vma.start_stack, mm->kva, &start_stack);
	if (error)
		return error;
	if (touching_is_enough ? vma->start <= brk && vma->end >= start_brk : vma->start < brk && vma->end > start_brk)
		set_name(ret, "[heap]");
	else if (vma->start <= start_stack && vma->end >= start_stack)
		set_name(ret, "[stack]");
	return NULL;
}

void name_vma(struct tasks_state *state, const struct mo_mm *mm, const struct vma *vma, struct vma_name *ret)
{
	struct mo_error *error = NULL;
	bool has_own_name = false;

	ret->n_bytes = 0;
	ret->is_known = false;
	if (vma->is_gate) {
		set_name(ret, "[vsyscall]");
		return;
	}
	if (vma->file_kva && vma->anon_name_kva) {
		error = name_by_user(state, vma, "anon_shmem", ret);
	} else if (vma->file_kva) {
		error = read_file_path(state, vma->file_kva, ret);
	} else {
		error = name_by_ops(state, vma, ret, &has_own_name);
		if (!error && !has_own_name) {
			error = name_by_place(state, mm, vma, ret);
			if (!error && !ret->n_bytes && vma->anon_name_kva)
				error = name_by_user(state, vma, "anon", ret);
			ret->is_known = !error;
		}
	}
	if (!error)
		return;
	ret->is_known = false;
	mo_trouble_note(&state->broken_vmas, error);
}
