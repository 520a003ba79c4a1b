/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLAB_LAYOUT_H
#define SLAB_LAYOUT_H

/* What the slab plugin needs of a kernel: SLUB in its forms, and SLAB. Whatever a release or configuration may lack is optional. */

#include <memopsy/cgroup_path.h>
#include <memopsy/layout.h>
#include <memopsy/object_charges.h>
#include <memopsy/page.h>
#include <memopsy/page_overlays.h>

/* Flags of a cache that are asked for, or shown by name; see slab_flags.c for their values where they are macros. */
#define SLAB_FLAGS(X) \
	X(CONSISTENCY_CHECKS, 0x00000100) X(RED_ZONE, 0x00000400) X(POISON, 0x00000800) X(KMALLOC, 0x00001000) \
	X(HWCACHE_ALIGN, 0x00002000) X(CACHE_DMA, 0x00004000) X(CACHE_DMA32, 0x00008000) X(STORE_USER, 0x00010000) \
	X(RECLAIM_ACCOUNT, 0x00020000) X(PANIC, 0x00040000) X(TYPESAFE_BY_RCU, 0x00080000) X(MEM_SPREAD, 0x00100000) X(TRACE, 0x00200000) \
	X(DEBUG_OBJECTS, 0x00400000) X(NOLEAKTRACE, 0x00800000) X(NO_MERGE, 0x01000000) X(FAILSLAB, 0x02000000) \
	X(ACCOUNT, 0x04000000) X(KASAN, 0x08000000) X(NO_USER_FLAGS, 0x10000000) X(SKIP_KFENCE, 0x20000000) \
	X(CMPXCHG_DOUBLE, 0x40000000) X(OBJECT_POISON, 0x80000000) X(NO_OBJ_EXT, 0) X(OBJ_EXT_IN_OBJ, 0) X(NO_SHEAVES, 0)

#define AS_INDEX(name, value) FLAG_##name,
enum slab_flag { SLAB_FLAGS(AS_INDEX) N_SLAB_FLAGS };
#undef AS_INDEX

struct slab_layout {
	const struct mo_page_shape *page;

	struct mo_slab_descriptor slab;

	struct mo_address slab_caches, slab_kset, count_partial_approx;
	struct {
		struct mo_field cpu_slab, cpu_sheaves, flags, size, object_size, offset, oo, min, refcount, ctor, inuse, align,
			red_left_pad, name, list, random, node, per_node, kobj_sd, sheaf_capacity, kasan_info, num, gfporder,
			freelist_size, cpu_cache, limit, batchcount, shared, obj_offset, root_cache, memcg;
	} cache;
	struct mo_constant flags[N_SLAB_FLAGS];

	struct mo_field per_node_node, per_node_barn;
	struct {
		struct mo_field nr_partial, partial, nr_slabs, total_objects, barn, slabs_partial, slabs_free, total_slabs,
			free_slabs, free_objects, shared, alien;
	} node;
	struct {
		struct mo_field avail, entry;
	} array;
	struct mo_field alien_array;

	struct {
		struct mo_field freelist, slab, partial;
	} cpu;

	struct {
		struct mo_field main, spare, rcu_free;
	} sheaves;
	struct mo_field sheaf_size, sheaf_objects, sheaf_list, barn_full;

	struct {
		struct mo_field kset_sd, flags, rb, children, target;
	} kernfs;

	struct mo_charge_layout charge;
	struct mo_cgroup_path_layout cgroup_path; /* kn_name: of the aliases in /sys/kernel/slab, too */

	struct {
		struct mo_size size;
		struct mo_field addr, addrs, handle, pid, when;
	} track;
	struct mo_address jiffies;

	struct {
		struct mo_address dentries, unused_dentries, negative_dentries, inodes, unused_inodes;
	} files;
};

extern const struct mo_need_table slab_needs;

#endif
