/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TRUST_H
#define MO_TRUST_H

/* Who may have put something where we are about to look: checks of owners and modes, not of contents. */

#include <stdbool.h>

#include <memopsy/error.h>

/*
 * Code is loaded from there: a file or directory that somebody else than root and the user may write to, or that belongs to
 * somebody else, is refused (MO_E_PERMISSION); so is one below a directory in which others may rename things. A group may
 * write if it is root's, or the user's own with nobody else in it, as distributions make one for each user.
 */
struct mo_error *mo_trust_for_code(const char *path, bool is_directory) MO_MUST_USE;

/* Data of our own is kept there: not where everybody may write, nor in somebody else's. One that is not there is fine. */
struct mo_error *mo_trust_for_cache(const char *path) MO_MUST_USE;

/*
 * Output goes there: a symbolic link in a directory that everybody may write to (sticky or not) is followed only if it is the
 * user's own or the directory's owner's, as the kernel does where fs.protected_symlinks is set.
 */
struct mo_error *mo_trust_for_output(const char *path) MO_MUST_USE;

#endif
