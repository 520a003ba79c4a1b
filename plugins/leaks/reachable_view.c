/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `leaks --reachable`: what is not lost, but many, and what it hangs on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "leaks_views.h"
#include "reachable.h"

#define MAX_ROWS 20u
#define MAX_ROWS_OF_CACHE 2u
#define MAX_PATH_BYTES 600u
#define MAX_DEPTH 5u
#define MAX_STEPS 6u
#define MAX_USERS 256u
#define MAX_FINDINGS 5u
#define NOTABLE_OBJECTS 5000u
#define NOTABLE_SHARE 200u       /* one byte of so many of all memory */

enum { COLUMN_CACHE, COLUMN_OBJECTS, COLUMN_BYTES, COLUMN_SHARE, COLUMN_OF_CACHE, COLUMN_ANCHOR, COLUMN_ANCHOR_KVA,
       COLUMN_ANCHORS, COLUMN_MODULE, COLUMN_PATH, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_CACHE] = { .key = "cache", .heading = "WHAT", .kind = MO_CELL_TEXT, .help = "slab cache" },
	[COLUMN_OBJECTS] = { .key = "objects", .heading = "COUNT", .kind = MO_CELL_COUNT, .help = "that hang on one anchor" },
	[COLUMN_BYTES] = { .key = "bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "of these objects" },
	[COLUMN_SHARE] = { .key = "memory_share", .heading = "MEMORY", .kind = MO_CELL_PERCENT, .help = "share of all memory" },
	[COLUMN_OF_CACHE] = { .key = "cache_share", .heading = "OF CACHE", .kind = MO_CELL_PERCENT, .flags = MO_COLUMN_HIDDEN,
			      .help = "share of the allocated objects of the cache" },
	[COLUMN_ANCHOR] = { .key = "anchor", .heading = "HANGS ON", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			    .help = "variable, or struct and member, where the list, tree or table begins" },
	[COLUMN_ANCHOR_KVA] = { .key = "anchor_address", .heading = "ANCHOR", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
				.help = "of the anchor's first byte; of several one" },
	[COLUMN_ANCHORS] = { .key = "anchors", .heading = "ANCHORS", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			     .help = "1, or how many objects of one cache hold a few each" },
	[COLUMN_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT,
			    .help = "whose the anchor is, or what leads to it" },
	[COLUMN_PATH] = { .key = "path", .heading = "PATH", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			  .help = "from a variable down to an anchor that is none" },
};

const struct mo_table_spec reachable_table = {
	.name = "reachable",
	.title = "Many objects on one anchor",
	.help = "With --reachable: not lost, but many: objects of one cache that hang on one list, tree, table or array.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

struct showing {
	struct mo_report *report;
	struct reachable *reachable;
	struct mo_namer namer;
	struct mo_edges edges;
	bool has_edges;
	uint64_t memory_bytes;
	unsigned n_findings;
};

/* Either word of a list head stands for the head. */
static void cut_ending(char *text, const char *ending)
{
	size_t n_text = strlen(text);
	size_t n_ending = strlen(ending);

	if (n_text > n_ending && !strcmp(text + n_text - n_ending, ending))
		text[n_text - n_ending] = '\0';
}

/* A place without the byte that it begins with: "grower_list+0x0" is the variable itself. */
static void name_anchor(struct showing *showing, const struct held_group *group, struct mo_place place, const struct mo_type *type,
			char *text, size_t n_bytes)
{
	if (group->anchors > 1) {
		snprintf(text, n_bytes, "%" PRIu64 " objects of %s", group->anchors, place.name);
		return;
	}
	if (!group->has_one_byte && place.kind != MO_PLACE_NONE) {
		snprintf(text, n_bytes, "%s", place.name);
		return;
	}
	mo_name_reference(&showing->namer, &place, type, text, n_bytes, NULL);
	if (place.kind != MO_PLACE_SLAB_OBJECT && place.offset_bytes <= 8 && strstr(text, "+0x"))
		*strstr(text, "+0x") = '\0';
	cut_ending(text, ".prev");
	cut_ending(text, ".next");
}

/* The first reference from a variable; else from anything that lives by itself. MO_NO_REFERENCE: there is none. */
static size_t choose_root(const struct mo_search *search)
{
	size_t chosen = MO_NO_REFERENCE;

	for (size_t i = 0; i < search->found.n_items; i++) {
		struct mo_place place = mo_reference_place(search->state, &search->found.items[i]);

		if (place.kind == MO_PLACE_SYMBOL || place.kind == MO_PLACE_MODULE)
			return i;
		if (chosen == MO_NO_REFERENCE && mo_is_root_place(&place) && place.kind != MO_PLACE_STACK && place.kind != MO_PLACE_IRQ_STACK)
			chosen = i;
	}
	return chosen;
}

static void write_path(struct showing *showing, const struct mo_search *search, size_t at, char *text, const char **module_ret)
{
	const struct mo_type *type = NULL;
	size_t n_used = 0;

	for (unsigned step = 0; step < MAX_STEPS && at != MO_NO_REFERENCE && n_used + 1 < MAX_PATH_BYTES; step++) {
		const struct mo_reference *reference = &search->found.items[at];
		const struct mo_word_target *target = &search->targets[reference->target];
		struct mo_place place = mo_reference_place(search->state, reference);
		const struct mo_type *leaf;
		char where[300];

		if (!step)
			*module_ret = place.module;
		mo_name_reference(&showing->namer, &place, type, where, sizeof(where), &leaf);
		n_used += (size_t)snprintf(text + n_used, MAX_PATH_BYTES - n_used, "%s%s", step ? " > " : "", where);
		type = reference->word == target->kva ? mo_pointed_type(search->state, leaf, target->end_kva - target->kva) : NULL;
		at = target->via;
	}
}

/* What an object is, by the type of a member that points at it. NULL: no such member is known. */
static const struct mo_type *type_by_users(struct showing *showing, const struct mo_search *search)
{
	const struct mo_type *type = NULL;
	unsigned n_tried = 0;

	for (size_t i = 0; i < search->found.n_items && n_tried < MAX_USERS && !type; i++) {
		const struct mo_reference *reference = &search->found.items[i];
		const struct mo_word_target *target = &search->targets[reference->target];
		struct mo_place place;
		const struct mo_type *leaf;
		char where[300];

		if (target->depth != 1 || reference->word != target->kva)
			continue;
		n_tried++;
		place = mo_reference_place(search->state, reference);
		mo_name_reference(&showing->namer, &place, NULL, where, sizeof(where), &leaf);
		type = mo_pointed_type(search->state, leaf, target->end_kva - target->kva);
	}
	return type;
}

/* What leads to an anchor that does not live by itself, and what that is. */
static struct mo_error *find_path(struct showing *showing, const struct mo_place *place, uint64_t pa, char *text,
				  const char **module_ret, const struct mo_type **type_ret)
{
	struct mo_search search = { .state = &showing->reachable->refs, .is_to_root = true, .edges = showing->edges, .has_edges = true };
	struct mo_word_target target = mo_target_of_place(search.state, place, pa);
	struct mo_error *error;
	size_t root;

	*text = '\0';
	if (!showing->has_edges || target.end_kva <= target.kva)
		return NULL;
	target.depth = 1;
	error = mo_search_add(&search, &target);
	if (!error)
		error = mo_search_users(&search, MAX_DEPTH);
	root = error ? MO_NO_REFERENCE : choose_root(&search);
	*type_ret = error ? NULL : type_by_users(showing, &search);
	if (root != MO_NO_REFERENCE)
		write_path(showing, &search, root, text, module_ret);
	search.has_edges = false; /* they serve the next one, too */
	mo_search_deinit(&search);
	return error;
}

static void report_notable(struct showing *showing, const struct held_group *group, const char *name, const char *anchor,
			   const char *path, const char *module)
{
	char verdict[1200];
	const struct mo_evidence evidence[] = {
		{ .label = "anchor", .kind = MO_CELL_ADDRESS, .cell = mo_cell_number(mo_exact(group->anchor_kva)) },
		{ .label = "objects", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(group->objects)) },
	};
	const struct mo_finding finding = {
		.id = "many-on-one-anchor", .severity = MO_NOTICE, .basis = MO_BASIS_FIT, .verdict = verdict, .evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "Whether so many are meant to be is for who knows that code to say; a second dump shows whether they grow.",
	};

	if (!module || group->anchors > 1 || showing->n_findings == MAX_FINDINGS ||
	    (group->objects < NOTABLE_OBJECTS && group->bytes < showing->memory_bytes / NOTABLE_SHARE))
		return;
	snprintf(verdict, sizeof(verdict), "module %s keeps %" PRIu64 " objects of %s (%" PRIu64 " KiB) on %s%s%s", module,
		 group->objects, name, group->bytes / 1024, anchor, *path ? ", to which the way is " : "", path);
	showing->n_findings++;
	mo_report_finding(showing->report, &finding);
}

static struct mo_error *put_group(struct showing *showing, const struct held_group *group)
{
	const struct link_kind *kind = &showing->reachable->kinds[group->kind];
	const struct mo_slab_cache *cache = &showing->reachable->refs.index.slabs->caches[kind->cache];
	struct mo_place place = mo_reference_place(&showing->reachable->refs, &(const struct mo_reference){ .pa = group->anchor_pa });
	const char *module = place.module;
	char room[64];
	char anchor[400];
	char path[MAX_PATH_BYTES] = "";
	const struct mo_type *type = NULL;
	const char *name = cache_name(cache, room, sizeof(room));
	uint64_t allocated = cache->states[MO_OBJECT_ALLOCATED];
	struct mo_error *error = NULL;

	if (group->anchors == 1 && !mo_is_root_place(&place) && place.kind != MO_PLACE_NONE)
		error = find_path(showing, &place, group->anchor_pa, path, &module, &type);
	if (error)
		return error;
	name_anchor(showing, group, place, type, anchor, sizeof(anchor));
	mo_report_row(showing->report, (const struct mo_cell[N_COLUMNS]){
		[COLUMN_CACHE] = mo_cell_text(name),
		[COLUMN_OBJECTS] = mo_cell_number(mo_exact(group->objects)),
		[COLUMN_BYTES] = mo_cell_number(mo_exact(group->bytes)),
		[COLUMN_SHARE] = showing->memory_bytes ? mo_cell_number(mo_exact(group->bytes * 100 / (showing->memory_bytes / 1000 + 1)))
						       : mo_cell_unknown(),
		[COLUMN_OF_CACHE] = mo_cell_number(mo_exact(group->objects * 100000 / (allocated ? allocated : 1))),
		[COLUMN_ANCHOR] = *anchor ? mo_cell_text(anchor) : mo_cell_unknown(),
		[COLUMN_ANCHOR_KVA] = mo_cell_number(mo_exact(group->anchor_kva)),
		[COLUMN_ANCHORS] = mo_cell_number(mo_exact(group->anchors)),
		[COLUMN_MODULE] = mo_cell_text(module),
		[COLUMN_PATH] = *path ? mo_cell_text(path) : mo_cell_unknown(),
	});
	report_notable(showing, group, name, anchor, path, module);
	return NULL;
}

/* The best accounts of each cache: on one anchor that its links point back at, on one anchor, on many. */
static unsigned rank_of(const struct held_group *group)
{
	return group->anchors > 1 ? 2 : group->links_back ? 0 : 1;
}

static bool is_shown(const struct reachable *reachable, const struct held_groups *groups, size_t at)
{
	const struct held_group *group = &groups->groups[at];
	uint32_t cache = reachable->kinds[group->kind].cache;
	unsigned n_better = 0;

	for (size_t i = 0; i < groups->n; i++) {
		const struct held_group *other = &groups->groups[i];
		bool is_better = rank_of(other) != rank_of(group) ? rank_of(other) < rank_of(group) && other->objects * 2 > group->objects
								  : i < at;

		n_better += i != at && reachable->kinds[other->kind].cache == cache && is_better;
	}
	/* That each is held by one of many says little where it is known on what all hang. */
	return n_better < (group->anchors > 1 ? 1 : MAX_ROWS_OF_CACHE) && !reachable->kinds[group->kind].is_node;
}

static struct mo_error *put_groups_held(struct showing *showing, const struct held_groups *groups)
{
	struct mo_error *error = NULL;
	size_t n_shown = 0;

	mo_report_table_begin(showing->report, &reachable_table);
	for (size_t i = 0; i < groups->n && n_shown < MAX_ROWS && !error && !mo_report_failed(showing->report); i++) {
		if (!is_shown(showing->reachable, groups, i))
			continue;
		error = put_group(showing, &groups->groups[i]);
		n_shown++;
	}
	mo_report_table_end(showing->report);
	mo_report_note(showing->report, "The largest groups of slab objects by what they hang on. Caches of inodes, dentries and the like "
					"are large on any machine; what matters is which group has more than its work explains.");
	if (showing->reachable->n_missing_pages)
		mo_report_note(showing->report, "%" PRIu64 " kernel pages are not in the dump; what only they point at cannot be traced.",
			       showing->reachable->n_missing_pages);
	return error;
}

static struct mo_error *show_groups(struct showing *showing)
{
	struct held_groups groups = { .n = 0 };
	struct mo_error *error = group_held(showing->reachable, &groups);

	if (error)
		return error;
	error = mo_cache_types_init(&showing->namer.types, showing->reachable->refs.kernel,
				    showing->reachable->refs.index.slabs);
	if (!error) {
		/* Without them, paths are not known. */
		struct mo_error *no_edges = mo_edges_build(&showing->reachable->refs, &showing->edges);

		showing->has_edges = !no_edges;
		mo_error_destroy(no_edges);
		error = put_groups_held(showing, &groups);
		mo_cache_types_deinit(&showing->namer.types);
	}
	if (showing->has_edges)
		mo_edges_deinit(&showing->edges);
	free(groups.groups);
	return error;
}

struct mo_error *show_reachable(struct mo_run *run, struct mo_report *report)
{
	const struct mo_mem_map_model *mem_map = mo_run_model_of(run, MO_MEM_MAP_MODEL);
	struct reachable *reachable = calloc(1, sizeof(*reachable));
	struct mo_error *error;

	if (!reachable)
		return mo_error_no_memory();
	error = mo_references_init(mo_run_reader(run), mo_run_model_of(run, MO_SLAB_MODEL), mem_map, &reachable->refs);
	reachable->refs.progress = mo_run_progress(run);
	reachable->refs.places = mo_run_model_of(run, MO_PLACES_MODEL);
	if (!error && !reachable->refs.places)
		error = mo_error_create(MO_E_ABSENT, "what addresses are is not known, and so not what objects hang on");
	if (!error)
		error = find_links(reachable);
	if (!error)
		error = find_holders(reachable);
	if (!error) {
		struct showing showing = { .report = report, .reachable = reachable, .namer.state = &reachable->refs,
					   .memory_bytes = mem_map->n_pages * reachable->refs.index.page_bytes };

		error = show_groups(&showing);
	}
	free_links(reachable);
	free(reachable);
	return error;
}
