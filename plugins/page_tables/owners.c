/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose top tables there are: the kernel's, those of tasks, the one through which the kernel writes its own code, EFI's,
 * and what the list of all top tables has beside these.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mo_error *add_owner(struct page_tables_state *state, const struct mo_table_owner *owner)
{
	if (state->n_owners == state->n_owners_allocated) {
		size_t n = state->n_owners ? state->n_owners * 2 : 64;
		struct mo_table_owner *grown = reallocarray(state->owners, n, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		state->owners = grown;
		state->n_owners_allocated = n;
	}
	state->owners[state->n_owners++] = *owner;
	return NULL;
}

/* Its top table; an mm without one (0) has no tables. */
static struct mo_error *find_root(struct page_tables_state *state, uint64_t pgd_kva, struct mo_table_owner *owner)
{
	uint64_t root_pa = 0;
	struct mo_error *error = mo_translate(mo_run_reader(state->run), pgd_kva, &root_pa, NULL);

	owner->root_pa = root_pa;
	return mo_error_prepend(error, "the top table of the mm_struct at 0x%" PRIx64, owner->mm_kva);
}

static struct mo_error *add_tasks(struct page_tables_state *state)
{
	const struct mo_tasks_model *tasks = state->tasks;
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(state->run))->page_shift;
	struct mo_error *memory = NULL;

	for (size_t i = 0; tasks && i < tasks->n_mms && !memory; i++) {
		const struct mo_mm *mm = &tasks->mms[i];
		struct mo_table_owner owner = { .kind = MO_TABLES_OF_TASKS, .mm_kva = mm->kva, .is_complete = true };
		struct mo_error *error;

		owner.counted_pages = mm->pgtables_bytes;
		owner.counted_pages.value >>= page_shift;
		if (mm->first_task < tasks->n_tasks) {
			owner.pid = tasks->tasks[mm->first_task].pid;
			memcpy(owner.comm, tasks->tasks[mm->first_task].comm, sizeof(owner.comm));
		}
		if (!mm->is_readable || !mm->pgd_kva)
			continue;
		error = find_root(state, mm->pgd_kva, &owner);
		if (error)
			mo_trouble_note(&state->unreadable_owners, error);
		else
			memory = add_owner(state, &owner);
	}
	return memory;
}

static bool is_known_root(const struct page_tables_state *state, uint64_t root_pa)
{
	for (size_t i = 0; i < state->n_owners; i++)
		if (state->owners[i].root_pa == root_pa)
			return true;
	return false;
}

/* An mm that no task has, by its address. */
static struct mo_error *add_mm(struct page_tables_state *state, uint64_t mm_kva, enum mo_table_owner_kind kind, const char *name)
{
	const struct page_tables_layout *layout = state->layout;
	struct mo_table_owner owner = { .kind = kind, .mm_kva = mm_kva, .is_complete = true };
	struct mo_reader *reader = mo_run_reader(state->run);
	uint64_t pgd_kva = 0;
	uint64_t bytes = 0;
	struct mo_error *error = mm_kva ? mo_read_field(reader, &layout->mm_pgd, mm_kva, &pgd_kva) : NULL;

	if (!error && !pgd_kva)
		return NULL;
	if (!error && mo_has(&layout->mm_pgtables_bytes)) {
		error = mo_read_field(reader, &layout->mm_pgtables_bytes, mm_kva, &bytes);
		owner.counted_pages = mo_exact(bytes >> mo_kernel_facts(mo_run_kernel(state->run))->page_shift);
	}
	if (!error)
		error = find_root(state, pgd_kva, &owner);
	if (error) {
		mo_trouble_note(&state->unreadable_owners, mo_error_prepend(error, "%s", name));
		return NULL;
	}
	snprintf(owner.comm, sizeof(owner.comm), "%s", name);
	return is_known_root(state, owner.root_pa) ? NULL : add_owner(state, &owner);
}

static struct mo_error *add_by_symbol(struct page_tables_state *state)
{
	const struct page_tables_layout *layout = state->layout;
	uint64_t mm_kva = 0;
	struct mo_error *error = NULL;

	if (mo_has(&layout->poking_mm)) {
		error = mo_read_pointer(mo_run_reader(state->run), layout->poking_mm.kva, &mm_kva);
		mo_trouble_note(&state->unreadable_owners, mo_error_prepend(error, "%s", layout->poking_mm.name));
		error = add_mm(state, mm_kva, MO_TABLES_OF_PATCHING, "(code patching)");
	}
	if (!error && mo_has(&layout->efi_mm))
		error = add_mm(state, layout->efi_mm.kva, MO_TABLES_OF_EFI, "(EFI)");
	return error;
}

/* The top tables beside the kernel's own that architectures have in the image. */
static struct mo_error *add_others(struct page_tables_state *state)
{
	uint64_t roots_pa[MO_MAX_OTHER_ROOTS];
	size_t n = mo_other_root_tables(mo_run_reader(state->run), roots_pa, MO_MAX_OTHER_ROOTS);
	struct mo_error *error = NULL;

	for (size_t i = 0; i < n && !error; i++) {
		const struct mo_table_owner owner = { .kind = MO_TABLES_OF_ENTRY, .root_pa = roots_pa[i], .is_complete = true,
						      .comm = "(kernel entry)" };

		error = is_known_root(state, owner.root_pa) ? NULL : add_owner(state, &owner);
	}
	return error;
}

static int compare_roots(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a;
	uint64_t second = *(const uint64_t *)b;

	return first < second ? -1 : first > second;
}

/* All known roots, so that each of the list costs one search. */
static struct mo_error *known_roots(const struct page_tables_state *state, uint64_t **ret)
{
	uint64_t *roots = calloc(state->n_owners + 1, sizeof(*roots));

	if (!roots)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->n_owners; i++)
		roots[i] = state->owners[i].root_pa;
	qsort(roots, state->n_owners, sizeof(*roots), compare_roots);
	*ret = roots;
	return NULL;
}

/* pgd_list links the struct pages of all top tables but the kernel's own. */
static struct mo_error *add_listed(struct page_tables_state *state)
{
	const struct page_tables_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(state->run))->page_shift;
	size_t n_known = state->n_owners;
	struct mo_list_walk walk;
	uint64_t *roots = NULL;
	uint64_t node_kva;
	struct mo_error *memory;

	if (!mo_has(&layout->pgd_list) || !mo_has(&layout->ptdesc.list) || !mo_has(&layout->ptdesc.mm))
		return NULL;
	memory = known_roots(state, &roots);
	if (memory)
		return memory;
	mo_list_begin(&walk, reader, layout->pgd_list.kva, MAX_OWNERS);
	while (!memory && mo_list_next(&walk, &node_kva)) {
		struct mo_table_owner owner = { .kind = MO_TABLES_OF_NO_TASK, .is_complete = true, .comm = "(no task)" };
		uint64_t page_kva = node_kva - layout->ptdesc.list.offset_bytes;
		uint64_t pfn = 0;
		struct mo_error *error = mo_page_to_pfn(state->memmap, page_kva, &pfn);

		owner.root_pa = pfn << page_shift;
		if (!error && bsearch(&owner.root_pa, roots, n_known, sizeof(*roots), compare_roots))
			continue;
		if (!error)
			error = mo_read_field(reader, &layout->ptdesc.mm, page_kva, &owner.mm_kva);
		if (!error)
			memory = add_owner(state, &owner);
		mo_trouble_note(&state->unreadable_owners, mo_error_prepend(error, "pgd_list"));
	}
	mo_trouble_note(&state->unreadable_owners, mo_error_prepend(mo_list_end(&walk), "pgd_list"));
	free(roots);
	return memory;
}

static void find_isolation(struct page_tables_state *state)
{
	const struct page_tables_layout *layout = state->layout;
	int bit = mo_cpu_feature_bit(mo_run_kernel(state->run), MO_CPU_PAIRED_TABLES);
	uint64_t word = 0;
	struct mo_error *error;

	if (bit < 0 || !mo_has(&layout->boot_cpu_data) || !mo_has(&layout->capability) ||
	    layout->capability.n_elements <= (unsigned)bit / 32)
		return;
	error = mo_read_element(mo_run_reader(state->run), &layout->capability, layout->boot_cpu_data.kva, (unsigned)bit / 32,
				&word);
	state->has_user_roots = !error && word >> (unsigned)bit % 32 & 1;
	mo_trouble_note(&state->unreadable_owners, mo_error_prepend(error, "whether top tables are pairs"));
}

struct mo_error *gather_owners(struct page_tables_state *state)
{
	const struct mo_table_owner kernel = {
		.kind = MO_TABLES_OF_KERNEL,
		.mm_kva = mo_has(&state->layout->init_mm) ? state->layout->init_mm.kva : 0,
		.root_pa = mo_kernel_root_table_pa(mo_run_kernel(state->run)),
		.comm = "(kernel)",
		.is_complete = true,
	};
	struct mo_error *error = add_owner(state, &kernel);

	find_isolation(state);
	if (!error)
		error = add_tasks(state);
	if (!error)
		error = add_by_symbol(state);
	if (!error)
		error = add_others(state);
	if (!error)
		error = add_listed(state);
	return error;
}
