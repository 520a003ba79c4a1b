/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives the pages of a mapped dump that held the memory map back to the system. */
#include "gathering.h"

/*
 * Free blocks lie all over the memory map: of a mapped dump, all of it would stay in this process's memory. Where
 * views are single pages the dump is not mapped, and nothing stays; where there is a hole, what lies behind it stays.
 */
void give_memory_map_back(const struct mo_memmap *memmap, struct mo_reader *reader)
{
	uint64_t page_bytes = mo_kernel_facts(mo_reader_kernel(reader))->page_bytes;

	for (size_t i = 0; i < memmap->n_runs; i++) {
		uint64_t kva = memmap->runs[i].first_page_kva;
		uint64_t left = memmap->runs[i].n_pages * memmap->page_struct_bytes;

		while (left) {
			const void *view;
			size_t n_bytes;
			struct mo_error *error = mo_view(reader, kva, left, &view, &n_bytes);

			if (error) {
				mo_error_destroy(error);
				return;
			}
			if (n_bytes <= page_bytes && n_bytes < left)
				return;
			mo_view_done(reader, view, n_bytes);
			kva += n_bytes;
			left -= n_bytes;
		}
	}
}

/* Giving back costs a view for each 2 MiB of the memory map, so the larger it is the less often that is done. */
uint64_t give_back_interval(const struct mo_memmap *memmap, uint64_t least, uint64_t for_each_view)
{
	return least + (memmap->n_pages * memmap->page_struct_bytes >> 21) * for_each_view;
}
