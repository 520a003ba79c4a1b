/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_IOMEM_H
#define MEMOPSY_IOMEM_H

/*
 * The model "iomem": the physical address space as the kernel has divided it up, which is what /proc/iomem prints:
 * memory, the kernel's image in it, and what devices and firmware have claimed.
 *
 * Immutable once published; lives until the run ends.
 * Decodes struct resource (include/linux/ioport.h) from iomem_resource on.
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_IOMEM_MODEL "iomem"
#define MO_IOMEM_MODEL_VERSION 1

struct mo_io_range {
	uint64_t first_pa;
	uint64_t last_pa;     /* the last byte that belongs to it, not the one after */
	const char *name;     /* "System RAM", "Kernel code"; bytes as they are; NULL: none, or it could not be read */
	bool has_name;        /* false: the kernel has none, and prints "<BAD>" */
	unsigned depth;       /* 0: at the top; 1: within the range of depth 0 before it; ... */
	uint64_t resource_kva;
	uint64_t flags;       /* IORESOURCE_... */
};

struct mo_iomem_model {
	const struct mo_io_range *ranges; /* in the order of /proc/iomem: each range, then what lies within */
	size_t n_ranges;
	bool is_complete;     /* false: the tree is broken somewhere (a finding says where) and ranges are missing */
	uint64_t last_pa;     /* the end of the address space that is divided up (iomem_resource.end) */
};

/* The first range of this name; NULL: there is none. */
static inline const struct mo_io_range *mo_io_range_find(const struct mo_iomem_model *iomem, const char *name)
{
	for (size_t i = 0; i < iomem->n_ranges; i++)
		if (iomem->ranges[i].name && !__builtin_strcmp(iomem->ranges[i].name, name))
			return &iomem->ranges[i];
	return 0;
}

#ifdef __cplusplus
}
#endif

#endif
