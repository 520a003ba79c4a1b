/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel itself recorded of the memory: who took the page (page_owner, allocation profiling), who allocated and
 * freed the object (slub_debug); and where to ask who maps a page of a process or a file.
 */
#include <inttypes.h>
#include <memopsy/stack_depot.h>
#include <stdio.h>

#include "whatis.h"

#define MAX_STACK_BYTES_SHOWN 560

/* "function+0x1c [module] < function+0x10 < ..." */
static void describe_frames(const struct whatis_state *state, const uint64_t *frames_kva, size_t n_frames, char *text,
			    size_t n_bytes)
{
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < n_frames && used + 80 < n_bytes; i++) {
		struct mo_symbol symbol;
		/* A return address may be that of the next function, where the call was the last thing. */
		struct mo_error *error = mo_symbols_at(mo_kernel_symbols(state->kernel), frames_kva[i] - 1, &symbol);
		int n;

		if (error)
			n = snprintf(text + used, n_bytes - used, "%s0x%" PRIx64, i ? " < " : "", frames_kva[i]);
		else
			n = snprintf(text + used, n_bytes - used, "%s%.60s+0x%" PRIx64 "%s%s%s", i ? " < " : "", symbol.name,
				     frames_kva[i] - symbol.value_kva, symbol.module ? " [" : "",
				     symbol.module ? symbol.module : "", symbol.module ? "]" : "");
		mo_error_destroy(error);
		used += n < 0 ? 0 : (size_t)n;
	}
}

static void put_handle(const struct whatis_run *whatis, const char *what, uint32_t handle)
{
	uint64_t frames[MO_STACK_DEPOT_FRAMES];
	char text[MAX_STACK_BYTES_SHOWN];
	size_t n = 0;
	struct mo_error *error = handle ? mo_stack_depot_read(mo_run_reader(whatis->run), handle, frames, &n) : NULL;

	if (mo_error_destroy(error) || !n)
		return;
	describe_frames(whatis->state, frames, n, text, sizeof(text));
	put_fact(whatis, what, "%s", text);
}

static void put_page_owner(const struct whatis_run *whatis, const struct mo_page_owner_record *record)
{
	char who[80] = "";

	if (record->has_process)
		snprintf(who, sizeof(who), " by PID %d %.16s, %" PRIu64 ".%03" PRIu64 " s after boot", record->pid, record->comm,
			 record->allocated_ns / 1000000000, record->allocated_ns / 1000000 % 1000);
	put_fact(whatis, record->is_allocated ? "taken" : "last taken", "as a block of order %u%s (page_owner%s)", record->order,
		 who, record->is_allocated ? "" : "; freed since");
	put_handle(whatis, "taken by", record->handle);
	put_handle(whatis, "freed by", record->free_handle);
}

static void put_site(const struct whatis_run *whatis, const struct mo_alloc_site *site)
{
	put_fact(whatis, "alloc tag", "%s:%" PRIu32 "%s%s%s, %s()", site->file ? site->file : "?", site->line,
		 site->module ? " [" : "", site->module ? site->module : "", site->module ? "]" : "",
		 site->function ? site->function : "?");
}

/* Only the first page of a block has the tag. */
static void put_page_records(const struct whatis_run *whatis, const struct mo_place *place)
{
	const struct mo_page_owner_model *model = whatis->state->page_owner;
	struct mo_page_owner_record record;
	uint64_t head_pfn = place->pfn;
	unsigned order;
	bool is_found;

	if (!model || (model->state != MO_PAGE_OWNER_ON && model->sites_state != MO_PAGE_OWNER_ON))
		return;
	is_found = !mo_error_destroy(model->find(model, mo_run_reader(whatis->run), place->pfn, &record));
	if (is_found && record.is_recorded)
		put_page_owner(whatis, &record);
	if (!is_found || !record.site) {
		if (!page_block_of(whatis->state, mo_run_reader(whatis->run), place->pfn, &head_pfn, &order) || head_pfn == place->pfn)
			return;
		is_found = !mo_error_destroy(model->find(model, mo_run_reader(whatis->run), head_pfn, &record));
	}
	if (is_found && record.site)
		put_site(whatis, record.site);
}

static void put_track(const struct whatis_run *whatis, const struct mo_slab *slab, uint32_t index, bool is_of_free)
{
	const struct mo_slab_model *slabs = whatis->state->slabs;
	const char *what = is_of_free ? "freed" : "allocated";
	struct mo_slab_track track;
	char text[MAX_STACK_BYTES_SHOWN];
	char age[60] = "";
	struct mo_error *error = slabs->track(slabs, mo_run_reader(whatis->run), slab, index, is_of_free, &track);

	if (mo_error_destroy(error) || !track.caller_kva)
		return;
	if (track.has_age)
		snprintf(age, sizeof(age), ", %" PRIu64 " jiffies ago", track.age_jiffies);
	describe_frames(whatis->state, &track.caller_kva, 1, text, sizeof(text));
	put_fact(whatis, what, "by %s, PID %" PRId64 "%s (slub_debug)", text, track.pid, age);
	if (!track.n_frames)
		return;
	describe_frames(whatis->state, track.frames_kva, track.n_frames, text, sizeof(text));
	put_fact(whatis, is_of_free ? "freed, stack" : "allocated, stack", "%s", text);
}

static void put_tracks(const struct whatis_run *whatis, const struct mo_place *place)
{
	const struct mo_slab_model *slabs = whatis->state->slabs;
	const struct mo_slab *slab;
	uint32_t index;

	if (place->kind != MO_PLACE_SLAB_OBJECT || !slabs || !slabs->track ||
	    !mo_object_at(slabs, place->kva + (place->is_padding ? 0 : place->offset_bytes), &slab, &index))
		return;
	put_track(whatis, slab, index, false);
	put_track(whatis, slab, index, true);
}

static void put_pointer_to_rmap(const struct whatis_run *whatis, const struct mo_place *place)
{
	if (mo_class_is_mapped(place->page_class))
		put_fact(whatis, "processes", "memopsy rmap DUMP 0x%" PRIx64 " lists the processes that map it", place->pfn);
}

void put_records(const struct whatis_run *whatis, const struct mo_place *place)
{
	put_tracks(whatis, place);
	if (!place->has_pfn)
		return;
	put_page_records(whatis, place);
	put_pointer_to_rmap(whatis, place);
}
