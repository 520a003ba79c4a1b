/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps copies of findings from when they are made until they are written, and says which of two is worse. */
#include "finding_queue.h"

#include <stdlib.h>
#include <string.h>

/* A block that is freed with the queue; NULL, and the queue failed, without memory. */
static void *add_block(struct mo_finding_queue *queue, size_t n_bytes)
{
	void *block = malloc(n_bytes ? n_bytes : 1);

	if (!block || !mo_vector_append(&queue->blocks, block)) {
		free(block);
		queue->failed = true;
		return NULL;
	}
	return block;
}

/* A copy of bytes; NULL stays NULL. */
static const char *copy_bytes(struct mo_finding_queue *queue, const char *bytes, size_t n_bytes)
{
	char *copy = bytes ? add_block(queue, n_bytes) : NULL;

	if (copy)
		memcpy(copy, bytes, n_bytes);
	return copy;
}

static const char *copy_string(struct mo_finding_queue *queue, const char *string)
{
	return string ? copy_bytes(queue, string, strlen(string) + 1) : NULL;
}

static const struct mo_evidence *copy_evidence(struct mo_finding_queue *queue, const struct mo_finding *finding)
{
	struct mo_evidence *copies = add_block(queue, finding->n_evidence * sizeof(*copies));

	for (size_t i = 0; copies && i < finding->n_evidence; i++) {
		copies[i] = finding->evidence[i];
		copies[i].label = copy_string(queue, finding->evidence[i].label);
		if (copies[i].kind == MO_CELL_TEXT)
			copies[i].cell.as.text.bytes =
				copy_bytes(queue, copies[i].cell.as.text.bytes, copies[i].cell.as.text.n_bytes);
	}
	return copies;
}

static const char *const *copy_ids(struct mo_finding_queue *queue, const struct mo_finding *finding)
{
	const char **copies = add_block(queue, finding->n_supersedes * sizeof(*copies));

	for (size_t i = 0; copies && i < finding->n_supersedes; i++)
		copies[i] = copy_string(queue, finding->supersedes[i]);
	return copies;
}

void mo_finding_queue_add(struct mo_finding_queue *queue, const struct mo_view *view, const struct mo_finding *finding)
{
	struct mo_queued_finding queued = { .finding = *finding, .view = view };
	struct mo_finding *copy = &queued.finding;

	copy->id = copy_string(queue, finding->id);
	copy->verdict = copy_string(queue, finding->verdict);
	copy->advice = copy_string(queue, finding->advice);
	copy->evidence = copy_evidence(queue, finding);
	copy->supersedes = copy_ids(queue, finding);
	/* After a failure there are holes: nothing more is taken. */
	if (!queue->failed && !mo_vector_append(queue, queued))
		queue->failed = true;
}

void mo_finding_queue_deinit(struct mo_finding_queue *queue)
{
	for (size_t i = 0; i < queue->blocks.count; i++)
		free(queue->blocks.items[i]);
	mo_vector_deinit(&queue->blocks);
	mo_vector_deinit(queue);
	queue->failed = false;
}

/* What could not be read comes behind what is wrong with the machine, unless it is as bad as a corrupt machine. */
static int weight(const struct mo_finding *finding)
{
	return finding->is_about_reading && finding->severity < MO_CRITICAL ? -1 : (int)finding->severity;
}

bool mo_finding_is_worse(const struct mo_finding *a, const struct mo_finding *b)
{
	if (weight(a) != weight(b))
		return weight(a) > weight(b);
	if (a->rank != b->rank)
		return a->rank > b->rank;
	return mo_finding_confidence(a) > mo_finding_confidence(b);
}
