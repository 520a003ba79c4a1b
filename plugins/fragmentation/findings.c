/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zones with plenty of free memory and no block, or hardly any, that a usual allocation needs; and who is in the way. */
#include "fragmentation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <memopsy/share.h>

#define USUAL_ORDER 3 /* PAGE_ALLOC_COSTLY_ORDER: up to here the kernel retries for ever (mm/page_alloc.c) */
#define A_LOT_PERCENT 25
#define A_LOT_BYTES (16ull << 20)
#define UNUSABLE_THOUSANDTHS 950 /* of free memory, where hardly any of it serves an order */

/* What is wrong with a zone at an order. */
struct shortage {
	unsigned order;
	bool has_no_block;            /* else hardly any of the free memory is in blocks that large */
	uint64_t unusable;            /* thousandths of free memory, for that order */
};

/* What stands in the way, and who holds most of it. */
struct obstacle {
	unsigned class;               /* MO_N_PAGE_CLASSES: not known */
	uint64_t movable_blocks, all_blocks;
	const struct mo_holder *holder; /* NULL: not known */
	uint64_t held_blocks;         /* pageblocks of the machine in which it has pages, at least; 0: not known */
	uint64_t machine_blocks;
	struct mo_share held;         /* what the holder has of that class, in the machine */
};

static int largest_free_order(const struct models *models, size_t zone)
{
	for (int order = (int)models->free_areas->n_orders - 1; order >= 0; order--)
		if (models->free_areas->zones[zone].orders[order].nr_free.value)
			return order;
	return -1;
}

/* How much of the machine's memory lies in zones that still have it, for kernel allocations, in per cent. */
static unsigned percent_that_has_it(const struct models *models, unsigned order)
{
	uint64_t all = 0;
	uint64_t having = 0;

	for (size_t i = 0; i < models->zones->n_zones; i++) {
		uint64_t pages = models->zones->zones[i].managed_pages.value;

		if (!is_populated(&models->zones->zones[i]) || pages >> 50)
			continue;
		all += pages;
		having += is_had(chance_of(models, i, order, REQUEST_KERNEL)) ? pages : 0;
	}
	return all ? (unsigned)(having * 100 / all) : 0;
}

/* The class of pages that most pageblocks hold and that cannot be moved. */
static unsigned first_in_the_way(const struct zone_pageblocks *zone)
{
	unsigned most = MO_N_PAGE_CLASSES;

	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
		if (class_is_stuck(class) && zone->classes[class].pages &&
		    (most == MO_N_PAGE_CLASSES || zone->classes[class].blocks > zone->classes[most].blocks))
			most = class;
	return most;
}

static bool is_same_owner(const struct mo_holder *a, const struct mo_holder *b)
{
	return a->module && b->module ? !strcmp(a->module, b->module) : a == b;
}

/* Holders of one module count together: it is the module that somebody has to look at. */
static uint64_t bytes_of_owner(const struct mo_owners_model *owners, const struct mo_holder *of)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < owners->n_holders; i++)
		if (owners->holders[i].page_class == of->page_class && is_same_owner(&owners->holders[i], of))
			bytes += owners->holders[i].bytes;
	return bytes;
}

/* Of the owner's holders the one that is in most of them: the others may be in the same ones. */
static uint64_t pageblocks_of_owner(const struct mo_owners_model *owners, const struct mo_holder *of)
{
	uint64_t most = of->pageblocks;

	for (size_t i = 0; i < owners->n_holders; i++)
		if (owners->holders[i].page_class == of->page_class && is_same_owner(&owners->holders[i], of) &&
		    owners->holders[i].pageblocks > most)
			most = owners->holders[i].pageblocks;
	return most;
}

/* Unknown is nobody's name: a holder without one is none. */
static void find_holder(const struct mo_owners_model *owners, struct obstacle *obstacle)
{
	for (size_t i = 0; owners && i < owners->n_holders; i++) {
		const struct mo_holder *holder = &owners->holders[i];
		uint64_t bytes;

		if (holder->page_class != obstacle->class)
			continue;
		obstacle->held.whole_bytes += holder->bytes;
		if (holder->evidence == MO_HOLDER_BY_NOBODY || (!holder->name && !holder->module))
			continue;
		/* Largest first: nothing behind can be larger than what has been found, but by its module's sum. */
		bytes = holder->module ? bytes_of_owner(owners, holder) : holder->bytes;
		if (bytes <= obstacle->held.part_bytes)
			continue;
		obstacle->holder = holder;
		obstacle->held.part_bytes = bytes;
		obstacle->held_blocks = pageblocks_of_owner(owners, holder);
	}
}

static struct obstacle obstacle_of(const struct zone_pageblocks *sums, const struct mo_owners_model *owners)
{
	struct obstacle obstacle = { .class = sums ? first_in_the_way(sums) : MO_N_PAGE_CLASSES };

	for (unsigned type = 0; sums && type <= MO_MAX_MIGRATETYPES; type++) {
		obstacle.movable_blocks += sums->types[type].movable_blocks;
		obstacle.all_blocks += sums->types[type].blocks;
	}
	if (obstacle.class != MO_N_PAGE_CLASSES)
		find_holder(owners, &obstacle);
	return obstacle;
}

static size_t list_evidence(const struct models *models, const struct mo_zone *zone, const struct zone_pageblocks *sums,
			    const struct obstacle *obstacle, struct mo_evidence *evidence)
{
	size_t n = 0;

	evidence[n++] = (struct mo_evidence){ "free", MO_CELL_BYTES,
					      mo_cell_number(mo_exact(zone->free_pages.value * models->page_bytes)) };
	evidence[n++] = (struct mo_evidence){ "low watermark", MO_CELL_BYTES,
					      mo_cell_number(mo_exact(zone->watermark_pages[MO_WMARK_LOW].value *
								      models->page_bytes)) };
	if (sums)
		evidence[n++] = (struct mo_evidence){ "pageblocks", MO_CELL_COUNT,
						      mo_cell_number(mo_exact(obstacle->all_blocks)) };
	if (sums)
		evidence[n++] = (struct mo_evidence){ "pageblocks that compaction could empty", MO_CELL_COUNT,
						      mo_cell_number(mo_exact(obstacle->movable_blocks)) };
	if (obstacle->class == MO_N_PAGE_CLASSES)
		return n;
	evidence[n++] = (struct mo_evidence){ "most in the way", MO_CELL_TEXT,
					      mo_cell_text(models->mem_map->classes[obstacle->class].title) };
	evidence[n++] = (struct mo_evidence){ "in pageblocks", MO_CELL_COUNT,
					      mo_cell_number(mo_exact(sums->classes[obstacle->class].blocks)) };
	evidence[n++] = (struct mo_evidence){ "pages", MO_CELL_COUNT,
					      mo_cell_number(mo_exact(sums->classes[obstacle->class].pages)) };
	return n;
}

/* Where the next larger zones stand. */
static const char *elsewhere(unsigned percent)
{
	return percent >= A_LOT_PERCENT ? " Other zones still have one." :
	       percent			? " Only zones with little of the memory still have one." :
					  "";
}

static size_t say_shortage(const struct models *models, size_t i, const struct shortage *shortage, char *text, size_t room)
{
	const struct mo_zone *zone = &models->zones->zones[i];
	unsigned long long block_kib = (models->page_bytes << shortage->order) / 1024;
	int largest = largest_free_order(models, i);
	int n;

	if (shortage->has_no_block) {
		n = snprintf(text, room, "Node %u, zone %s is fragmented: much of it is free, and a kernel allocation of order %u "
			     "(%llu KiB) finds no block; the largest free one is of order %d.%s", zone->node_id, zone->name,
			     shortage->order, block_kib, largest, elsewhere(percent_that_has_it(models, shortage->order)));
	} else {
		n = snprintf(text, room, "Node %u, zone %s is fragmented: %.1f %% of its free memory is in blocks smaller than "
			     "order %u (%llu KiB), and no block is larger than order %d%s.", zone->node_id, zone->name,
			     (double)shortage->unusable / 10.0, shortage->order, block_kib, largest,
			     largest < (int)models->free_areas->pageblock_order ? ": huge pages cannot be allocated" : "");
	}
	return n > 0 && (size_t)n < room ? (size_t)n : room - 1;
}

/* "200 of 248 pageblocks hold unmovable pages of direct users; nearly all of these belong to ..." */
static void say_obstacle(const struct models *models, const struct zone_pageblocks *sums, const struct obstacle *obstacle,
			 char *text, size_t room)
{
	const struct mo_holder *holder = obstacle->holder;
	const char *words = mo_share_words(obstacle->held);
	int n;

	if (obstacle->class == MO_N_PAGE_CLASSES || !sums->classes[obstacle->class].blocks)
		return;
	n = snprintf(text, room, " %" PRIu64 " of its %" PRIu64 " pageblocks hold unmovable pages of the class %s",
		     sums->classes[obstacle->class].blocks, obstacle->all_blocks, models->mem_map->classes[obstacle->class].name);
	if (n < 0 || (size_t)n >= room)
		return;
	text += n;
	room -= (size_t)n;
	if (!holder || !words)
		snprintf(text, room, ".");
	else
		n = snprintf(text, room, "; %s of that class (%.1f of %.1f MiB) belongs to %s%s%.63s%s", words,
			 (double)obstacle->held.part_bytes / (1 << 20), (double)obstacle->held.whole_bytes / (1 << 20),
			 holder->module ? "module " : "", holder->module ? holder->module : "",
			 holder->module ? "" : holder->name, holder->evidence == MO_HOLDER_BY_GUESS ? " (a guess)" : "");
	if (!holder || !words || n < 0 || (size_t)n >= room)
		return;
	text += n;
	room -= (size_t)n;
	if (obstacle->held_blocks && obstacle->held_blocks <= obstacle->machine_blocks)
		snprintf(text, room, ", which has pages in at least %" PRIu64 " of the machine's %" PRIu64 " pageblocks (%" PRIu64 " %%).",
			 obstacle->held_blocks, obstacle->machine_blocks, obstacle->held_blocks * 100 / obstacle->machine_blocks);
	else
		snprintf(text, room, ".");
}

#define SHOWS "`memopsy fragmentation` shows orders and pageblocks."

static const char *advice_of(const struct obstacle *obstacle, char *text, size_t room)
{
	const struct mo_holder *holder = obstacle->holder;
	char who[96] = "their owner (boot with page_owner=on to learn who allocates them)";

	if (holder)
		snprintf(who, sizeof(who), "%s%.63s", holder->module ? "module " : "", holder->module ? holder->module : holder->name);
	if (obstacle->class == MO_N_PAGE_CLASSES)
		snprintf(text, room, "See who holds the pages between the free ones. " SHOWS);
	else if (obstacle->movable_blocks > obstacle->all_blocks / 4)
		snprintf(text, room, "Compaction could help (echo 1 > /proc/sys/vm/compact_memory), and keeping more memory free "
				     "(vm.min_free_kbytes). " SHOWS);
	else
		snprintf(text, room, "Compaction can help little: most pageblocks hold unmovable pages. Look at %s. " SHOWS, who);
	return text;
}

static uint64_t count_blocks(const struct fragmentation_state *state)
{
	uint64_t n = 0;

	for (size_t i = 0; state->sums && i < state->models.zones->n_zones; i++)
		for (unsigned type = 0; type <= MO_MAX_MIGRATETYPES; type++)
			n += state->sums[i].types[type].blocks;
	return n;
}

static void judge_zone(struct mo_run *run, const struct fragmentation_state *state, size_t i, const struct shortage *shortage,
		       const struct mo_owners_model *owners, const struct mo_slab_model *slabs)
{
	const struct models *models = &state->models;
	const struct zone_pageblocks *sums = state->sums ? &state->sums[i] : NULL;
	struct obstacle obstacle = obstacle_of(sums, owners);
	bool is_had_elsewhere = shortage->has_no_block && percent_that_has_it(models, shortage->order) >= A_LOT_PERCENT;
	struct mo_evidence evidence[7];
	size_t n = list_evidence(models, &models->zones->zones[i], sums, &obstacle, evidence);
	char verdict[1000];
	char advice[400];
	size_t length = say_shortage(models, i, shortage, verdict, sizeof(verdict));

	obstacle.machine_blocks = count_blocks(state);
	say_demands(&state->demands, slabs, shortage->order, verdict + length, sizeof(verdict) - length);
	length += strlen(verdict + length);
	say_obstacle(models, sums, &obstacle, verdict + length, sizeof(verdict) - length);
	mo_run_judge(run, "fragmentation", &(struct mo_finding){
		.id = "zone-fragmented",
		.severity = is_had_elsewhere ? MO_NOTICE : MO_WARNING,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = n,
		.advice = advice_of(&obstacle, advice, sizeof(advice)),
	});
}

static bool is_much(const struct models *models, const struct mo_zone *zone)
{
	return zone->managed_pages.certainty == MO_EXACT &&
	       zone->free_pages.value >= zone->managed_pages.value / 100 * A_LOT_PERCENT &&
	       zone->free_pages.value >= A_LOT_BYTES / models->page_bytes;
}

/*
 * Of the orders that the kernel itself asks for (slabs, stacks, tables of drivers): none is there; or so little that the
 * next few allocations have it all, although much is free. Of larger ones that have failed before: none is there.
 */
static bool find_shortage(const struct models *models, size_t i, const struct demands *demands, struct shortage *ret)
{
	const struct mo_zone *zone = &models->zones->zones[i];

	/* Plenty: an allocation of one page passes the low watermark, so that nothing is reclaimed on its behalf. */
	if (!is_populated(zone) || chance_of(models, i, 0, REQUEST_KERNEL) != CHANCE_YES)
		return false;
	for (unsigned order = 1; order <= USUAL_ORDER && order < models->free_areas->n_orders; order++) {
		struct indexes indexes = indexes_of(models, i, order);

		*ret = (struct shortage){ .order = order, .unusable = indexes.unusable };
		ret->has_no_block = chance_of(models, i, order, REQUEST_KERNEL) == CHANCE_NO_BLOCK;
		if (ret->has_no_block || (indexes.is_known && indexes.unusable >= UNUSABLE_THOUSANDTHS && is_much(models, zone)))
			return true;
	}
	for (unsigned order = USUAL_ORDER + 1; order <= largest_failed_order(demands) && order < models->free_areas->n_orders; order++) {
		*ret = (struct shortage){ .order = order, .has_no_block = true };
		if (demands->n_failed[order] && chance_of(models, i, order, REQUEST_KERNEL) == CHANCE_NO_BLOCK)
			return true;
	}
	return false;
}

struct mo_error *judge_fragmentation(struct mo_run *run)
{
	const struct fragmentation_state *state = mo_run_model(run);
	const void *owners = NULL;
	const void *slabs = NULL;
	bool has_asked = false;

	for (size_t i = 0; i < state->models.zones->n_zones; i++) {
		struct shortage shortage;
		struct mo_error *error = NULL;

		if (!find_shortage(&state->models, i, &state->demands, &shortage))
			continue;
		if (!has_asked && state->sums)
			error = mo_run_late_model(run, MO_OWNERS_MODEL, &owners);
		if (!error && !has_asked)
			error = mo_run_late_model(run, MO_SLAB_MODEL, &slabs);
		if (error)
			return error;
		has_asked = true;
		judge_zone(run, state, i, &shortage, owners, slabs);
	}
	return NULL;
}
