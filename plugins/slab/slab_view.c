/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy slab`: everything known about one cache. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memopsy/numbers.h>

#include "charges.h"
#include "slab_views.h"
#include "tracks.h"

enum { COLUMN_NAME, COLUMN_CACHE, COLUMN_FLAGS, COLUMN_FLAG_NAMES, COLUMN_CONSTRUCTOR, COLUMN_REFCOUNT, COLUMN_OBJECT_BYTES,
       COLUMN_SIZE, COLUMN_ALIGN, COLUMN_RED_LEFT, COLUMN_FREELIST_OFFSET, COLUMN_FREELIST_FORM, COLUMN_SHAPE, COLUMN_OBJPERSLAB,
       COLUMN_ORDER, COLUMN_MIN_OBJECTS, COLUMN_BYTES, COLUMN_SLABS, COLUMN_PARTIAL_SLABS, COLUMN_FAULTY_SLABS,
       COLUMN_OBJECTS, COLUMN_ALLOCATED, COLUMN_FREE, COLUMN_FREE_CPU, COLUMN_FREE_CPU_PARTIAL, COLUMN_FREE_SHEAF,
       COLUMN_FREE_BARN, COLUMN_FREE_RCU, COLUMN_FREE_NODE, COLUMN_UNKNOWN, N_COLUMNS };

#define COUNT(key_, heading_, help_) { .key = key_, .heading = heading_, .kind = MO_CELL_COUNT, .help = help_ }

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NAME] = { .key = "name", .heading = "Cache", .kind = MO_CELL_TEXT, .help = "its name" },
	[COLUMN_CACHE] = { .key = "cache", .heading = "STRUCT KMEM_CACHE", .kind = MO_CELL_ADDRESS, .help = "where it is" },
	[COLUMN_FLAGS] = { .key = "flags", .heading = "Flags", .kind = MO_CELL_FLAGS, .help = "kmem_cache.flags" },
	[COLUMN_FLAG_NAMES] = { .key = "flag_names", .heading = "Flags by name", .kind = MO_CELL_TEXT,
				.help = "SLAB_... (include/linux/slab.h)" },
	[COLUMN_CONSTRUCTOR] = { .key = "constructor", .heading = "Constructor", .kind = MO_CELL_TEXT,
				 .help = "function that makes new objects; empty: none" },
	[COLUMN_REFCOUNT] = { .key = "refcount", .heading = "Merged", .kind = MO_CELL_COUNT,
			      .help = "how many caches share it (refcount); ?: it is never merged, and so not counted" },
	[COLUMN_OBJECT_BYTES] = COUNT("object_bytes", "Object size", "bytes that a caller may use of an object (object_size)"),
	[COLUMN_SIZE] = COUNT("size_bytes", "Size", "bytes that an object occupies, with padding and metadata (size)"),
	[COLUMN_ALIGN] = COUNT("align_bytes", "Aligned to", "alignment in bytes"),
	[COLUMN_RED_LEFT] = COUNT("red_left_bytes", "Left red zone", "bytes before each object that nobody may write"),
	[COLUMN_FREELIST_OFFSET] = COUNT("freelist_offset_bytes", "Link at byte",
					 "where in a free object the pointer to the next one is (offset)"),
	[COLUMN_FREELIST_FORM] = { .key = "freelist_form", .heading = "Links are", .kind = MO_CELL_TEXT,
				   .help = "how these pointers are kept" },
	[COLUMN_SHAPE] = { .key = "shape", .heading = "Allocator", .kind = MO_CELL_TEXT,
			   .help = "what form of the allocator this kernel has" },
	[COLUMN_OBJPERSLAB] = COUNT("objects_per_slab", "Objects a slab", "of a slab of the usual order"),
	[COLUMN_ORDER] = COUNT("order", "Order", "2^order pages a slab"),
	[COLUMN_MIN_OBJECTS] = COUNT("min_objects_per_slab", "Min objects",
					 "objects of a slab of the smallest order, for when memory is short (min)"),
	[COLUMN_BYTES] = { .key = "total_bytes", .heading = "Total", .kind = MO_CELL_BYTES, .help = "memory of all its slabs" },
	[COLUMN_SLABS] = COUNT("slabs", "Slabs", "slabs found among all pages"),
	[COLUMN_PARTIAL_SLABS] = COUNT("partial_slabs", "Partial slabs", "slabs with free objects"),
	[COLUMN_FAULTY_SLABS] = COUNT("faulty_slabs", "Slabs at fault", "slabs that contradict themselves or are unreadable"),
	[COLUMN_OBJECTS] = COUNT("objects", "Objects", "room for objects"),
	[COLUMN_ALLOCATED] = COUNT("allocated", "Allocated", "objects in use, counted one by one"),
	[COLUMN_FREE] = COUNT("free", "Free", "on free lists of slabs that nobody or a node holds"),
	[COLUMN_FREE_CPU] = COUNT("free_cpu", "Free, CPU", "on the free lists (SLAB: in the arrays) of CPUs"),
	[COLUMN_FREE_CPU_PARTIAL] = COUNT("free_cpu_partial", "Free, CPU partial", "in slabs that CPUs keep aside"),
	[COLUMN_FREE_SHEAF] = COUNT("free_sheaf", "Free, sheaves", "in sheaves of CPUs"),
	[COLUMN_FREE_BARN] = COUNT("free_barn", "Free, barns", "in full sheaves of nodes"),
	[COLUMN_FREE_RCU] = COUNT("free_rcu", "Free, RCU", "in sheaves that wait for a grace period"),
	[COLUMN_FREE_NODE] = COUNT("free_node", "Free, node", "SLAB: in arrays that a node's CPUs share"),
	[COLUMN_UNKNOWN] = COUNT("unknown", "Unknown", "objects whose state could not be told"),
};

const struct mo_table_spec slab_table = {
	.name = "slab",
	.title = "Slab cache",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_RECORD,
};

enum { NODE_ID, NODE_KVA, NODE_SLABS, NODE_OBJECTS, NODE_PARTIAL, NODE_LISTED, NODE_FREE, N_NODE_COLUMNS };

static const struct mo_column node_columns[N_NODE_COLUMNS] = {
	[NODE_ID] = COUNT("node", "NODE", "NUMA node"),
	[NODE_KVA] = { .key = "kmem_cache_node", .heading = "STRUCT KMEM_CACHE_NODE", .kind = MO_CELL_ADDRESS,
		       .help = "where it is" },
	[NODE_SLABS] = COUNT("nr_slabs", "SLABS", "as the kernel counted them"),
	[NODE_OBJECTS] = COUNT("total_objects", "OBJECTS", "as the kernel counted them"),
	[NODE_PARTIAL] = COUNT("nr_partial", "PARTIAL", "slabs on the list of partial ones, as the kernel counted them"),
	[NODE_LISTED] = COUNT("listed", "LISTED", "slabs found on that list"),
	[NODE_FREE] = COUNT("partial_free", "FREE IN THEM", "free objects of these slabs, as /proc/slabinfo counts them"),
};

const struct mo_table_spec slab_nodes_table = {
	.name = "nodes",
	.title = "Nodes",
	.help = "What each node keeps of the cache.",
	.columns = node_columns,
	.n_columns = N_NODE_COLUMNS,
};

static const struct mo_column alias_columns[] = {
	{ .key = "alias", .heading = "ALIAS", .kind = MO_CELL_TEXT, .help = "name of a link in /sys/kernel/slab" },
};

const struct mo_table_spec slab_aliases_table = {
	.name = "aliases",
	.title = "Names that lead to it",
	.help = "Caches that were merged into this one, and its own name.",
	.columns = alias_columns,
	.n_columns = 1,
};

enum { SLAB_PFN, SLAB_KVA, SLAB_PAGE, SLAB_ORDER, SLAB_OBJECTS, SLAB_INUSE, SLAB_FREE, SLAB_PLACE, SLAB_FAULT, N_SLAB_COLUMNS };

static const struct mo_column slab_columns[N_SLAB_COLUMNS] = {
	[SLAB_PFN] = { .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN, .help = "its first page frame" },
	[SLAB_KVA] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .help = "where its objects begin" },
	[SLAB_PAGE] = { .key = "slab", .heading = "STRUCT SLAB", .kind = MO_CELL_ADDRESS, .help = "its struct page or slab" },
	[SLAB_ORDER] = COUNT("order", "ORDER", "2^order pages"),
	[SLAB_OBJECTS] = COUNT("objects", "OBJECTS", "as it says"),
	[SLAB_INUSE] = COUNT("inuse", "IN USE", "as it says; what CPUs and sheaves keep is in use to it"),
	[SLAB_FREE] = COUNT("free", "FREE", "found on its free list"),
	[SLAB_PLACE] = { .key = "held_by", .heading = "HELD BY", .kind = MO_CELL_TEXT, .help = "whose list it is on" },
	[SLAB_FAULT] = { .key = "fault", .heading = "FAULT", .kind = MO_CELL_TEXT, .help = "what is wrong with it" },
};

const struct mo_table_spec slab_slabs_table = {
	.name = "slabs",
	.title = "Slabs",
	.help = "Every slab of the cache (with --slabs).",
	.columns = slab_columns,
	.n_columns = N_SLAB_COLUMNS,
};

struct wanted_alias {
	const char *word;
	uint64_t cache_kva; /* 0: not met */
};

static void match_alias(void *context, const char *alias, uint64_t cache_kva)
{
	struct wanted_alias *wanted = context;

	if (!strcmp(alias, wanted->word))
		wanted->cache_kva = cache_kva;
}

static const struct mo_slab_cache *cache_by_address(const struct mo_slab_model *model, uint64_t kva)
{
	for (size_t i = 0; i < model->n_caches; i++)
		if (model->caches[i].cache_kva == kva)
			return &model->caches[i];
	return NULL;
}

struct mo_error *find_named_cache(struct mo_run *run, const char *word, const struct mo_slab_cache **ret)
{
	const struct mo_slab_model *model = mo_run_model(run);
	struct wanted_alias wanted = { .word = word };
	struct slab_state state;
	uint64_t kva;

	for (size_t i = 0; i < model->n_caches; i++)
		if (model->caches[i].name && !strcmp(model->caches[i].name, word)) {
			*ret = &model->caches[i];
			return NULL;
		}
	*ret = mo_parse_address(word, &kva) ? cache_by_address(model, kva) : NULL;
	if (*ret)
		return NULL;
	slab_view_state(run, &state);
	/* Without sysfs there are no aliases: then the word is unknown, too. */
	mo_error_destroy(for_each_alias(&state, match_alias, &wanted));
	*ret = wanted.cache_kva ? cache_by_address(model, wanted.cache_kva) : NULL;
	if (*ret)
		return NULL;
	return mo_error_create(MO_E_ABSENT, "no slab cache is called \"%s\"", word);
}

static void put_cells(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache, const char *flags,
		      struct mo_cell name, struct mo_cell constructor)
{
	const struct mo_slab_model *model = mo_run_model(run);
	const uint64_t *states = cache->states;
	const struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_NAME] = name,
		[COLUMN_CACHE] = mo_cell_number(mo_exact(cache->cache_kva)),
		[COLUMN_FLAGS] = mo_cell_number(mo_exact(cache->flags)),
		[COLUMN_FLAG_NAMES] = mo_cell_text(flags),
		[COLUMN_CONSTRUCTOR] = constructor,
		[COLUMN_REFCOUNT] = merged_cell(cache),
		[COLUMN_OBJECT_BYTES] = mo_cell_number(mo_exact(cache->object_bytes)),
		[COLUMN_SIZE] = mo_cell_number(mo_exact(cache->size_bytes)),
		[COLUMN_ALIGN] = mo_cell_number(mo_exact(cache->align_bytes)),
		[COLUMN_RED_LEFT] = mo_cell_number(mo_exact(cache->red_left_bytes)),
		[COLUMN_FREELIST_OFFSET] = mo_cell_number(mo_exact(cache->freelist_offset_bytes)),
		[COLUMN_FREELIST_FORM] = mo_cell_text(model->freelist_pointers),
		[COLUMN_SHAPE] = mo_cell_text(model->shape),
		[COLUMN_OBJPERSLAB] = mo_cell_number(mo_exact(cache->objects_per_slab)),
		[COLUMN_ORDER] = mo_cell_number(mo_exact(cache->order)),
		[COLUMN_MIN_OBJECTS] = mo_cell_number(mo_exact(cache->min_objects_per_slab)),
		[COLUMN_BYTES] = mo_cell_number(mo_exact(slab_bytes_of(model, cache))),
		[COLUMN_SLABS] = mo_cell_number(mo_exact(cache->n_slabs)),
		[COLUMN_PARTIAL_SLABS] = mo_cell_number(mo_exact(cache->partial_slabs)),
		[COLUMN_FAULTY_SLABS] = mo_cell_number(mo_exact(cache->faulty_slabs)),
		[COLUMN_OBJECTS] = mo_cell_number(mo_exact(cache->objects + cache->hidden_objects)),
		[COLUMN_ALLOCATED] = mo_cell_number(allocated_of(cache)),
		[COLUMN_FREE] = mo_cell_number(mo_exact(states[MO_OBJECT_FREE])),
		[COLUMN_FREE_CPU] = mo_cell_number(mo_exact(states[MO_OBJECT_FREE_CPU])),
		[COLUMN_FREE_CPU_PARTIAL] = mo_cell_number(mo_exact(states[MO_OBJECT_FREE_CPU_PARTIAL])),
		[COLUMN_FREE_SHEAF] = mo_cell_number(mo_exact(states[MO_OBJECT_FREE_SHEAF])),
		[COLUMN_FREE_BARN] = mo_cell_number(mo_exact(states[MO_OBJECT_FREE_BARN])),
		[COLUMN_FREE_RCU] = mo_cell_number(mo_exact(states[MO_OBJECT_FREE_RCU])),
		[COLUMN_FREE_NODE] = mo_cell_number(mo_exact(states[MO_OBJECT_FREE_NODE])),
		[COLUMN_UNKNOWN] = mo_cell_number(mo_exact(states[MO_OBJECT_UNKNOWN] + cache->hidden_objects)),
	};

	mo_report_record(report, &slab_table, cells);
}

static void put_record(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache)
{
	char flags[512];
	char room[32];
	struct mo_symbol constructor = { .name = "" };
	struct mo_error *error = NULL;

	describe_slab_flags(mo_run_layout(run), cache->flags, flags, sizeof(flags));
	if (cache->constructor_kva)
		error = mo_symbols_at(mo_kernel_symbols(mo_run_kernel(run)), cache->constructor_kva, &constructor);
	put_cells(run, report, cache, flags, name_cell(cache, room, sizeof(room)),
		  error ? mo_cell_unknown() : mo_cell_text(constructor.name));
	mo_error_destroy(error);
}

static void put_nodes(struct mo_report *report, const struct mo_slab_cache *cache)
{
	mo_report_table_begin(report, &slab_nodes_table);
	for (size_t i = 0; i < cache->n_nodes; i++) {
		const struct mo_slab_node *node = &cache->nodes[i];
		const struct mo_cell cells[N_NODE_COLUMNS] = {
			[NODE_ID] = mo_cell_number(mo_exact(node->node_id)),
			[NODE_KVA] = mo_cell_number(mo_exact(node->node_kva)),
			[NODE_SLABS] = mo_cell_number(node->slabs),
			[NODE_OBJECTS] = mo_cell_number(node->objects),
			[NODE_PARTIAL] = mo_cell_number(node->partial_slabs),
			[NODE_LISTED] = mo_cell_number(node->is_list_whole ? mo_exact(node->listed_slabs) :
									     mo_at_least(node->listed_slabs)),
			[NODE_FREE] = mo_cell_number(node->partial_free),
		};

		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
}

struct alias_rows {
	struct mo_report *report;
	uint64_t cache_kva;
};

static void put_alias(void *context, const char *alias, uint64_t cache_kva)
{
	const struct alias_rows *rows = context;
	const struct mo_cell cell = mo_cell_text(alias);

	if (cache_kva == rows->cache_kva)
		mo_report_row(rows->report, &cell);
}

static void put_aliases(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache)
{
	struct alias_rows rows = { .report = report, .cache_kva = cache->cache_kva };
	struct slab_state state;
	struct mo_error *error;

	slab_view_state(run, &state);
	mo_report_table_begin(report, &slab_aliases_table);
	error = for_each_alias(&state, put_alias, &rows);
	mo_report_table_end(report);
	if (error)
		mo_report_note(report, "Names of merged caches: %s.", mo_error_text(error));
	mo_error_destroy(error);
}

static void put_slabs(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache)
{
	const struct mo_slab_model *model = mo_run_model(run);
	struct slab_state state;

	slab_view_state(run, &state);
	mo_report_table_begin(report, &slab_slabs_table);
	for (size_t i = 0; i < cache->n_slabs && !mo_report_failed(report); i++) {
		const struct mo_slab *slab = &model->slabs[cache->slabs[i]];
		uint64_t page_kva = 0;
		struct mo_error *error = mo_pfn_to_page(state.memmap, slab->pfn, &page_kva);
		const struct mo_cell cells[N_SLAB_COLUMNS] = {
			[SLAB_PFN] = mo_cell_number(mo_exact(slab->pfn)),
			[SLAB_KVA] = mo_cell_number(mo_exact(mo_slab_objects_kva(model, slab))),
			[SLAB_PAGE] = error ? mo_cell_unknown() : mo_cell_number(mo_exact(page_kva)),
			[SLAB_ORDER] = mo_cell_number(mo_exact(slab->order)),
			[SLAB_OBJECTS] = mo_cell_number(mo_exact(slab->objects)),
			[SLAB_INUSE] = mo_cell_number(mo_exact(slab->inuse)),
			[SLAB_FREE] = mo_cell_number(mo_exact(slab->free_objects)),
			[SLAB_PLACE] = mo_cell_text(slab_place_names[slab->place]),
			[SLAB_FAULT] = mo_cell_text(slab->fault == MO_SLAB_SOUND ? "" : fault_names[slab->fault]),
		};

		mo_error_destroy(error);
		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
}

struct mo_error *show_slab(struct mo_run *run, struct mo_report *report)
{
	const struct mo_slab_cache *cache = NULL;
	struct mo_error *error = find_named_cache(run, mo_run_argument(run, 0), &cache);

	if (error)
		return error;
	put_record(run, report, cache);
	put_nodes(report, cache);
	put_aliases(run, report, cache);
	put_children(run, report, cache);
	if (mo_run_flag(run, "slabs"))
		put_slabs(run, report, cache);
	if (mo_run_flag(run, "charged"))
		error = put_charges(run, report, cache);
	if (!error && mo_run_flag(run, "tracks"))
		error = put_tracks(run, report, cache, TRACK_ALLOC);
	if (!error && mo_run_flag(run, "free-tracks"))
		error = put_tracks(run, report, cache, TRACK_FREE);
	return error;
}
