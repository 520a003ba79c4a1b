/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_TROUBLE_H
#define MEMOPSY_TROUBLE_H

/*
 * What could not be read, or contradicts itself, while a plugin gathers: counted by kind, and told in one finding a kind
 * with the first error's words, however often it happened.
 */

#include <memopsy/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mo_trouble {
	uint64_t n;
	struct mo_error *first;  /* owned; NULL: n is 0 */
};

/* Takes the error; NULL is none. */
static inline void mo_trouble_note(struct mo_trouble *trouble, struct mo_error *error)
{
	if (!error)
		return;
	trouble->n++;
	if (trouble->first)
		mo_error_destroy(error);
	else
		trouble->first = error;
}

/* The same, but what ends a gathering, memory and interruption, is given back. */
static inline struct mo_error *mo_trouble_or_end(struct mo_trouble *trouble, struct mo_error *error)
{
	if (mo_error_ends_run(error))
		return error;
	mo_trouble_note(trouble, error);
	return 0;
}

/* For threads that count by themselves: `from` is empty afterwards. */
static inline void mo_trouble_merge(struct mo_trouble *into, struct mo_trouble *from)
{
	uint64_t n = from->n;

	if (!n)
		return;
	mo_trouble_note(into, from->first);
	into->n += n - 1;
	from->n = 0;
	from->first = 0;
}

static inline void mo_trouble_forget(struct mo_trouble *trouble)
{
	mo_error_destroy(trouble->first);
	trouble->n = 0;
	trouble->first = 0;
}

/* Tells it, if there is any, in a finding like `form`, whose evidence is ours; there is none afterwards. */
static inline void mo_trouble_tell_as(struct mo_run *run, struct mo_trouble *trouble, const struct mo_finding *form)
{
	struct mo_evidence evidence[2];
	struct mo_finding finding = *form;

	if (!trouble->n)
		return;
	memset(evidence, 0, sizeof(evidence));
	evidence[0].label = "times";
	evidence[0].kind = MO_CELL_COUNT;
	evidence[0].cell = mo_cell_number(mo_exact(trouble->n));
	evidence[1].label = "first";
	evidence[1].kind = MO_CELL_TEXT;
	evidence[1].cell = mo_cell_text(mo_error_text(trouble->first));
	finding.evidence = evidence;
	finding.n_evidence = 2;
	finding.needs_one_moment = true;
	mo_run_finding(run, &finding);
	mo_trouble_forget(trouble);
}

/* As what could not be read. advice may be NULL. */
static inline void mo_trouble_tell(struct mo_run *run, struct mo_trouble *trouble, const char *id, const char *verdict,
				   const char *advice)
{
	struct mo_finding form;

	memset(&form, 0, sizeof(form));
	form.id = id;
	form.severity = MO_WARNING;
	form.verdict = verdict;
	form.advice = advice;
	form.is_about_reading = true;
	mo_trouble_tell_as(run, trouble, &form);
}

#ifdef __cplusplus
}
#endif

#endif
