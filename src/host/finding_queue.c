/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "finding_queue.h"

#include <stdlib.h>

#include "cleanup.h"

/* A copy of a string that may be NULL. */
static const char *copy_string(const char *string, bool *failed)
{
	char *copy = string ? strdup(string) : NULL;

	if (string && !copy)
		*failed = true;
	return copy;
}

static void free_evidence(const struct mo_evidence *evidence, size_t n_evidence)
{
	for (size_t i = 0; evidence && i < n_evidence; i++) {
		free((char *)evidence[i].label);
		if (evidence[i].kind == MO_CELL_TEXT)
			free((char *)evidence[i].cell.as.text.bytes);
	}
	free((struct mo_evidence *)evidence);
}

static const struct mo_evidence *copy_evidence(const struct mo_finding *finding, bool *failed)
{
	struct mo_evidence *copies;

	if (!finding->n_evidence)
		return NULL;
	copies = calloc(finding->n_evidence, sizeof(*copies));
	if (!copies) {
		*failed = true;
		return NULL;
	}
	for (size_t i = 0; i < finding->n_evidence; i++) {
		copies[i] = finding->evidence[i];
		copies[i].label = copy_string(finding->evidence[i].label, failed);
		if (copies[i].kind == MO_CELL_TEXT && copies[i].cell.as.text.bytes) {
			size_t n_bytes = copies[i].cell.as.text.n_bytes;
			char *bytes = malloc(n_bytes + 1);

			if (bytes)
				memcpy(bytes, finding->evidence[i].cell.as.text.bytes, n_bytes);
			else
				*failed = true;
			copies[i].cell.as.text.bytes = bytes;
		}
	}
	return copies;
}

static void free_finding(struct mo_finding *finding)
{
	free((char *)finding->id);
	free((char *)finding->verdict);
	free((char *)finding->advice);
	free_evidence(finding->evidence, finding->n_evidence);
}

void mo_finding_queue_add(struct mo_finding_queue *queue, const struct mo_finding *finding)
{
	struct mo_finding *items;
	struct mo_finding copy = *finding;
	bool failed = false;

	if (queue->failed)
		return;
	copy.id = copy_string(finding->id, &failed);
	copy.verdict = copy_string(finding->verdict, &failed);
	copy.advice = copy_string(finding->advice, &failed);
	copy.evidence = copy_evidence(finding, &failed);
	if (!copy.evidence)
		copy.n_evidence = 0;
	items = failed ? NULL : realloc(queue->items, (queue->count + 1) * sizeof(*items));
	if (!items) {
		free_finding(&copy);
		queue->failed = true;
		return;
	}
	items[queue->count++] = copy;
	queue->items = items;
}

void mo_finding_queue_deinit(struct mo_finding_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		free_finding(&queue->items[i]);
	free(queue->items);
	*queue = (struct mo_finding_queue){ .items = NULL };
}

bool mo_finding_is_worse(const struct mo_finding *a, const struct mo_finding *b)
{
	if (!b || a->severity != b->severity)
		return !b || a->severity > b->severity;
	return a->confidence > b->confidence;
}
