/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TASKS_VMAS_H
#define TASKS_VMAS_H

/* The VMAs of an mm in ascending order, and what /proc/PID/maps calls them. */

#include "gathering.h"

/* include/linux/mm.h; the same in all releases. */
#define VM_READ 0x1u
#define VM_WRITE 0x2u
#define VM_EXEC 0x4u
#define VM_SHARED 0x8u
#define VM_MAYSHARE 0x80u

struct vma {
	uint64_t kva;
	uint64_t start, end;
	uint64_t flags;
	uint64_t pgoff;
	uint64_t file_kva;       /* 0: anonymous, or the kernel's own */
	uint64_t ops_kva;
	uint64_t private_kva;
	uint64_t anon_name_kva;  /* struct anon_vma_name; 0: none */
	uint64_t anon_vma_kva;
	bool is_gate;            /* x86's vsyscall page, which every process seems to have */
};

/* All walks have the shape of those in walk.h; what is wrong becomes trouble of the state. */
struct vma_walk {
	struct tasks_state *state;
	const struct mo_mm *mm;
	bool by_tree;
	bool gate_is_due;
	uint64_t last_end;
	union {
		struct mo_chain_walk list;
		struct mo_maple_walk tree;
	} walk;
};

/* One VMA by its address. */
struct mo_error *read_vma(const struct tasks_state *state, uint64_t kva, struct vma *ret) MO_MUST_USE;

void vmas_begin(struct vma_walk *walk, struct tasks_state *state, const struct mo_mm *mm);
bool vmas_next(struct vma_walk *walk, struct vma *ret);
void vmas_end(struct vma_walk *walk);

#define MAX_NAME_BYTES 4096 /* PATH_MAX, and a page, which bounds what /proc can print */

/* Bytes without a terminator; is_known false: something has a name that could not be read. */
struct vma_name {
	char bytes[MAX_NAME_BYTES + 64];
	size_t n_bytes;
	bool is_known;
};

void name_vma(struct tasks_state *state, const struct mo_mm *mm, const struct vma *vma, struct vma_name *ret);

/* d_path() of a file, as seen from the root of the first process. */
struct mo_error *read_file_path(const struct tasks_state *state, uint64_t file_kva, struct vma_name *ret) MO_MUST_USE;

/* The device and the inode number that maps shows for a file. */
struct mo_error *read_file_inode(const struct tasks_state *state, uint64_t file_kva, uint32_t *dev, uint64_t *ino) MO_MUST_USE;

#endif
