/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rmap_walk() (mm/rmap.c, mm/ksm.c): from the page to the VMAs that may map it, through the interval tree of its anon_vma
 * or address_space, and for each VMA a look into the page table, since the trees only say where the page may be.
 */
#include "rmap.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAX_VMAS_OF_PAGE (1u << 22)
#define MAX_KSM_ITEMS (1u << 22)

struct finding_mappings {
	const struct page_reading *reading;
	struct tasks_state *state;
	const struct rmap_page *page;
	struct rmap_hits *hits;
	uint64_t page_bytes;
};

struct mo_error *add_hit(struct rmap_hits *hits, const struct rmap_hit *hit)
{
	if (hits->n == hits->n_allocated) {
		size_t n = hits->n_allocated ? hits->n_allocated * 2 : 64;
		struct rmap_hit *larger = realloc(hits->hits, n * sizeof(*larger));

		if (!larger)
			return mo_error_no_memory();
		hits->hits = larger;
		hits->n_allocated = n;
	}
	hits->hits[hits->n++] = *hit;
	return NULL;
}

struct mo_error *read_rmap_page(const struct page_reading *reading, uint64_t pfn, struct rmap_page *ret)
{
	const struct tasks_layout *layout = reading->state->layout;
	struct rmap_page page = { .pfn = pfn, .kind = RMAP_NONE, .mapcount = mo_unknown() };
	int32_t mapcount = 0;
	bool is_exclusive;
	struct mo_error *error = read_mapped_page(reading, pfn, &page.page);

	if (!error && mo_has(&layout->page->field.index))
		error = mo_read_field(reading->state->reader, &layout->page->field.index, page.page.head_kva, &page.index);
	if (error)
		return error;
	page.mapping_kva = page.page.mapping & ~(uint64_t)MO_MAPPING_FLAGS;
	/* What begins with a kernel address is a mapping; of other pages this is something else. */
	if (page.mapping_kva >> 56 == 0xff)
		page.kind = (page.page.mapping & MO_MAPPING_FLAGS) == MO_MAPPING_FLAGS ? RMAP_KSM :
			    page.page.mapping & MO_MAPPING_ANON		       ? RMAP_ANON :
			    page.page.mapping & MO_MAPPING_FLAGS		       ? RMAP_NONE :
										 RMAP_FILE;
	error = page_mapcount(reading, &page.page, &mapcount, &is_exclusive);
	if (!error)
		page.mapcount = mo_exact(mapcount < 0 ? 0 : (uint64_t)mapcount);
	mo_error_destroy(error);
	*ret = page;
	return NULL;
}

/* Whether the entry of this address maps the page: then it is a hit. */
static struct mo_error *look_at(const struct finding_mappings *finding, uint64_t mm_kva, const struct vma *vma, uint64_t va)
{
	struct tasks_state *state = finding->state;
	struct mo_translation translation;
	const struct mo_translation_step *step;
	struct rmap_hit hit = { .pfn = finding->page->pfn, .mm_kva = mm_kva, .vma_kva = vma->kva, .va = va };
	uint64_t pgd_kva = 0;
	uint64_t pgd_pa = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->mm.pgd, mm_kva, &pgd_kva);

	if (!error)
		error = mo_direct_map_to_pa(mo_run_kernel(state->run), pgd_kva, &pgd_pa);
	if (!error)
		error = mo_walk_page_table(state->reader, pgd_pa, va, &translation);
	if (error || !translation.is_mapped || translation.pa / finding->page_bytes != finding->page->pfn)
		return error;
	step = &translation.steps[translation.n_steps - 1];
	hit.entry = step->entry;
	hit.entry_pa = step->entry_pa;
	hit.kind = step->kind;
	hit.flags = step->flags;
	hit.covers_bytes = step->covers_bytes;
	return add_hit(finding->hits, &hit);
}

/* Where in the VMA the page would be. Until 6.6 the index of hugetlb counts huge pages (a08c7193e4f1). */
static struct mo_error *look_into_vma(const struct finding_mappings *finding, uint64_t vma_kva, bool has_va, uint64_t known_va)
{
	struct tasks_state *state = finding->state;
	uint64_t within = (finding->page->page.kva - finding->page->page.head_kva) / state->layout->page->struct_bytes;
	size_t n_before = finding->hits->n;
	struct vma vma;
	uint64_t mm_kva = 0;
	uint64_t scales[2] = { 1, 0 };
	struct mo_error *error = read_vma(state, vma_kva, &vma);

	if (!error)
		error = mo_read_field(state->reader, &state->layout->rmap.vm_mm, vma_kva, &mm_kva);
	if (error)
		return error;
	if (has_va)
		return known_va >= vma.start && known_va < vma.end ? look_at(finding, mm_kva, &vma, known_va) : NULL;
	if (vma.flags & VM_HUGETLB)
		scales[1] = vma_page_bytes(state, &vma) / finding->page_bytes;
	for (unsigned i = 0; i < 2 && scales[i] && !error && finding->hits->n == n_before; i++) {
		uint64_t pages_in = finding->page->index * scales[i] + within - vma.pgoff;

		if (vma.end > vma.start && pages_in < (vma.end - vma.start) / finding->page_bytes)
			error = look_at(finding, mm_kva, &vma, vma.start + pages_in * finding->page_bytes);
	}
	return error;
}

/* All VMAs of an interval tree: which of them overlap the page is quicker looked up in each than in the tree. */
static struct mo_error *walk_tree(const struct finding_mappings *finding, uint64_t root_kva, bool is_anon, bool has_va,
				  uint64_t known_va)
{
	struct tasks_state *state = finding->state;
	const struct tasks_layout *layout = state->layout;
	struct mo_rbtree_walk walk;
	uint64_t node_kva;
	struct mo_error *error = NULL;
	struct mo_error *broken;

	mo_rbtree_begin(&walk, state->reader, root_kva, MAX_VMAS_OF_PAGE);
	while (mo_rbtree_next(&walk, &node_kva)) {
		uint64_t vma_kva = is_anon ? 0 : node_kva - layout->rmap.vma_in_file_tree.offset_bytes;

		if (is_anon)
			error = mo_read_field(state->reader, &layout->rmap.chain_vma,
					      node_kva - layout->rmap.chain_node.offset_bytes, &vma_kva);
		if (!error)
			error = look_into_vma(finding, vma_kva, has_va, known_va);
		if (mo_error_ends_run(error))
			break;
		mo_trouble_note(&state->broken_vmas, mo_error_prepend(error, "a VMA of page frame 0x%" PRIx64, finding->page->pfn));
		error = NULL;
	}
	broken = mo_rbtree_end(&walk);
	mo_trouble_note(&state->broken_vmas,
		     mo_error_prepend(broken, "tree of the VMAs of page frame 0x%" PRIx64, finding->page->pfn));
	return error;
}

static int compare_places(const struct rmap_hit *a, const struct rmap_hit *b)
{
	if (a->mm_kva != b->mm_kva)
		return a->mm_kva < b->mm_kva ? -1 : 1;
	return a->va < b->va ? -1 : a->va > b->va;
}

static int compare_hits(const void *left, const void *right)
{
	return compare_places(left, right);
}

/* Two items of a merged page may lead to the same place through different anon_vmas. */
static void drop_twins(struct rmap_hits *hits, size_t first)
{
	size_t n = first;

	if (hits->n > first)
		qsort(hits->hits + first, hits->n - first, sizeof(*hits->hits), compare_hits);
	for (size_t i = first; i < hits->n; i++)
		if (i == first || compare_places(&hits->hits[i], &hits->hits[n - 1]))
			hits->hits[n++] = hits->hits[i];
	hits->n = n;
}

/* rmap_walk_ksm(): the address is that of the item, in whatever VMA of the item's anon_vma. */
static struct mo_error *walk_ksm(const struct finding_mappings *finding)
{
	struct tasks_state *state = finding->state;
	const struct tasks_layout *layout = state->layout;
	size_t first = finding->hits->n;
	struct mo_chain_walk walk;
	uint64_t node_kva;
	struct mo_error *error = NULL;

	if (!mo_has(&layout->rmap.stable_items) || !mo_has(&layout->rmap.item_link) || !mo_has(&layout->rmap.item_anon_vma) ||
	    !mo_has(&layout->rmap.item_address))
		return mo_error_create(MO_E_ABSENT, "how KSM keeps its rmap items is unknown");
	mo_hlist_begin(&walk, state->reader, mo_field_kva(&layout->rmap.stable_items, finding->page->mapping_kva), MAX_KSM_ITEMS);
	while (!error && mo_chain_next(&walk, &node_kva)) {
		uint64_t item_kva = node_kva - layout->rmap.item_link.offset_bytes;
		uint64_t anon_vma_kva = 0;
		uint64_t va = 0;

		error = mo_read_field(state->reader, &layout->rmap.item_anon_vma, item_kva, &anon_vma_kva);
		if (!error)
			error = mo_read_field(state->reader, &layout->rmap.item_address, item_kva, &va);
		if (!error)
			error = walk_tree(finding, mo_field_kva(&layout->rmap.tree_of_anon, anon_vma_kva), true, true,
					  va & ~(finding->page_bytes - 1));
	}
	mo_trouble_note(&state->broken_vmas,
		     mo_error_prepend(mo_chain_end(&walk), "KSM items of page frame 0x%" PRIx64, finding->page->pfn));
	drop_twins(finding->hits, first);
	return error;
}

static struct mo_error *need_layout(const struct tasks_layout *layout)
{
	if (mo_has(&layout->page->field.index) && mo_has(&layout->rmap.vm_mm) && mo_has(&layout->rmap.tree_of_file) &&
	    mo_has(&layout->rmap.vma_in_file_tree) && mo_has(&layout->rmap.tree_of_anon) && mo_has(&layout->rmap.chain_vma) &&
	    mo_has(&layout->rmap.chain_node))
		return NULL;
	return mo_error_create(MO_E_ABSENT, "the reverse-mapping trees are unknown (use --search)");
}

struct mo_error *find_mappings(const struct page_reading *reading, const struct rmap_page *page, struct rmap_hits *hits)
{
	const struct tasks_layout *layout = reading->state->layout;
	struct finding_mappings finding = { .reading = reading, .state = reading->state, .page = page, .hits = hits,
					   .page_bytes = mo_kernel_facts(mo_run_kernel(reading->state->run))->page_bytes };
	struct mo_error *error = need_layout(layout);

	if (error)
		return error;
	switch (page->kind) {
	case RMAP_ANON:
		error = walk_tree(&finding, mo_field_kva(&layout->rmap.tree_of_anon, page->mapping_kva), true, false, 0);
		break;
	case RMAP_FILE:
		error = walk_tree(&finding, mo_field_kva(&layout->rmap.tree_of_file, page->mapping_kva), false, false, 0);
		break;
	case RMAP_KSM:
		error = walk_ksm(&finding);
		break;
	case RMAP_NONE:
		break;
	}
	if (error && !mo_error_ends_run(error)) {
		mo_trouble_note(&reading->state->broken_vmas, error);
		error = NULL;
	}
	return error;
}
