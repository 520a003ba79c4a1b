/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef NEGATIVE_DIRS_H
#define NEGATIVE_DIRS_H

/* The directories in which most names were looked up that do not exist: kept while the trees of dentries are walked. */

#include "gathering.h"

#define MAX_NEGATIVE_DIRS 20u

struct negative_dir {
	uint64_t dentry_kva;
	uint64_t negative, children; /* children: negative ones among them */
	size_t mount;                /* index into the model's */
};

struct negative_dirs {
	struct negative_dir dirs[MAX_NEGATIVE_DIRS]; /* most negative children first */
	size_t n;
	uint64_t n_all;              /* directories with negative children */
};

/* Keeps it if it is among the first. */
void note_negative_dir(struct negative_dirs *all, const struct negative_dir *dir);
void put_negative_dirs(struct files_state *state, const struct negative_dirs *all, struct mo_report *report);

#endif
