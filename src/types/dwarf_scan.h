/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_SCAN_H
#define MO_DWARF_SCAN_H

/* Looking for names in the units of a file, on all cores. */

#include "dwarf_file.h"
#include "dwarf_names.h"

struct mo_progress;

/*
 * Fills in where each request is defined first (found_unit, found_offset); what stays MO_NOT_FOUND is nowhere. Ends as
 * soon as all is found. The result does not depend on the number of threads: a thread goes on with a unit for all
 * requests that were not found in an earlier one.
 */
struct mo_error *mo_dwarf_scan(struct mo_dwarf_names *names, struct mo_progress *progress) MO_MUST_USE;

#endif
