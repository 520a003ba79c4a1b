/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was found page by page, beside what the kernel counted; the difference is printed, not judged. */
#include "gathering.h"

enum { COLUMN_CHECK, COLUMN_FOUND, COLUMN_KERNEL, COLUMN_DIFFERENCE, COLUMN_COUNTERS, COLUMN_NODE, N_COLUMNS };

#define CHECK_COLUMNS \
	[COLUMN_CHECK] = { .key = "check", .heading = "CHECK", .kind = MO_CELL_TEXT, .help = "what is compared" }, \
	[COLUMN_FOUND] = { .key = "found_pages", .heading = "FOUND", .kind = MO_CELL_COUNT, \
			   .help = "page frames found in the memory map" }, \
	[COLUMN_KERNEL] = { .key = "kernel_pages", .heading = "KERNEL", .kind = MO_CELL_COUNT, \
			    .help = "the kernel's counter, with per-CPU deltas" }, \
	[COLUMN_DIFFERENCE] = { .key = "difference_pages", .heading = "DIFFERENCE", .kind = MO_CELL_SIGNED, \
				.help = "found minus counted" }, \
	[COLUMN_COUNTERS] = { .key = "counters", .heading = "COUNTERS", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP, \
			      .help = "the kernel's own names" }

static const struct mo_column columns[COLUMN_NODE] = { CHECK_COLUMNS };
static const struct mo_column columns_by_node[N_COLUMNS] = {
	CHECK_COLUMNS,
	[COLUMN_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "NUMA node" },
};

const struct mo_table_spec usage_checks_table = {
	.name = "usage_checks",
	.title = "Memory map against kernel counters (pages)",
	.help = "Differences of a few pages are updates that the dump caught half-way.",
	.columns = columns,
	.n_columns = COLUMN_NODE,
};

const struct mo_table_spec usage_checks_by_node_table = {
	.name = "usage_checks_by_node",
	.title = "Memory map against kernel counters, by node (pages)",
	.columns = columns_by_node,
	.n_columns = N_COLUMNS,
};

#define MAX_TERMS 6

/* One comparison. Lists end with a term of 0, which is MO_PAGE_UNKNOWN and never summed; items are numbered from 1. */
struct check {
	const char *name;
	enum mo_page_class classes[MAX_TERMS];
	bool counts_mark;               /* a mark instead of classes, or beside them */
	enum mo_page_mark mark;
	unsigned node_items[MAX_TERMS]; /* enum node_item + 1 */
	unsigned zone_items[MAX_TERMS]; /* enum zone_item + 1 */
	const char *counters;
};

#define NODE(item) (NODE_##item + 1)
#define ZONE(item) (ZONE_##item + 1)

static const struct check checks[] = {
	{ .name = "free",
	  .classes = { MO_PAGE_FREE_BUDDY },
	  .zone_items = { ZONE(NR_FREE_PAGES) },
	  .counters = "NR_FREE_PAGES" },
	{ .name = "anonymous",
	  .classes = { MO_PAGE_ANON, MO_PAGE_ANON_THP },
	  .node_items = { NODE(NR_ANON_MAPPED) },
	  .counters = "NR_ANON_MAPPED" },
	{ .name = "page cache, swap cache and shared memory",
	  .classes = { MO_PAGE_FILE, MO_PAGE_FILE_THP, MO_PAGE_SHMEM, MO_PAGE_SHMEM_THP },
	  .counts_mark = true,
	  .mark = MO_MARK_SWAP_CACHE,
	  .node_items = { NODE(NR_FILE_PAGES) },
	  .counters = "NR_FILE_PAGES" },
	{ .name = "shared memory",
	  .classes = { MO_PAGE_SHMEM, MO_PAGE_SHMEM_THP },
	  .node_items = { NODE(NR_SHMEM) },
	  .counters = "NR_SHMEM" },
	{ .name = "slab and large kmalloc",
	  .classes = { MO_PAGE_SLAB, MO_PAGE_LARGE_KMALLOC },
	  .node_items = { NODE(NR_SLAB_RECLAIMABLE_B), NODE(NR_SLAB_UNRECLAIMABLE_B) },
	  .counters = "NR_SLAB_RECLAIMABLE_B + NR_SLAB_UNRECLAIMABLE_B" },
	{ .name = "page tables",
	  .classes = { MO_PAGE_PAGE_TABLE },
	  .node_items = { NODE(NR_PAGETABLE) },
	  .counters = "NR_PAGETABLE (of node)" },
	{ .name = "page tables",
	  .classes = { MO_PAGE_PAGE_TABLE },
	  .zone_items = { ZONE(NR_PAGETABLE) },
	  .counters = "NR_PAGETABLE (of zone)" },
	{ .name = "on the LRU lists",
	  .counts_mark = true,
	  .mark = MO_MARK_LRU,
	  .node_items = { NODE(NR_INACTIVE_ANON), NODE(NR_ACTIVE_ANON), NODE(NR_INACTIVE_FILE), NODE(NR_ACTIVE_FILE),
			  NODE(NR_UNEVICTABLE) },
	  .counters = "NR_{INACTIVE,ACTIVE}_{ANON,FILE} + NR_UNEVICTABLE" },
	{ .name = "unevictable",
	  .counts_mark = true,
	  .mark = MO_MARK_UNEVICTABLE,
	  .node_items = { NODE(NR_UNEVICTABLE) },
	  .counters = "NR_UNEVICTABLE" },
	{ .name = "mlocked",
	  .counts_mark = true,
	  .mark = MO_MARK_MLOCKED,
	  .zone_items = { ZONE(NR_MLOCK) },
	  .counters = "NR_MLOCK" },
	{ .name = "under writeback",
	  .counts_mark = true,
	  .mark = MO_MARK_WRITEBACK,
	  .node_items = { NODE(NR_WRITEBACK) },
	  .counters = "NR_WRITEBACK" },
	{ .name = "swap cache",
	  .counts_mark = true,
	  .mark = MO_MARK_SWAP_CACHE,
	  .node_items = { NODE(NR_SWAPCACHE) },
	  .counters = "NR_SWAPCACHE" },
	{ .name = "zsmalloc",
	  .classes = { MO_PAGE_ZSMALLOC },
	  .zone_items = { ZONE(NR_ZSPAGES) },
	  .counters = "NR_ZSPAGES" },
	{ .name = "balloon",
	  .classes = { MO_PAGE_BALLOON },
	  .node_items = { NODE(NR_BALLOON_PAGES) },
	  .counters = "NR_BALLOON_PAGES" },
	{ .name = "unaccepted",
	  .classes = { MO_PAGE_UNACCEPTED },
	  .zone_items = { ZONE(NR_UNACCEPTED) },
	  .counters = "NR_UNACCEPTED" },
};

/* What is compared: one node, or all of them together. */
struct scope {
	const struct mem_map_state *state;
	const struct node_counters *counters;
	size_t n_counters;
	bool is_one_node;
	bool is_brief;          /* in a report: what agrees is counted, not shown */
	unsigned n_equal;
};

static struct mo_count counted(const struct check *check, const struct scope *scope)
{
	struct mo_count sum = mo_exact(0);

	for (size_t node = 0; node < scope->n_counters; node++)
		for (unsigned i = 0; i < MAX_TERMS; i++) {
			if (check->node_items[i])
				sum = mo_count_add(sum, scope->counters[node].node_items[check->node_items[i] - 1]);
			if (check->zone_items[i])
				sum = mo_count_add(sum, scope->counters[node].zone_items[check->zone_items[i] - 1]);
		}
	return sum;
}

/* Whether a row of the model's sums belongs to what is compared. */
static bool is_in_scope(const struct scope *scope, const struct mo_zone_pages *zone)
{
	if (!scope->is_one_node)
		return true;
	return zone->zone != MO_ZONE_NONE && scope->state->zones->zones[zone->zone].node_id == scope->counters->node_id;
}

static struct mo_count found(const struct check *check, const struct scope *scope)
{
	const struct mo_mem_map_model *model = &scope->state->model;
	uint64_t sum = 0;

	for (size_t zone = 0; zone < model->n_zones; zone++) {
		if (!is_in_scope(scope, &model->zones[zone]))
			continue;
		for (unsigned i = 0; i < MAX_TERMS; i++)
			if (check->classes[i] != MO_PAGE_UNKNOWN)
				sum += model->zones[zone].pages[check->classes[i]];
		if (check->counts_mark)
			sum += model->zones[zone].marked_pages[check->mark];
	}
	return model->unreadable_pages ? mo_at_least(sum) : mo_exact(sum);
}

/* A check whose counter this kernel does not have, or of nothing on either side, says nothing. */
static bool is_idle(struct mo_count in_map, struct mo_count in_kernel)
{
	return in_kernel.certainty == MO_UNKNOWN || (in_map.certainty == MO_EXACT && !in_map.value && !in_kernel.value);
}

static void write_check(struct mo_report *report, const char *name, const char *counters, struct scope *scope,
			struct mo_count in_map, struct mo_count in_kernel)
{
	bool is_exact = in_map.certainty == MO_EXACT && in_kernel.certainty == MO_EXACT;
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_CHECK] = mo_cell_text(name),
		[COLUMN_NODE] = mo_cell_number(mo_exact(scope->counters->node_id)),
		[COLUMN_FOUND] = mo_cell_number(in_map),
		[COLUMN_KERNEL] = mo_cell_number(in_kernel),
		[COLUMN_DIFFERENCE] = mo_cell_unknown(),
		[COLUMN_COUNTERS] = mo_cell_text(counters),
	};

	if (is_exact && in_map.value == in_kernel.value) {
		scope->n_equal++;
		if (scope->is_brief)
			return;
	}
	if (is_exact)
		cells[COLUMN_DIFFERENCE] = mo_cell_signed((int64_t)(in_map.value - in_kernel.value));
	mo_report_row(report, cells);
}

/* Page frames that were given to the page allocator, beside what it says that it manages. */
static void check_managed(struct mo_report *report, struct scope *scope)
{
	const struct mo_mem_map_model *model = &scope->state->model;
	struct mo_count managed = mo_exact(0);
	uint64_t given = 0;

	for (size_t i = 0; i < model->n_zones; i++) {
		const struct mo_zone_pages *zone = &model->zones[i];

		if (!is_in_scope(scope, zone))
			continue;
		for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
			given += class == MO_PAGE_UNKNOWN ? 0 : zone->pages[class];
		given -= zone->marked_pages[MO_MARK_RESERVED];
		if (zone->zone != MO_ZONE_NONE)
			managed = mo_count_add(managed, scope->state->zones->zones[zone->zone].managed_pages);
	}
	write_check(report, "not reserved", "managed pages of all zones (MemTotal)", scope,
		    model->pages[MO_PAGE_UNKNOWN] ? mo_at_least(given) : mo_exact(given), managed);
}

/* Beside a line of /proc/meminfo: what its counters say has no per-CPU deltas. n_more: found, and not counted there. */
static void check_line(struct mo_run *run, struct mo_report *report, struct scope *scope, const struct check *check,
		       uint64_t n_more)
{
	const struct mo_meminfo_line *line = mo_meminfo_find(scope->state->zones, check->counters);
	struct mo_count in_map = found(check, scope);
	struct mo_count in_kernel;

	if (!line || in_map.value < n_more)
		return;
	in_map.value -= n_more;
	in_kernel = line->value;
	in_kernel.value /= mo_kernel_facts(mo_run_kernel(run))->page_bytes / 1024;
	write_check(report, check->name, check->counters, scope, in_map, in_kernel);
}

static void check_vmap(struct mo_run *run, struct mo_report *report, struct scope *scope)
{
	static const struct check vmalloc = { .name = "vmalloc, with kernel stacks", .counters = "VmallocUsed",
					      .classes = { MO_PAGE_VMALLOC, MO_PAGE_KERNEL_STACK } };
	static const struct check stacks = { .name = "kernel stacks of tasks", .counters = "KernelStack",
					     .classes = { MO_PAGE_KERNEL_STACK } };
	static const struct check percpu = { .name = "per-CPU", .counters = "Percpu", .classes = { MO_PAGE_PERCPU } };
	const struct mo_vmap_model *vmap = scope->state->vmap;

	if (!vmap)
		return;
	check_line(run, report, scope, &vmalloc, vmap->direct_stack_pages);
	if (vmap->owned_pages[MO_OWNED_KERNEL_STACK])
		check_line(run, report, scope, &stacks, vmap->idle_stack_pages);
	check_line(run, report, scope, &percpu, 0);
}

#define MAX_HUGE_STATES 16

/* One of the pools' counters (mm/hugetlb.c), in base pages of all pools. */
static struct mo_count pool_pages(struct mo_reader *reader, const struct mem_map_layout *layout,
				  const struct mo_field *field)
{
	uint32_t n_pools = 0;
	uint64_t sum = 0;
	struct mo_error *error;

	if (!mo_has(&layout->hugetlb.states) || !mo_has(&layout->hugetlb.count) || !mo_has(&layout->hugetlb.size) ||
	    !mo_has(&layout->hugetlb.order) || !mo_has(field))
		return mo_unknown();
	error = mo_read_u32(reader, layout->hugetlb.count.kva, &n_pools);
	for (uint32_t i = 0; i < n_pools && i < MAX_HUGE_STATES && !error; i++) {
		uint64_t pool_kva = layout->hugetlb.states.kva + i * layout->hugetlb.size.bytes;
		uint64_t order = 0;
		uint64_t n_huge = 0;

		error = mo_read_field(reader, &layout->hugetlb.order, pool_kva, &order);
		if (!error)
			error = mo_read_field(reader, field, pool_kva, &n_huge);
		if (!error && (order > 30 || n_huge > UINT64_MAX >> 40))
			return mo_unknown();
		sum += n_huge << order;
	}
	if (!error)
		return mo_exact(sum);
	mo_error_destroy(error);
	return mo_unknown();
}

static void check_hugetlb(struct mo_run *run, struct mo_report *report, struct scope *scope)
{
	static const struct check all = { .classes = { MO_PAGE_HUGETLB_FREE, MO_PAGE_HUGETLB_USED } };
	static const struct check unused = { .classes = { MO_PAGE_HUGETLB_FREE } };
	const struct mem_map_layout *layout = mo_run_layout(run);
	struct mo_count in_pools = pool_pages(mo_run_reader(run), layout, &layout->hugetlb.nr);
	struct mo_count free_in_pools = pool_pages(mo_run_reader(run), layout, &layout->hugetlb.free);

	if (!is_idle(found(&all, scope), in_pools))
		write_check(report, "hugetlb", "nr_huge_pages of hstates[]", scope, found(&all, scope), in_pools);
	if (!is_idle(found(&unused, scope), free_in_pools))
		write_check(report, "hugetlb, free", "free_huge_pages of hstates[]", scope, found(&unused, scope),
			    free_in_pools);
}

static void write_checks(struct mo_report *report, struct scope *scope)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct mo_count in_map = found(&checks[i], scope);
		struct mo_count in_kernel = counted(&checks[i], scope);

		if (!is_idle(in_map, in_kernel))
			write_check(report, checks[i].name, checks[i].counters, scope, in_map, in_kernel);
	}
	check_managed(report, scope);
}

struct mo_error *show_checks(struct mo_run *run, struct mo_report *report, bool by_node)
{
	const struct mem_map_state *state = mo_run_model(run);
	struct folded_counters counters;
	struct scope scope = { .state = state, .is_brief = mo_run_is_report(run) };
	struct mo_error *error = fold_counters(mo_run_reader(run), mo_run_layout(run), state->zones, &counters);

	if (error)
		return error;
	mo_report_table_begin(report, by_node ? &usage_checks_by_node_table : &usage_checks_table);
	scope.counters = counters.nodes;
	scope.n_counters = counters.n_nodes;
	if (!by_node) {
		write_checks(report, &scope);
		check_hugetlb(run, report, &scope);
		check_vmap(run, report, &scope);
	}
	for (size_t i = 0; by_node && i < counters.n_nodes; i++) {
		scope = (struct scope){
			.state = state, .counters = &counters.nodes[i], .n_counters = 1, .is_one_node = true
		};
		write_checks(report, &scope);
	}
	mo_report_table_end(report);
	if (scope.is_brief)
		mo_report_note(report, "%u other kernel counters agree to the page.", scope.n_equal);
	folded_counters_deinit(&counters);
	return NULL;
}
