/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_KERNEL_LAYOUTS_H
#define MO_KERNEL_LAYOUTS_H

/*
 * The layouts that the kernel room itself needs: containers, sets, per-CPU data, the memory map, the log, modules, the
 * stack depot; and a place for those that src/mm binds once for all plugins.
 *
 * Each is bound at first use and kept with the session; a layout that cannot be bound (no struct maple_tree before
 * 6.1) is remembered as that, so that asking again costs nothing. Tables that are read out of the dump once and never
 * change, such as the per-CPU offsets, are kept the same way, behind their layout.
 *
 * Threads: mo_kernel_layout() may be called by any; after the first call for an id it takes no lock.
 */

#include <memopsy/layout.h>
#include <memopsy/memmap.h>
#include <memopsy/walk.h>

enum mo_layout_id {
	MO_LAYOUT_LIST,
	MO_LAYOUT_RBTREE,
	MO_LAYOUT_XARRAY,
	MO_LAYOUT_MAPLE,
	MO_LAYOUT_SETS,
	MO_LAYOUT_CPUS,
	MO_LAYOUT_PERCPU_COUNTER,
	MO_LAYOUT_MEMMAP,
	MO_LAYOUT_LOG_RING,
	MO_LAYOUT_LOG_RECORDS,
	MO_LAYOUT_MODULES,
	MO_LAYOUT_MODULE_BTF,
	MO_LAYOUT_STACK_DEPOT,
	MO_LAYOUT_UNWIND,
	MO_LAYOUT_KERNEL_IDS,
	/* Those that src/mm binds with tables of its own. */
	MO_LAYOUT_PAGE = MO_LAYOUT_KERNEL_IDS,
	MO_LAYOUT_PAGE_NAMES,
	MO_LAYOUT_PAGE_EXT,
	MO_LAYOUT_IDS
};

/* struct list_head, struct hlist_head and hlist_node. walk_list.c */
struct mo_list_layout {
	struct mo_size list_head;
	struct mo_field next;
	struct mo_field prev;
	struct mo_field hlist_first;
	struct mo_field hlist_next;
};

/* walk_rbtree.c */
struct mo_rbtree_layout {
	struct mo_size node;
	struct mo_field root_node;
	struct mo_field parent_color;
	struct mo_field left;
	struct mo_field right;
};

/* How the nodes of an xarray, or of the radix tree that it replaced, are told from entries. */
enum mo_xarray_shape {
	MO_XARRAY,              /* 4.20 on: internal entries end in 10 */
	MO_RADIX_TREE_TAGGED,   /* 4.7 to 4.19: internal entries end in 01 and nodes know their shift */
	MO_RADIX_TREE_HEIGHT,   /* before: only the root's pointer is tagged, and the root knows the height */
};

/* walk_xarray.c */
struct mo_xarray_layout {
	struct mo_field head;
	struct mo_field height;
	struct mo_size node;
	struct mo_field shift;
	struct mo_field offset;
	struct mo_field parent;
	struct mo_field slots;
	struct mo_field xa_head; /* bound: this is an xarray */
	/* Derived. */
	enum mo_xarray_shape shape;
	unsigned chunk_shift;
};

/* One type of maple node. */
struct mo_maple_node_layout {
	struct mo_field pivot;
	struct mo_field slot;
	struct mo_field end;
};

/* walk_maple.c */
struct mo_maple_layout {
	struct mo_field root;
	struct mo_size node;
	struct mo_field parent;
	struct mo_maple_node_layout range;
	struct mo_maple_node_layout arange;
	struct mo_constant leaf_type;
	struct mo_constant range_type;
	struct mo_constant arange_type;
	/* Derived. */
	uint64_t max_index;
};

/* sets.c */
struct mo_sets_layout {
	struct mo_field cpumask_bits;
	struct mo_field nodemask_bits;
	struct mo_size nodemask;
	struct mo_address possible;
	struct mo_address online;
	struct mo_address present;
	struct mo_address nr_cpu_ids;
	struct mo_address node_states;
};

/* percpu.c: the layout, and the table that is read with it. */
struct mo_cpus_layout {
	struct mo_address per_cpu_offset;
	/* Read out of the dump. */
	struct mo_set possible;
	uint64_t *offsets;      /* by CPU number, n_offsets of them; NULL: a uniprocessor kernel */
	unsigned n_offsets;
	uint64_t address_mask;  /* addresses wrap at the width of a pointer */
};

struct mo_percpu_counter_layout {
	struct mo_field count;
	struct mo_field counters;
};

/* memmap.c: the layout, and the map that is read with it. */
struct mo_memmap_layout {
	struct mo_size page;
	struct mo_size section;
	struct mo_field section_mem_map;
	struct mo_field usage;
	struct mo_field page_ext;
	struct mo_field subsection_map;
	struct mo_address mem_section;
	struct mo_address highest_section;
	struct mo_address mem_map;
	struct mo_address max_mapnr;
	struct mo_address vmemmap_base;
	/* Read out of the dump. */
	struct mo_memmap map;
	struct mo_memmap_run *runs;
	struct mo_memmap_run *offline_runs;
	struct mo_memmap_run *runs_by_page; /* both kinds, ascending by first_page_kva */
	size_t n_runs_by_page;
	struct mo_memmap_section *sections;
	char *remark;
};

/* printk_ring.c; offsets come from VMCOREINFO where there are no types. */
struct mo_log_ring_layout {
	struct mo_address prb;
	struct mo_size ring;
	struct mo_size desc;
	struct mo_size info;
	struct mo_field count_bits;
	struct mo_field descs;
	struct mo_field infos;
	struct mo_field head_id;
	struct mo_field tail_id;
	struct mo_field size_bits;
	struct mo_field data;
	struct mo_field state;
	struct mo_field begin;
	struct mo_field next;
	struct mo_field sequence;
	struct mo_field time_ns;
	struct mo_field text_bytes;
	struct mo_field facility;
	struct mo_field level;
	struct mo_field caller_id;
	/* Derived. */
	unsigned long_bits;
};

/* printk_records.c */
struct mo_log_records_layout {
	struct mo_address log_buf;
	struct mo_address log_buf_len;
	struct mo_address first_index;
	struct mo_address next_index;
	struct mo_address first_sequence;
	struct mo_address next_sequence;
	struct mo_size record;
	struct mo_field time_ns;
	struct mo_field length;
	struct mo_field text_bytes;
	struct mo_field facility;
	struct mo_field level;
	struct mo_field caller_id;
};

/* Where a part of a module lies: struct module_layout or struct module_memory, or members of struct module. */
#define MO_MODULE_PARTS 7

struct mo_modules_layout {
	struct mo_address modules;
	struct mo_size module;
	struct mo_field list;
	struct mo_field name;
	struct mo_field state;
	struct mo_constant state_live;
	struct mo_constant state_coming;
	struct mo_constant state_going;
	struct mo_field reference_count;
	struct mo_field taints;
	struct mo_field build_id;
	struct mo_field percpu;
	struct mo_field percpu_bytes;
	struct mo_field btf_data;
	struct mo_field btf_data_bytes;
	/* Since 6.4: mem[], with a place for each enum mod_mem_type. */
	struct mo_field memory;
	struct mo_field memory_base;
	struct mo_field memory_bytes;
	struct mo_constant memory_type[MO_MODULE_PARTS];
	/* Before: core and init, each text, read-only, read-only after init and data in one piece. */
	struct mo_field core_base;
	struct mo_field core_bytes;
	struct mo_field core_text_bytes;
	struct mo_field core_ro_bytes;
	struct mo_field core_ro_after_init_bytes;
	struct mo_field data_base; /* where the core's data lies apart */
	struct mo_field data_bytes;
	struct mo_field init_base;
	struct mo_field init_bytes;
	struct mo_field init_text_bytes;
	/* Symbols. Before 4.5 the members are those of struct module itself. */
	struct mo_field kallsyms;
	struct mo_field symtab;
	struct mo_field n_symbols;
	struct mo_field strtab;
	struct mo_field typetab;
	struct mo_field direct_symtab;
	struct mo_field direct_n_symbols;
	struct mo_field direct_strtab;
	/* What a module exports. */
	struct mo_field exports;
	struct mo_field n_exports;
	struct mo_size export;
	struct mo_field export_value_offset; /* relative to itself ... */
	struct mo_field export_value;        /* ... or absolute, by architecture */
};

/* The list of modules' BTF (kernel/bpf/btf.c). */
struct mo_module_btf_layout {
	struct mo_address btf_modules;
	struct mo_field list;
	struct mo_field module;
	struct mo_field btf;
	struct mo_field data;
	struct mo_field data_bytes;
};

/* stack_depot.c */
struct mo_stack_depot_layout {
	struct mo_address pools;
	struct mo_address max_pools;
	struct mo_field index_plus_one;
	struct mo_field index;
	struct mo_field offset;
	struct mo_field size;
	struct mo_field entries;
};

/* unwind_table.c: the table of rules and its entries (x86), and where sleeping tasks left off. */
struct mo_unwind_layout {
	struct mo_address first_ip, end_ip, first_rule;
	struct mo_address end_text, end_init_text;
	struct mo_field sp_offset, bp_offset, sp_reg, bp_reg, type, end, signal;
	struct mo_size rule;
	struct mo_field module_n_rules, module_ips, module_rules;
	struct mo_field thread_sp, frame_bp, frame_return;
	struct mo_size inactive_frame;
	struct mo_field context_fp, context_sp, context_pc;
};

/* One layout: its needs, and what is to be done after they are bound. In the file that uses it. */
struct mo_layout_table {
	enum mo_layout_id id;
	size_t layout_bytes;
	const struct mo_need *needs;
	size_t n_needs;
	/* Both may be NULL. finish checks and completes a bound layout; release frees what finish made. */
	struct mo_error *(*finish)(struct mo_kernel *kernel, void *layout);
	void (*release)(void *layout);
};

#define MO_N_ROWS(table) (sizeof(table) / sizeof((table)[0]))

extern const struct mo_layout_table mo_list_table;
extern const struct mo_layout_table mo_rbtree_table;
extern const struct mo_layout_table mo_xarray_table;
extern const struct mo_layout_table mo_maple_table;
extern const struct mo_layout_table mo_sets_table;
extern const struct mo_layout_table mo_cpus_table;
extern const struct mo_layout_table mo_percpu_counter_table;
extern const struct mo_layout_table mo_memmap_table;
extern const struct mo_layout_table mo_log_ring_table;
extern const struct mo_layout_table mo_log_records_table;
extern const struct mo_layout_table mo_modules_table;
extern const struct mo_layout_table mo_module_btf_table;
extern const struct mo_layout_table mo_stack_depot_table;
extern const struct mo_layout_table mo_unwind_layout_table;

struct mo_kernel_layouts;

/* NULL: no memory. */
struct mo_kernel_layouts *mo_kernel_layouts_create(void);
void mo_kernel_layouts_destroy(struct mo_kernel_layouts *layouts);

/* session.c: those of a session. */
struct mo_kernel_layouts *mo_kernel_layouts_of(struct mo_kernel *kernel);

/* A bound layout, the struct named above for its id. It lives as long as the session. */
struct mo_error *mo_kernel_layout(struct mo_kernel *kernel, enum mo_layout_id id, const void **ret) MO_MUST_USE;

/*
 * The same for a table that the caller brings, of a room above this one: the slot of its id is filled with it at first
 * use. An id has one table.
 */
struct mo_error *mo_kernel_layout_from(struct mo_kernel *kernel, const struct mo_layout_table *table,
				       const void **ret) MO_MUST_USE;

/* The tables of this room's layouts, indexed by id; *n_ret of them. */
const struct mo_layout_table *const *mo_kernel_layout_tables(size_t *n_ret);

/*
 * Writes the needs of the layouts that most runs use to tables[] and n_needs[], which have room for MO_LAYOUT_IDS:
 * for a prefetch in one pass over the debug information together with those of plugins. Returns how many.
 */
size_t mo_kernel_layout_needs(const struct mo_need **tables, size_t *n_needs);

#endif
