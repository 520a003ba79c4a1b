/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_SANITIZERS_H
#define MO_SANITIZERS_H

/*
 * Whether this program was built with a sanitizer that reserves terabytes of address space and traces its own threads:
 * neither limits nor the sandbox leave it room for that.
 */
#ifdef __has_feature
#define MO_HAS_FEATURE(feature) __has_feature(feature)
#else
#define MO_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || MO_HAS_FEATURE(address_sanitizer) || \
	MO_HAS_FEATURE(thread_sanitizer) || MO_HAS_FEATURE(memory_sanitizer)
#define MO_HAS_SANITIZER true
#else
#define MO_HAS_SANITIZER false
#endif

/* Whether it writes down which lines it ran, beside the objects that it was built from: the sandbox would not let it. */
#ifdef MO_COVERAGE
#define MO_COUNTS_COVERAGE true
#else
#define MO_COUNTS_COVERAGE false
#endif

#endif
