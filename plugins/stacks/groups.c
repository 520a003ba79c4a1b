/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stacks that are the same. */
#include "gathering.h"

#include <stdlib.h>

struct ordering {
	const struct mo_stacks_model *model;
	bool joins_equal;
};

static int compare_frames(const struct mo_stacks_model *model, const struct mo_task_stack *a, const struct mo_task_stack *b)
{
	if (a->n_frames != b->n_frames)
		return a->n_frames < b->n_frames ? -1 : 1;
	for (size_t i = 0; i < a->n_frames; i++) {
		uint64_t left = model->frames[a->first_frame + i].instruction_kva;
		uint64_t right = model->frames[b->first_frame + i].instruction_kva;

		if (left != right)
			return left < right ? -1 : 1;
	}
	return a->end < b->end ? -1 : a->end > b->end;
}

/* Those on a CPU stand alone: their registers are theirs. */
static int compare(const void *left, const void *right, void *context)
{
	const struct ordering *ordering = context;
	const struct mo_task_stack *a = &ordering->model->stacks[*(const size_t *)left];
	const struct mo_task_stack *b = &ordering->model->stacks[*(const size_t *)right];
	int by_frames = ordering->joins_equal && a->cpu < 0 && b->cpu < 0 ? compare_frames(ordering->model, a, b) : 0;

	if (by_frames)
		return by_frames;
	if (ordering->joins_equal && (a->cpu < 0) != (b->cpu < 0))
		return a->cpu < 0 ? 1 : -1;
	return a < b ? -1 : a > b;
}

static bool is_same(const struct ordering *ordering, size_t left, size_t right)
{
	const struct mo_task_stack *a = &ordering->model->stacks[left];
	const struct mo_task_stack *b = &ordering->model->stacks[right];

	return ordering->joins_equal && a->cpu < 0 && b->cpu < 0 && !compare_frames(ordering->model, a, b);
}

static int compare_groups(const void *left, const void *right)
{
	const struct stack_group *a = left;
	const struct stack_group *b = right;

	if (a->n_members != b->n_members)
		return a->n_members > b->n_members ? -1 : 1;
	return a->first_member < b->first_member ? -1 : 1;
}

struct mo_error *group_stacks(const struct mo_stacks_model *model, const bool *wanted, bool joins_equal, struct stack_groups *ret)
{
	struct ordering ordering = { .model = model, .joins_equal = joins_equal };

	for (size_t i = 0; i < model->n_stacks; i++)
		if (wanted[i] && !mo_vector_append(&ret->members, i))
			return mo_error_no_memory();
	if (ret->members.count)
		qsort_r(ret->members.items, ret->members.count, sizeof(*ret->members.items), compare, &ordering);
	for (size_t i = 0; i < ret->members.count; i++) {
		if (i && is_same(&ordering, ret->members.items[i - 1], ret->members.items[i]))
			ret->groups.items[ret->groups.count - 1].n_members++;
		else if (!mo_vector_append(&ret->groups, (struct stack_group){ .first_member = i, .n_members = 1 }))
			return mo_error_no_memory();
	}
	if (joins_equal && ret->groups.count)
		qsort(ret->groups.items, ret->groups.count, sizeof(*ret->groups.items), compare_groups);
	return NULL;
}

void stack_groups_deinit(struct stack_groups *groups)
{
	mo_vector_deinit(&groups->members);
	mo_vector_deinit(&groups->groups);
}
