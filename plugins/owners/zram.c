/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages of zsmalloc by the zram device that keeps compressed pages in them (drivers/block/zram/zram_drv.h). Both are
 * modules as a rule: their types are loaded and their rows bound if there are such pages at all.
 */
#include <inttypes.h>
#include <memopsy/walk.h>
#include <stdio.h>

#include "gathering.h"

#define MAX_DEVICES 4096u
#define MAX_NAME_BYTES 33 /* DISK_NAME_LEN, and one */

#define L struct zram_layout
#define OPTIONAL .is_optional = true
#define WHY "CONFIG_ZRAM; mm/zsmalloc.c"

static const struct mo_need rows[] = {
	MO_FIELD(L, mem_pool, "struct zram", "mem_pool", OPTIONAL, .why = WHY),
	MO_FIELD(L, disk, "struct zram", "disk", OPTIONAL, .why = WHY),
	MO_FIELD(L, stored, "struct zram", "stats.pages_stored.counter", OPTIONAL, .why = WHY),
	MO_FIELD(L, compressed, "struct zram", "stats.compr_data_size.counter", OPTIONAL, .why = WHY),
	MO_FIELD(L, disk_name, "struct gendisk", "disk_name", OPTIONAL, .why = "include/linux/blkdev.h"),
	MO_FIELD(L, pages_allocated, "struct zs_pool", "pages_allocated.counter", OPTIONAL, .why = WHY),
};

/* "zram0: 400 pages as 812 KiB": what it stores, and what that is compressed to, as mm_stat says. */
static struct mo_error *name_device(struct owners_state *state, const struct zram_layout *layout, uint64_t zram_kva,
				    struct mo_holder *holder)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	char name[MAX_NAME_BYTES] = "?";
	char detail[100];
	uint64_t disk_kva = 0;
	uint64_t stored = 0;
	uint64_t compressed = 0;
	struct mo_error *error = mo_read_field(reader, &layout->disk, zram_kva, &disk_kva);

	if (!error)
		error = mo_read_field_string(reader, &layout->disk_name, disk_kva, name, sizeof(name));
	if (!error && mo_has(&layout->stored) && mo_has(&layout->compressed)) {
		error = mo_read_field(reader, &layout->stored, zram_kva, &stored);
		if (!error)
			error = mo_read_field(reader, &layout->compressed, zram_kva, &compressed);
		snprintf(detail, sizeof(detail), "%" PRIu64 " pages, compressed to %" PRIu64 " bytes", stored, compressed);
		if (!error)
			error = keep_name(&state->names, detail, &holder->detail);
	}
	return error ? error : keep_name(&state->names, name, &holder->name);
}

static struct mo_error *add_device(struct owners_state *state, const struct zram_layout *layout, uint64_t zram_kva,
				   uint64_t *n_pages)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_holder holder = { .kind = MO_HOLDER_DIRECT, .evidence = MO_HOLDER_BY_STRUCTURE, .page_class = MO_PAGE_ZSMALLOC,
				    .module = "zram", .example_kva = zram_kva };
	uint64_t pool_kva = 0;
	uint64_t pages = 0;
	struct mo_error *error = mo_read_field(reader, &layout->mem_pool, zram_kva, &pool_kva);

	if (error || !pool_kva) /* a device without a size */
		return error;
	error = mo_read_field(reader, &layout->pages_allocated, pool_kva, &pages);
	if (!error)
		error = name_device(state, layout, zram_kva, &holder);
	/* What it says of itself may be more than there is. */
	if (error || !pages || pages > state->mem_map->pages[MO_PAGE_ZSMALLOC] - *n_pages)
		return error;
	*n_pages += pages;
	holder.pieces = pages;
	holder.bytes = pages << state->page_shift;
	return add_holder(&state->holders, &holder);
}

static struct mo_error *walk_devices(struct owners_state *state, const struct zram_layout *layout, uint64_t idr_kva,
				     uint64_t *n_pages)
{
	struct mo_xarray_walk walk;
	struct mo_error *error = NULL;
	uint64_t index;
	uint64_t zram_kva;

	/* struct idr begins with its xarray. What cannot be read stays with the class. */
	mo_xarray_begin(&walk, mo_run_reader(state->run), idr_kva, MAX_DEVICES);
	while (!error && mo_xarray_next(&walk, &index, &zram_kva)) {
		error = add_device(state, layout, zram_kva, n_pages);
		if (!mo_error_ends_run(error)) {
			mo_error_destroy(error);
			error = NULL;
		}
	}
	mo_error_destroy(mo_xarray_end(&walk));
	return error;
}

struct mo_error *gather_zram_accounting(struct owners_state *state, uint64_t *n_pages)
{
	const void *bound = NULL;
	const struct zram_layout *layout;
	struct mo_symbol idr;
	struct mo_error *error;

	*n_pages = 0;
	if (!state->mem_map->pages[MO_PAGE_ZSMALLOC])
		return NULL;
	/* What of these fails leaves the pages to their class. */
	error = mo_run_module_layout(state->run, &bound);
	if (!error)
		error = mo_symbols_find(mo_kernel_symbols(state->kernel), NULL, "zram_index_idr", &idr, NULL);
	layout = bound;
	if (!error && mo_has(&layout->mem_pool) && mo_has(&layout->disk) && mo_has(&layout->disk_name) &&
	    mo_has(&layout->pages_allocated))
		return walk_devices(state, layout, idr.value_kva, n_pages);
	if (mo_error_ends_run(error))
		return error;
	mo_error_destroy(error);
	return NULL;
}

const struct mo_need_table owners_module_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
