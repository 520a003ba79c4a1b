/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_MODEL_AGAIN_H
#define MEMOPSY_MODEL_AGAIN_H

/*
 * A later look at a kernel that runs: a model that a plugin reads, gathered once more. The first one stays as it is. What
 * the plugin that publishes it reads itself is not gathered anew, and what it finds is not told twice.
 */

#include <memopsy/plugin.h>

MO_API_BEGIN

struct mo_model_again;

/* MO_E_ABSENT: nobody publishes it, or it could not be gathered the first time either. */
struct mo_error *mo_model_again(struct mo_run *run, const char *name, struct mo_model_again **ret) MO_MUST_USE;

/* Lives until it is destroyed: by who asked for it, before its own gather or show is over. */
const void *mo_model_again_get(const struct mo_model_again *again);
void mo_model_again_destroy(struct mo_model_again *again); /* NULL is fine */

MO_API_END

#endif
