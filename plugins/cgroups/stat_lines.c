/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which lines memory.stat has in this kernel and what each sums up: from the kernel's own tables memory_stats[] and
 * memcg_vm_event_stat[] (mm/memcontrol.c, memory_stat_format()), so that names and order are those of this kernel.
 */
#include "gathering.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What is being put together. */
struct finding {
	struct cgroups_state *state;
	struct stat_lines *lines;
	const struct mo_type *events;        /* enum vm_event_item */
	const struct mo_type *items;         /* enum node_stat_item */
	uint8_t places[MAX_STAT_ITEMS];     /* of each item its place in state[], used if is_indexed */
	uint32_t n_items;
	uint8_t first_place;                 /* what stands for the first place: 0, or 1 where 0 is nowhere */
	bool is_indexed;
	uint32_t counted_events[MAX_STAT_LINES];
	uint32_t n_counted_events;
	bool has_event_table;
};

static struct stat_line *add_line(struct stat_lines *lines, const char *name)
{
	struct stat_line *line = lines->n < MAX_STAT_LINES ? &lines->lines[lines->n++] : NULL;

	if (!line)
		return NULL;
	*line = (struct stat_line){ .factor = 1 };
	snprintf(line->name, sizeof(line->name), "%s", name);
	return line;
}

static void add_term(struct stat_line *line, bool is_event, uint32_t index)
{
	if (line && line->n_terms < MAX_STAT_TERMS) {
		line->terms[line->n_terms].is_event = is_event;
		line->terms[line->n_terms++].index = index;
	}
}

/* Where an item is counted; false: nowhere. */
static bool state_index(const struct finding *finding, uint64_t item, uint32_t *ret)
{
	uint32_t place = (uint32_t)item;

	if (finding->is_indexed) {
		if (item >= finding->n_items || finding->places[item] < finding->first_place)
			return false;
		place = (uint32_t)finding->places[item] - finding->first_place;
	}
	*ret = place;
	return item < MAX_STAT_ITEMS && place < finding->lines->n_state;
}

static bool event_index(const struct finding *finding, uint64_t event, uint32_t *ret)
{
	*ret = (uint32_t)event;
	if (!finding->has_event_table)
		return event < finding->lines->n_events;
	for (*ret = 0; *ret < finding->n_counted_events; ++*ret)
		if (finding->counted_events[*ret] == event)
			return true;
	return false;
}

static const char *enumerator_of(const struct mo_type *type, int64_t value)
{
	for (uint32_t i = 0; type && i < type->n_enumerators; i++)
		if (type->enumerators[i].value == value)
			return type->enumerators[i].name;
	return NULL;
}

static bool value_of(const struct mo_type *type, const char *name, int64_t *ret)
{
	for (uint32_t i = 0; type && i < type->n_enumerators; i++)
		if (!strcmp(type->enumerators[i].name, name)) {
			*ret = type->enumerators[i].value;
			return true;
		}
	return false;
}

/* memcg_page_state_output_unit(): bytes, KiB, or counts of what happened; pages otherwise. */
static void set_unit(const struct finding *finding, struct stat_line *line)
{
	static const char *const in_bytes[] = { "percpu", "zswap", "slab_reclaimable", "slab_unreclaimable" };

	line->is_bytes = true;
	line->factor = mo_kernel_facts(mo_run_kernel(finding->state->run))->page_bytes;
	for (size_t i = 0; i < sizeof(in_bytes) / sizeof(in_bytes[0]); i++)
		if (!strcmp(line->name, in_bytes[i]))
			line->factor = 1;
	if (!strcmp(line->name, "kernel_stack"))
		line->factor = 1024;
	if (!strncmp(line->name, "workingset_", 11) || !strncmp(line->name, "pg", 2)) {
		line->factor = 1;
		line->is_bytes = !strcmp(line->name, "pagetables");
	}
}

static bool is_stat_name(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

/* Where the pages of huge folios that hugetlb_accounting charges are counted: only a mount option shows the line. */
static bool shows_hugetlb(const struct finding *finding)
{
	const struct cgroups_layout *layout = finding->state->layout;
	uint64_t flags = 0;
	struct mo_error *error;

	if (!mo_has(&layout->default_root) || !mo_has(&layout->root_flags) || !mo_has(&layout->hugetlb_accounting))
		return false;
	error = mo_read_field(finding->state->reader, &layout->root_flags, layout->default_root.kva, &flags);
	return !mo_error_destroy(error) && flags & (uint64_t)layout->hugetlb_accounting.value;
}

/* One entry of memory_stats[]; false: the table ends here. */
static bool add_table_line(struct finding *finding, uint64_t entry_kva)
{
	struct cgroups_state *state = finding->state;
	const struct cgroups_layout *layout = state->layout;
	char name[MAX_STAT_NAME_BYTES];
	struct stat_line *line;
	uint64_t item = 0;
	uint64_t ratio = 0;
	uint32_t index = 0;
	struct mo_error *error = mo_read_field_string(state->reader, &layout->stat.name, entry_kva, name, sizeof(name));

	if (!error)
		error = mo_read_field(state->reader, &layout->stat.idx, entry_kva, &item);
	if (!error && mo_has(&layout->stat.ratio))
		error = mo_read_field(state->reader, &layout->stat.ratio, entry_kva, &ratio);
	if (error || !is_stat_name(name) || item >= MAX_STAT_ITEMS) {
		mo_error_destroy(error);
		return false;
	}
	if (!strcmp(name, "hugetlb") && !shows_hugetlb(finding))
		return true;
	line = add_line(finding->lines, name);
	if (!line)
		return false;
	set_unit(finding, line);
	if (ratio)
		line->factor = ratio;
	if (state_index(finding, item, &index))
		add_term(line, false, index);
	if (!strcmp(name, "slab_unreclaimable") && finding->lines->n >= 2) {
		struct stat_line *sum = add_line(finding->lines, "slab");

		if (sum) {
			sum->is_bytes = true;
			add_term(sum, false, index);
			add_term(sum, false, finding->lines->lines[finding->lines->n - 3].terms[0].index);
		}
	}
	return true;
}

static void add_table(struct finding *finding)
{
	const struct cgroups_layout *layout = finding->state->layout;
	uint64_t entry_bytes = layout->stat.entry.bytes;
	uint64_t n = entry_bytes ? layout->stat.table.size_bytes / entry_bytes : 0;

	if (!layout->stat.table.size_bytes || n > MAX_STAT_LINES) /* its length is not known: it ends where it makes no sense */
		n = MAX_STAT_LINES;
	for (uint64_t i = 0; entry_bytes && i < n; i++)
		if (!add_table_line(finding, layout->stat.table.kva + i * entry_bytes))
			break;
}

/* "pgscan", "pgsteal": of those who may scan, as many as this kernel counts. */
static void add_sum_line(struct finding *finding, const char *name, const char *prefix)
{
	static const char *const who[] = { "KSWAPD", "DIRECT", "KHUGEPAGED", "PROACTIVE" };
	struct stat_line *line = add_line(finding->lines, name);

	for (size_t i = 0; line && i < sizeof(who) / sizeof(who[0]); i++) {
		char enumerator[64];
		int64_t value;
		uint32_t index;

		if (i >= 2 && !finding->has_event_table)
			break;
		snprintf(enumerator, sizeof(enumerator), "%s_%s", prefix, who[i]);
		if (value_of(finding->events, enumerator, &value) && event_index(finding, (uint64_t)value, &index))
			add_term(line, true, index);
		else if (value_of(finding->items, enumerator, &value) && state_index(finding, (uint64_t)value, &index))
			add_term(line, false, index);
	}
}

static void add_event_line(struct finding *finding, const char *enumerator)
{
	char name[MAX_STAT_NAME_BYTES];
	int64_t value;
	uint32_t index;
	size_t i = 0;

	if (!value_of(finding->events, enumerator, &value) || !event_index(finding, (uint64_t)value, &index))
		return;
	for (; enumerator[i] && i + 1 < sizeof(name); i++)
		name[i] = (char)tolower((unsigned char)enumerator[i]);
	name[i] = '\0';
	/* The only one whose name in vmstat_text[] (mm/vmstat.c) is not its enumerator's. */
	if (!strcmp(enumerator, "NUMA_PAGE_MIGRATE"))
		snprintf(name, sizeof(name), "numa_pages_migrated");
	add_term(add_line(finding->lines, name), true, index);
}

/* memory_stat_format() until 6.0: a list in the code. */
static void add_old_events(struct finding *finding)
{
	static const char *const before[] = { "PGFAULT", "PGMAJFAULT", "PGREFILL" };
	static const char *const behind[] = { "PGACTIVATE", "PGDEACTIVATE", "PGLAZYFREE", "PGLAZYFREED", "THP_FAULT_ALLOC",
					      "THP_COLLAPSE_ALLOC" };

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		add_event_line(finding, before[i]);
	add_sum_line(finding, "pgscan", "PGSCAN");
	add_sum_line(finding, "pgsteal", "PGSTEAL");
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
		add_event_line(finding, behind[i]);
}

static void add_events(struct finding *finding)
{
	if (!finding->has_event_table) {
		add_old_events(finding);
		return;
	}
	add_sum_line(finding, "pgscan", "PGSCAN");
	add_sum_line(finding, "pgsteal", "PGSTEAL");
	for (uint32_t i = 0; i < finding->n_counted_events; i++) {
		const char *name = enumerator_of(finding->events, finding->counted_events[i]);

		if (name && strcmp(name, "PGPGIN") != 0 && strcmp(name, "PGPGOUT") != 0)
			add_event_line(finding, name);
	}
}

/* A table of n unsigned ints behind what is in `into` already. */
static struct mo_error *read_table(const struct finding *finding, const struct mo_address *table, uint32_t n, uint32_t *into,
				   uint32_t *n_ret)
{
	for (uint32_t i = 0; i < n && *n_ret < MAX_STAT_LINES; i++) {
		struct mo_error *error = mo_read_u32(finding->state->reader, table->kva + i * 4ull, &into[*n_ret]);

		if (error)
			return mo_error_prepend(error, "%s", table->name);
		++*n_ret;
	}
	return NULL;
}

/* Items that are nowhere have all bits set, or (and then places are counted from 1) none. */
static struct mo_error *read_places(struct finding *finding)
{
	const struct cgroups_layout *layout = finding->state->layout;
	struct mo_error *error;

	if (!mo_has(&layout->stat.n_items) || layout->stat.n_items.value < 2 || layout->stat.n_items.value > UINT8_MAX)
		return mo_error_create(MO_E_ABSENT, "the number of items in mem_cgroup_stats_index is unknown");
	finding->n_items = (uint32_t)layout->stat.n_items.value;
	error = mo_read(finding->state->reader, layout->stat.index.kva, finding->places, finding->n_items);
	finding->first_place = 1;
	for (uint32_t i = 0; i < finding->n_items; i++)
		if (finding->places[i] == UINT8_MAX)
			finding->first_place = 0;
	finding->is_indexed = true;
	return error;
}

static struct mo_error *read_tables(struct finding *finding)
{
	const struct cgroups_layout *layout = finding->state->layout;
	struct mo_error *error = mo_has(&layout->stat.index) ? read_places(finding) : NULL;

	if (!error && mo_has(&layout->stat.vm_events)) {
		finding->has_event_table = true;
		error = read_table(finding, &layout->stat.vm_events, finding->lines->n_events, finding->counted_events,
				   &finding->n_counted_events);
	}
	return error;
}

struct mo_error *find_stat_lines(struct cgroups_state *state)
{
	const struct cgroups_layout *layout = state->layout;
	struct mo_types *types = mo_kernel_types(mo_run_kernel(state->run));
	struct finding finding = { .state = state, .lines = state->lines };
	uint64_t n_state = mo_has(&layout->stat.state) ? layout->stat.state.n_elements :
			   mo_has(&layout->memcg.vmstats) ? layout->memcg.vmstats.n_elements : 0;
	uint64_t n_events = mo_has(&layout->stat.events) ? layout->stat.events.n_elements :
			    mo_has(&layout->memcg.vmevents) ? layout->memcg.vmevents.n_elements : 0;
	struct mo_error *error;

	if (!mo_has(&layout->stat.table) || !mo_has(&layout->stat.entry) || !mo_has(&layout->stat.name) ||
	    !mo_has(&layout->stat.idx) || n_state < 2 || n_events < 2 || n_state > MAX_STAT_ITEMS || n_events > MAX_STAT_ITEMS)
		return mo_error_create(MO_E_ABSENT, "where this kernel keeps the statistics of memory cgroups is unknown");
	state->lines->n_state = (uint32_t)n_state;
	state->lines->n_events = (uint32_t)n_events;
	error = mo_types_find(types, "enum vm_event_item", &finding.events);
	if (!error)
		error = mo_types_find(types, "enum node_stat_item", &finding.items);
	if (!error)
		error = read_tables(&finding);
	if (error)
		return error;
	add_table(&finding);
	add_events(&finding);
	return NULL;
}
