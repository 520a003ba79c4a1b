/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members, enumerators and symbols of the kernel that the percpu plugin binds. */
#include "percpu_layout.h"

#define L struct percpu_layout
#define C "struct pcpu_chunk"
#define OPTIONAL .is_optional = true

#define WHY_TAG "mm/percpu-internal.h: since 6.10 (24a2a3c1b3c4); CONFIG_MEM_ALLOC_PROFILING"
#define WHY_EXTS "mm/percpu-internal.h: obj_cgroups until 6.9, obj_exts since 6.10 (24a2a3c1b3c4); CONFIG_MEMCG"

static const struct mo_need rows[] = {
	MO_ADDRESS(L, lists, "pcpu_chunk_lists", .or_names = { "pcpu_slot" },
		   .why = "mm/percpu-internal.h: pcpu_slot before chunks had types, 5.9"),
	MO_ADDRESS(L, n_slots, "pcpu_nr_slots"),
	MO_ADDRESS(L, first_chunk, "pcpu_first_chunk"),
	MO_ADDRESS(L, reserved_chunk, "pcpu_reserved_chunk", OPTIONAL),
	MO_ADDRESS(L, base_addr, "pcpu_base_addr"),
	MO_ADDRESS(L, n_units, "pcpu_nr_units", OPTIONAL),
	MO_ADDRESS(L, n_populated, "pcpu_nr_populated", OPTIONAL),
	MO_ADDRESS(L, per_cpu_start, "__per_cpu_start", OPTIONAL, .why = "CONFIG_SMP"),
	MO_CONSTANT(L, n_chunk_types, "enum pcpu_chunk_type", "PCPU_NR_CHUNK_TYPES", OPTIONAL,
		    .why = "mm/percpu-internal.h: 5.9 to 5.13 keep lists of their own for chunks that are charged"),
	MO_SIZE(L, list_head, "struct list_head"),
	MO_SIZE(L, chunk_size, C),
	MO_FIELD(L, chunk.list, C, "list"),
	MO_FIELD(L, chunk.free_bytes, C, "free_bytes"),
	MO_FIELD(L, chunk.base_addr, C, "base_addr"),
	MO_FIELD(L, chunk.alloc_map, C, "alloc_map"),
	MO_FIELD(L, chunk.bound_map, C, "bound_map"),
	MO_FIELD(L, chunk.start_offset, C, "start_offset"),
	MO_FIELD(L, chunk.end_offset, C, "end_offset"),
	MO_FIELD(L, chunk.obj_cgroups, C, "obj_cgroups", OPTIONAL, .why = WHY_EXTS),
	MO_FIELD(L, chunk.obj_exts, C, "obj_exts", OPTIONAL, .why = WHY_EXTS),
	MO_FIELD(L, chunk.n_pages, C, "nr_pages"),
	MO_FIELD(L, chunk.n_populated, C, "nr_populated"),
	MO_FIELD(L, chunk.n_empty, C, "nr_empty_pop_pages", OPTIONAL),
	MO_FIELD(L, chunk.populated, C, "populated"),
	MO_FIELD(L, chunk.n_alloc, C, "nr_alloc", OPTIONAL, .why = "CONFIG_PERCPU_STATS"),
	MO_SIZE(L, obj_ext_size, "struct pcpuobj_ext", OPTIONAL, .why = WHY_EXTS),
	MO_FIELD(L, obj_ext_tag, "struct pcpuobj_ext", "tag.ct", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, obj_ext_cgroup, "struct pcpuobj_ext", "cgroup", OPTIONAL, .why = WHY_EXTS),
	MO_FIELD(L, objcg_memcg, "struct obj_cgroup", "memcg", OPTIONAL, .why = "CONFIG_MEMCG"),
	MO_CGROUP_PATH_NEEDS(L, cgroup_path),
};

const struct mo_need_table percpu_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
