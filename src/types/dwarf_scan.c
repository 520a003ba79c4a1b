/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scans the units of a file for names, in parallel. */
#include "dwarf_scan.h"

#include <pthread.h>

#include <memopsy/progress.h>

#include "cleanup.h"
#include "dwarf_entry.h"
#include "dwarf_sieve.h"
#include "threads.h"

/* Blocks within blocks, structs within structs. */
#define NESTING_MAX 32

struct scan {
	struct mo_dwarf_names *names;
	struct mo_progress *progress;
	struct mo_dwarf_sieve *sieves;   /* one for each thread */
	bool is_deep;                    /* without a sieve: nested entries are looked at */
	pthread_mutex_t lock;            /* guards the found offsets */
	_Atomic size_t n_open;
	_Atomic uint64_t last_unit;      /* the last one in which anything was found */
};

/* Entries of this tag bear the names that are looked for. */
static bool is_type_tag(Dwarf_Half tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type ||
	       tag == DW_TAG_typedef || tag == DW_TAG_base_type;
}

/* Variables of functions are none that a user can name. */
static bool is_variable_of_unit(const struct mo_dwarf_handle *handle, Dwarf_Die parent, Dwarf_Half tag)
{
	return tag == DW_TAG_variable && mo_dwarf_tag(handle, parent) == DW_TAG_compile_unit;
}

static bool tag_has_space(Dwarf_Half tag, enum mo_name_space space)
{
	switch (space) {
	case MO_NAME_STRUCT:
		return tag == DW_TAG_structure_type;
	case MO_NAME_UNION:
		return tag == DW_TAG_union_type;
	case MO_NAME_ENUM:
		return tag == DW_TAG_enumeration_type;
	case MO_NAME_PLAIN:
		return tag == DW_TAG_typedef || tag == DW_TAG_base_type;
	case MO_NAME_ENUMERATOR:
		return tag == DW_TAG_enumerator;
	case MO_NAME_VARIABLE:
		return tag == DW_TAG_variable;
	}
	return false;
}

static struct mo_error *note_found(struct scan *scan, const struct mo_dwarf_handle *handle, uint32_t request_number,
				   uint64_t unit, Dwarf_Die die)
{
	struct mo_dwarf_request *request = &scan->names->requests[request_number];
	Dwarf_Error error = NULL;
	Dwarf_Off offset;
	uint64_t before;

	if (dwarf_dieoffset(die, &offset, &error) != DW_DLV_OK)
		return mo_dwarf_error(handle, error, "an entry's offset");
	pthread_mutex_lock(&scan->lock);
	before = atomic_load(&request->found_unit);
	if (unit < before) {
		request->found_offset = handle->base_offset + offset;
		atomic_store(&request->found_unit, unit);
		if (unit > atomic_load(&scan->last_unit))
			atomic_store(&scan->last_unit, unit);
		if (before == MO_NOT_FOUND && request->has_trace)
			atomic_fetch_sub(&scan->n_open, 1);
	}
	pthread_mutex_unlock(&scan->lock);
	return NULL;
}

/* The requests that the name of an entry fulfils. definition: the entry that they then lead to. */
static struct mo_error *check_name(struct scan *scan, const struct mo_dwarf_handle *handle, uint64_t unit,
				   const char *name, Dwarf_Half tag, Dwarf_Die definition)
{
	const struct mo_dwarf_names *names = scan->names;

	for (uint32_t i = mo_dwarf_names_find(names, name); i; i = names->needles.items[i - 1].next_same) {
		uint32_t request = names->needles.items[i - 1].request;

		if (!tag_has_space(tag, names->requests[request].name->space) || !mo_dwarf_is_open(names, request, unit) ||
		    atomic_load(&names->requests[request].found_unit) == unit)
			continue;
		/* gcc puts name and type of a variable into its declaration, and refers to that where it is defined. */
		if (tag == DW_TAG_variable || !mo_dwarf_has(handle, definition, DW_AT_declaration))
			MO_TRY(note_found(scan, handle, request, unit, definition));
	}
	return NULL;
}

/* Whether a name is worth a look-up: most are told off by where in .debug_str they are. */
static bool may_be_requested(const struct mo_dwarf_names *names, const char *name)
{
	uintptr_t start = (uintptr_t)names->file->text.bytes;
	uintptr_t at = (uintptr_t)name;

	if (!names->has_places || at < start || at - start >= names->file->text.n_bytes)
		return true;
	return mo_dwarf_may_be_named(names, at - start);
}

static struct mo_error *check_enumerators(struct scan *scan, const struct mo_dwarf_handle *handle, uint64_t unit,
					  Dwarf_Die enumeration)
{
	MO_DIE child = NULL;

	MO_TRY(mo_dwarf_first_child(handle, enumeration, &child));
	while (child) {
		if (mo_dwarf_tag(handle, child) == DW_TAG_enumerator) {
			const char *name = mo_dwarf_name(handle, child);

			if (name && may_be_requested(scan->names, name))
				MO_TRY(check_name(scan, handle, unit, name, DW_TAG_enumerator, enumeration));
		}
		MO_TRY(mo_dwarf_next_sibling(handle, &child));
	}
	return NULL;
}

/* Units of Rust and of assembly have no types of C. */
static bool is_of_c(const struct mo_dwarf_handle *handle, Dwarf_Die unit_die)
{
	uint64_t language;

	if (mo_dwarf_constant(handle, unit_die, DW_AT_language, &language, NULL) != MO_DWARF_PRESENT)
		return true;
	return language != DW_LANG_Rust && language != DW_LANG_Mips_Assembler;
}

static struct mo_error *check_entry(struct scan *scan, const struct mo_dwarf_handle *handle, uint64_t unit,
				    unsigned spaces, Dwarf_Die parent, Dwarf_Die die)
{
	Dwarf_Half tag = mo_dwarf_tag(handle, die);
	bool may_define = is_type_tag(tag) || (spaces & 1u << MO_NAME_VARIABLE && is_variable_of_unit(handle, parent, tag));
	const char *name = may_define ? mo_dwarf_name(handle, die) : NULL;

	if (name && may_be_requested(scan->names, name))
		MO_TRY(check_name(scan, handle, unit, name, tag, die));
	if (tag == DW_TAG_enumeration_type && (spaces & 1u << MO_NAME_ENUMERATOR))
		return check_enumerators(scan, handle, unit, die);
	return NULL;
}

/* Where types may be nested: clang has anonymous ones in the struct that uses them, functions have their own. */
static bool may_nest(Dwarf_Half tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_subprogram ||
	       tag == DW_TAG_lexical_block;
}

/*
 * The entries below one; with depth, those below these, too. An entry has a byte at least, which bounds their number
 * also where a damaged unit has entries share theirs.
 */
static struct mo_error *scan_children(struct scan *scan, const struct mo_dwarf_handle *handle, uint64_t unit,
				      unsigned spaces, Dwarf_Die parent, unsigned depth, uint64_t *n_left)
{
	MO_DIE child = NULL;

	MO_TRY(mo_dwarf_first_child(handle, parent, &child));
	while (child) {
		Dwarf_Half tag = mo_dwarf_tag(handle, child);

		if (!*n_left)
			return mo_error_create(MO_E_CORRUPT, "%s: the unit at 0x%llx of .debug_info has entries without end",
					       handle->file->path, (unsigned long long)handle->base_offset);
		(*n_left)--;
		MO_TRY(check_entry(scan, handle, unit, spaces, parent, child));
		if (depth && may_nest(tag))
			MO_TRY(scan_children(scan, handle, unit, spaces, child, depth - 1, n_left));
		MO_TRY(mo_dwarf_next_sibling(handle, &child));
	}
	return NULL;
}

/*
 * First what stands in the unit itself, which is nearly all; only if the sieve says that there is more, what is
 * nested, which is most of a unit's entries.
 */
static struct mo_error *scan_unit(struct scan *scan, struct mo_dwarf_sieve *sieve, struct mo_dwarf_handle *handle,
				  uint64_t unit, unsigned spaces)
{
	/* Twice over: at the top, and nested. */
	uint64_t n_left = 2 * (handle->end_offset - handle->base_offset);
	MO_DIE unit_die = NULL;

	MO_TRY(mo_dwarf_handle_enter(handle, &unit_die));
	if (!is_of_c(handle, unit_die))
		return NULL;
	MO_TRY(scan_children(scan, handle, unit, spaces, unit_die, scan->is_deep ? NESTING_MAX : 0, &n_left));
	if (!scan->names->has_places)
		return NULL;
	MO_TRY(mo_dwarf_sift(sieve, scan->names, unit, unit + 1, &spaces));
	return spaces ? scan_children(scan, handle, unit, spaces, unit_die, NESTING_MAX, &n_left) : NULL;
}

static struct mo_error *sift_and_scan(struct scan *scan, struct mo_dwarf_sieve *sieve, uint64_t unit)
{
	struct mo_dwarf_handle handle;
	struct mo_error *error;
	unsigned spaces;

	MO_TRY(mo_dwarf_sift(sieve, scan->names, unit, unit, &spaces));
	if (!spaces)
		return NULL;
	MO_TRY(mo_dwarf_handle_open(scan->names->file, &scan->names->file->units.items[unit], &handle));
	error = scan_unit(scan, sieve, &handle, unit, spaces);
	mo_dwarf_handle_close(&handle);
	return error;
}

static struct mo_error *scan_units(void *context, unsigned thread_index, uint64_t first, uint64_t n_units)
{
	struct scan *scan = context;

	for (uint64_t unit = first; unit < first + n_units; unit++) {
		const struct mo_dwarf_unit *place = &scan->names->file->units.items[unit];

		/* An earlier unit than the last one is looked at even so: it may have something first. */
		if (!atomic_load(&scan->n_open) && unit > atomic_load(&scan->last_unit))
			return NULL;
		MO_TRY(sift_and_scan(scan, &scan->sieves[thread_index], unit));
		if (!mo_progress_add(scan->progress, place->end_offset - place->offset))
			return mo_progress_cancelled(scan->progress);
	}
	return NULL;
}

struct mo_error *mo_dwarf_scan(struct mo_dwarf_names *names, struct mo_progress *progress)
{
	unsigned n_threads = mo_thread_count();
	struct scan scan = { .names = names, .progress = progress };
	struct mo_error *error;

	scan.sieves = calloc(n_threads, sizeof(*scan.sieves));
	if (!scan.sieves)
		return mo_error_no_memory();
	if (pthread_mutex_init(&scan.lock, NULL)) {
		free(scan.sieves);
		return mo_error_no_memory();
	}
	atomic_init(&scan.n_open, 0);
	for (size_t i = 0; i < names->n_requests; i++)
		atomic_fetch_add(&scan.n_open, names->requests[i].has_trace);
	mo_progress_begin(progress, "reading debug information", names->file->info.n_bytes);
	error = mo_parallel(n_threads, names->file->units.count, 1, scan_units, &scan);
	if (!error && !names->has_places && atomic_load(&scan.n_open)) {
		scan.is_deep = true;
		error = mo_parallel(n_threads, names->file->units.count, 1, scan_units, &scan);
	}
	mo_progress_end(progress);
	for (unsigned i = 0; i < n_threads; i++)
		mo_dwarf_sieve_deinit(&scan.sieves[i]);
	pthread_mutex_destroy(&scan.lock);
	free(scan.sieves);
	return error;
}
