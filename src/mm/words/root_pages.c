/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which page frames hold what the kernel itself put there, outside of slabs. */
#include <memopsy/object_index.h>

/*
 * Everything in use but slabs, whose objects are looked at one by one, and what belongs to users: anonymous memory, page
 * cache, hugetlb pages, compressed memory, and what of these is on its way out. Struct pages are roots: they lead to
 * inodes, buffer heads and cgroups. A page of unknown class is taken as a root, which can hide a loss but name none that
 * is none. Text was there before the first object was: it points at none.
 */
bool mo_is_root_class(enum mo_page_class class)
{
	switch (class) {
	case MO_PAGE_UNKNOWN:
	case MO_PAGE_LARGE_KMALLOC:
	case MO_PAGE_PAGE_TABLE:
	case MO_PAGE_KERNEL_STACK:
	case MO_PAGE_VMALLOC:
	case MO_PAGE_PERCPU:
	case MO_PAGE_MEM_MAP:
	case MO_PAGE_PAGE_EXT:
	case MO_PAGE_KERNEL_DATA:
	case MO_PAGE_KERNEL_INIT:
	case MO_PAGE_RESERVED:
	case MO_PAGE_PAGE_POOL:
	case MO_PAGE_DIRECT:
		return true;
	default:
		return false;
	}
}
