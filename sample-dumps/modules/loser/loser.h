/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
#ifndef LOSER_H
#define LOSER_H

/* What the parts of the module share: the truth, which has every address inverted, so that it is no reference. */

#include <linux/types.h>

enum fate { LOST, HELD };
enum unit { OBJECT, AREA, PAGES };

struct loser_ops {
	const char *name;
};
/* What things point at: names the module that took them. */
extern const struct loser_ops loser_ops;

struct thing {
	const struct loser_ops *ops;
	void *next;
	void *left, *right;
};

void record(const char *kind, enum fate fate, enum unit unit, const void *address, size_t n_bytes);

/* An object of kmalloc, with the module's name on it, recorded. */
struct thing *take_object(const char *kind, enum fate fate, size_t n_bytes);
/* 2^order pages, recorded; the address of the first. */
void *take_pages(const char *kind, enum fate fate, unsigned int order, gfp_t flags);

void lose_all(void);
void keep_all(void);

#endif
