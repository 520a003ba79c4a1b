/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_ZONES_H
#define MO_TOY_ZONES_H

/*
 * A small machine: node 0 with the zones DMA and Normal and an empty Movable, node 1 without memory; three possible
 * CPUs, of which a panic has stopped the first, the second is online and the third never was.
 */

#include "fake_run.h"

#include <memopsy/zones.h>

enum toy_variant {
	TOY_WHOLE,
	TOY_WITHOUT_PERCPU_TYPES,  /* a kernel that calls what CPUs keep by other names */
	TOY_WITHOUT_WORDS,         /* its read-only data is not in the dump */
};

struct mo_kernel *toy_kernel(enum toy_variant variant);
struct mo_run *toy_run(struct mo_kernel *kernel);
const struct mo_plugin *memopsy_plugin_entry_zones(void);

#define TOY_PGDAT(node) (BASE_KVA + 0x10000 + (node) * 0x1000ull)
#define TOY_ZONE(node, index) (TOY_PGDAT(node) + (index) * 0x200ull)
#define TOY_ZONE_VM_STAT 0x80
#define TOY_ZONE_FREE_AREA 0xa8
#define TOY_PERCPU (BASE_KVA + 0x20000)
#define TOY_CPU_BYTES 0x1000ull
/* Offsets in a CPU's area. */
#define TOY_PAGESET(zone) (0x000 + (zone) * 0x40ull)
#define TOY_ZONESTAT(zone) (0x200 + (zone) * 0x40ull)
#define TOY_NODESTAT(node) (0x400 + (node) * 0x20ull)
#define TOY_EVENTS 0x600ull
#define TOY_CPU(cpu, offset) (TOY_PERCPU + (cpu) * TOY_CPU_BYTES + (offset))
#define TOY_VMSTAT_TEXT (BASE_KVA + 0x3000)
#define TOY_NODE_DATA (BASE_KVA + 0x100)
#define TOY_VM_ZONE_STAT (BASE_KVA + 0x200)

#endif
