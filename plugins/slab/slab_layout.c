/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the slab plugin needs of the kernel. */
#include "slab_layout.h"

#define L struct slab_layout
#define OPTIONAL .is_optional = true
#define IN_SLUB "mm/slub.c: SLUB alone has it"
#define IN_SLAB "mm/slab.c: SLAB alone, until 6.7"
#define IN_CHILD "mm/slab.h: caches for each memory cgroup, until 5.8 (9855609bde03)"
#define IN_PAGE "mm/slab.h: struct slab since 5.17, before it a union in struct page"

#define FLAG(flag, value) MO_CONSTANT(L, flags[FLAG_##flag], "enum _slab_flag_bits", "_SLAB_" #flag, OPTIONAL),

static const struct mo_need rows[] = {
	MO_PAGE(L, page),

	MO_SLAB_DESCRIPTOR_NEEDS(L, slab),

	MO_ADDRESS(L, slab_caches, "slab_caches"),
	MO_ADDRESS(L, slab_kset, "slab_kset", OPTIONAL, .why = "CONFIG_SYSFS"),
	MO_ADDRESS(L, count_partial_approx, "count_partial_free_approx", OPTIONAL,
		   .why = "mm/slub.c: since 6.10 a long list of partial slabs is not counted to its end"),
	MO_FIELD(L, cache.cpu_slab, "struct kmem_cache", "cpu_slab", OPTIONAL,
		 .why = "mm/slab.h: sheaves took its place in 7.0; not in CONFIG_SLUB_TINY"),
	MO_FIELD(L, cache.cpu_sheaves, "struct kmem_cache", "cpu_sheaves", OPTIONAL, .why = "mm/slab.h: since 6.18"),
	MO_FIELD(L, cache.flags, "struct kmem_cache", "flags"),
	MO_FIELD(L, cache.size, "struct kmem_cache", "size"),
	MO_FIELD(L, cache.object_size, "struct kmem_cache", "object_size"),
	MO_FIELD(L, cache.refcount, "struct kmem_cache", "refcount"),
	MO_FIELD(L, cache.ctor, "struct kmem_cache", "ctor"),
	MO_FIELD(L, cache.align, "struct kmem_cache", "align"),
	MO_FIELD(L, cache.offset, "struct kmem_cache", "offset", OPTIONAL, .why = IN_SLUB),
	MO_FIELD(L, cache.oo, "struct kmem_cache", "oo.x", OPTIONAL, .why = IN_SLUB),
	MO_FIELD(L, cache.min, "struct kmem_cache", "min.x", OPTIONAL, .why = IN_SLUB),
	MO_FIELD(L, cache.inuse, "struct kmem_cache", "inuse", OPTIONAL, .why = IN_SLUB),
	MO_FIELD(L, cache.num, "struct kmem_cache", "num", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, cache.gfporder, "struct kmem_cache", "gfporder", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, cache.freelist_size, "struct kmem_cache", "freelist_size", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, cache.cpu_cache, "struct kmem_cache", "cpu_cache", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, cache.limit, "struct kmem_cache", "limit", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, cache.batchcount, "struct kmem_cache", "batchcount", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, cache.shared, "struct kmem_cache", "shared", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, cache.obj_offset, "struct kmem_cache", "obj_offset", OPTIONAL, .why = "CONFIG_DEBUG_SLAB, until 6.7"),
	MO_FIELD(L, cache.red_left_pad, "struct kmem_cache", "red_left_pad", OPTIONAL, .why = "mm/slub.c: since 4.6"),
	MO_FIELD(L, cache.name, "struct kmem_cache", "name"),
	MO_FIELD(L, cache.list, "struct kmem_cache", "list"),
	MO_FIELD(L, cache.random, "struct kmem_cache", "random", OPTIONAL, .why = "CONFIG_SLAB_FREELIST_HARDENED, since 4.14"),
	MO_FIELD(L, cache.node, "struct kmem_cache", "node", OPTIONAL),
	MO_FIELD(L, cache.per_node, "struct kmem_cache", "per_node", OPTIONAL,
		 .why = "mm/slab.h: node and barn side by side since 7.1"),
	MO_FIELD(L, cache.kobj_sd, "struct kmem_cache", "kobj.sd", OPTIONAL, .why = "CONFIG_SYSFS"),
	MO_FIELD(L, cache.sheaf_capacity, "struct kmem_cache", "sheaf_capacity", OPTIONAL, .why = "mm/slab.h: since 6.18"),
	MO_FIELD(L, cache.kasan_info, "struct kmem_cache", "kasan_info", OPTIONAL, .why = "CONFIG_KASAN"),
	MO_FIELD(L, cache.root_cache, "struct kmem_cache", "memcg_params.root_cache", OPTIONAL, .why = IN_CHILD),
	MO_FIELD(L, cache.memcg, "struct kmem_cache", "memcg_params.memcg", OPTIONAL, .why = IN_CHILD),
	SLAB_FLAGS(FLAG)

	MO_FIELD(L, per_node_node, "struct kmem_cache_per_node_ptrs", "node", OPTIONAL),
	MO_FIELD(L, per_node_barn, "struct kmem_cache_per_node_ptrs", "barn", OPTIONAL),
	MO_FIELD(L, node.nr_partial, "struct kmem_cache_node", "nr_partial", OPTIONAL, .why = IN_SLUB),
	MO_FIELD(L, node.partial, "struct kmem_cache_node", "partial", OPTIONAL, .why = IN_SLUB),
	MO_FIELD(L, node.slabs_partial, "struct kmem_cache_node", "slabs_partial", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, node.slabs_free, "struct kmem_cache_node", "slabs_free", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, node.total_slabs, "struct kmem_cache_node", "total_slabs", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, node.free_slabs, "struct kmem_cache_node", "free_slabs", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, node.free_objects, "struct kmem_cache_node", "free_objects", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, node.shared, "struct kmem_cache_node", "shared", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, node.alien, "struct kmem_cache_node", "alien", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, array.avail, "struct array_cache", "avail", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, array.entry, "struct array_cache", "entry", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, alien_array, "struct alien_cache", "ac", OPTIONAL, .why = IN_SLAB),
	MO_FIELD(L, node.nr_slabs, "struct kmem_cache_node", "nr_slabs.counter", OPTIONAL, .why = "CONFIG_SLUB_DEBUG"),
	MO_FIELD(L, node.total_objects, "struct kmem_cache_node", "total_objects.counter", OPTIONAL,
		 .why = "CONFIG_SLUB_DEBUG"),
	MO_FIELD(L, node.barn, "struct kmem_cache_node", "barn", OPTIONAL, .why = "mm/slub.c: 6.18 to 7.0"),

	MO_FIELD(L, cpu.freelist, "struct kmem_cache_cpu", "freelist", OPTIONAL),
	MO_FIELD(L, cpu.slab, "struct kmem_cache_cpu", "slab", .or_names = { "struct kmem_cache_cpu.page" }, OPTIONAL,
		 .why = IN_PAGE),
	MO_FIELD(L, cpu.partial, "struct kmem_cache_cpu", "partial", OPTIONAL, .why = "CONFIG_SLUB_CPU_PARTIAL"),

	MO_FIELD(L, sheaves.main, "struct slub_percpu_sheaves", "main", OPTIONAL),
	MO_FIELD(L, sheaves.spare, "struct slub_percpu_sheaves", "spare", OPTIONAL),
	MO_FIELD(L, sheaves.rcu_free, "struct slub_percpu_sheaves", "rcu_free", OPTIONAL),
	MO_FIELD(L, sheaf_size, "struct slab_sheaf", "size", OPTIONAL),
	MO_FIELD(L, sheaf_objects, "struct slab_sheaf", "objects", OPTIONAL),
	MO_FIELD(L, sheaf_list, "struct slab_sheaf", "barn_list", OPTIONAL),
	MO_FIELD(L, barn_full, "struct node_barn", "sheaves_full", OPTIONAL),

	MO_FIELD(L, kernfs.kset_sd, "struct kset", "kobj.sd", OPTIONAL, .why = "CONFIG_SYSFS"),
	MO_FIELD(L, kernfs.flags, "struct kernfs_node", "flags", OPTIONAL),
	MO_FIELD(L, kernfs.rb, "struct kernfs_node", "rb", OPTIONAL),
	MO_FIELD(L, kernfs.children, "struct kernfs_node", "dir.children", OPTIONAL),
	MO_FIELD(L, kernfs.target, "struct kernfs_node", "symlink.target_kn", OPTIONAL),

	MO_CHARGE_NEEDS(L, charge),
	MO_CGROUP_PATH_NEEDS(L, cgroup_path),

	MO_SIZE(L, track.size, "struct track", OPTIONAL),
	MO_FIELD(L, track.addr, "struct track", "addr", OPTIONAL),
	MO_FIELD(L, track.addrs, "struct track", "addrs", OPTIONAL, .why = "mm/slub.c: the stack itself until 5.17"),
	MO_FIELD(L, track.handle, "struct track", "handle", OPTIONAL, .why = "mm/slub.c: a handle of stackdepot since 5.18"),
	MO_FIELD(L, track.pid, "struct track", "pid", OPTIONAL),
	MO_FIELD(L, track.when, "struct track", "when", OPTIONAL),
	MO_ADDRESS(L, files.dentries, "nr_dentry", OPTIONAL),
	MO_ADDRESS(L, files.unused_dentries, "nr_dentry_unused", OPTIONAL),
	MO_ADDRESS(L, files.negative_dentries, "nr_dentry_negative", OPTIONAL, .why = "fs/dcache.c: since 5.0"),
	MO_ADDRESS(L, files.inodes, "nr_inodes", OPTIONAL),
	MO_ADDRESS(L, files.unused_inodes, "nr_unused", OPTIONAL),
	MO_ADDRESS(L, jiffies, "jiffies", .or_names = { "jiffies_64" }, OPTIONAL),
};

const struct mo_need_table slab_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
