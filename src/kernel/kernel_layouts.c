/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Binds the layouts of src/kernel and src/mm, each once, when it is asked for. */

#include <pthread.h>
#include <stdatomic.h>

#include "kernel_layouts.h"

#include "cleanup.h"
#include "kernel_private.h"

enum slot_state { SLOT_EMPTY = 0, SLOT_READY = 1, SLOT_FAILED = 2 };

/*
 * A layout may need another one to finish (the per-CPU table reads a cpumask), so each has its own lock; the order
 * in which they are taken is that of the ids' dependencies, which has no cycle.
 */
struct layout_slot {
	pthread_mutex_t lock;
	_Atomic int state;
	const struct mo_layout_table *table; /* SLOT_READY */
	void *layout;             /* SLOT_READY */
	enum mo_error_code code;  /* SLOT_FAILED: what binding said, for all who ask again */
	char *text;
};

struct mo_kernel_layouts {
	struct layout_slot slots[MO_LAYOUT_IDS];
};

static const struct mo_layout_table *const tables[MO_LAYOUT_KERNEL_IDS] = {
	[MO_LAYOUT_LIST] = &mo_list_table,
	[MO_LAYOUT_RBTREE] = &mo_rbtree_table,
	[MO_LAYOUT_XARRAY] = &mo_xarray_table,
	[MO_LAYOUT_MAPLE] = &mo_maple_table,
	[MO_LAYOUT_SETS] = &mo_sets_table,
	[MO_LAYOUT_CPUS] = &mo_cpus_table,
	[MO_LAYOUT_PERCPU_COUNTER] = &mo_percpu_counter_table,
	[MO_LAYOUT_MEMMAP] = &mo_memmap_table,
	[MO_LAYOUT_LOG_RING] = &mo_log_ring_table,
	[MO_LAYOUT_LOG_RECORDS] = &mo_log_records_table,
	[MO_LAYOUT_MODULES] = &mo_modules_table,
	[MO_LAYOUT_MODULE_BTF] = &mo_module_btf_table,
	[MO_LAYOUT_STACK_DEPOT] = &mo_stack_depot_table,
	[MO_LAYOUT_UNWIND] = &mo_unwind_layout_table,
};

struct mo_kernel_layouts *mo_kernel_layouts_create(void)
{
	struct mo_kernel_layouts *layouts = calloc(1, sizeof(*layouts));
	size_t i;

	if (!layouts)
		return NULL;
	for (i = 0; i < MO_LAYOUT_IDS; i++)
		pthread_mutex_init(&layouts->slots[i].lock, NULL);
	return layouts;
}

void mo_kernel_layouts_destroy(struct mo_kernel_layouts *layouts)
{
	size_t i;

	if (!layouts)
		return;
	for (i = 0; i < MO_LAYOUT_IDS; i++) {
		struct layout_slot *slot = &layouts->slots[i];

		if (slot->layout && slot->table->release)
			slot->table->release(slot->layout);
		free(slot->layout);
		free(slot->text);
		pthread_mutex_destroy(&slot->lock);
	}
	free(layouts);
}

const struct mo_layout_table *const *mo_kernel_layout_tables(size_t *n_ret)
{
	*n_ret = MO_LAYOUT_KERNEL_IDS;
	return tables;
}

size_t mo_kernel_layout_needs(const struct mo_need **needs, size_t *n_needs)
{
	static const enum mo_layout_id common[] = { MO_LAYOUT_LIST, MO_LAYOUT_RBTREE, MO_LAYOUT_XARRAY, MO_LAYOUT_SETS,
						    MO_LAYOUT_CPUS, MO_LAYOUT_PERCPU_COUNTER, MO_LAYOUT_MEMMAP,
						    MO_LAYOUT_LOG_RING };
	size_t i;

	for (i = 0; i < MO_N_ROWS(common); i++) {
		needs[i] = tables[common[i]]->needs;
		n_needs[i] = tables[common[i]]->n_needs;
	}
	return MO_N_ROWS(common);
}

static struct mo_error *bind_table(struct mo_kernel *kernel, const struct mo_layout_table *table, void **ret)
{
	void *layout = calloc(1, table->layout_bytes);
	struct mo_error *error;

	if (!layout)
		return mo_error_no_memory();
	/* One pass over the debug information for the whole table, if nobody asked for it before. */
	error = mo_needs_prefetch(mo_kernel_types(kernel), &table->needs, &table->n_needs, 1);
	if (!error)
		error = mo_bind(kernel, table->needs, table->n_needs, layout);
	if (!error && table->finish)
		error = table->finish(kernel, layout);
	if (error) {
		if (table->release)
			table->release(layout);
		free(layout);
		return error;
	}
	*ret = layout;
	return NULL;
}

/* Under the slot's lock. */
static struct mo_error *fill(struct mo_kernel *kernel, const struct mo_layout_table *table, struct layout_slot *slot)
{
	struct mo_error *error = bind_table(kernel, table, &slot->layout);

	if (!error) {
		slot->table = table;
		atomic_store_explicit(&slot->state, SLOT_READY, memory_order_release);
		return NULL;
	}
	/* Short memory may pass, and so is not remembered. */
	if (mo_error_ends_run(error))
		return error;
	slot->text = strdup(mo_error_text(error));
	if (slot->text) {
		slot->code = mo_error_code(error);
		atomic_store_explicit(&slot->state, SLOT_FAILED, memory_order_release);
	}
	return error;
}

struct mo_error *mo_kernel_layout_from(struct mo_kernel *kernel, const struct mo_layout_table *table, const void **ret)
{
	struct layout_slot *slot = &mo_kernel_layouts_of(kernel)->slots[table->id];
	int state = atomic_load_explicit(&slot->state, memory_order_acquire);

	if (state == SLOT_EMPTY) {
		struct mo_error *error = NULL;

		pthread_mutex_lock(&slot->lock);
		state = atomic_load_explicit(&slot->state, memory_order_relaxed);
		if (state == SLOT_EMPTY) {
			error = fill(kernel, table, slot);
			state = atomic_load_explicit(&slot->state, memory_order_relaxed);
		}
		pthread_mutex_unlock(&slot->lock);
		if (error)
			return error;
	}
	if (state == SLOT_FAILED)
		return mo_error_create(slot->code, "%s", slot->text);
	*ret = slot->layout;
	return NULL;
}

struct mo_error *mo_kernel_layout(struct mo_kernel *kernel, enum mo_layout_id id, const void **ret)
{
	return mo_kernel_layout_from(kernel, tables[id], ret);
}
