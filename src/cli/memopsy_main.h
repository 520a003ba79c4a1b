/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_MEMOPSY_MAIN_H
#define MO_MEMOPSY_MAIN_H

/*
 * The whole command line; it lives in the library with everything else, so that plugins and program share one copy of
 * all code. Returns the exit status, see enum mo_exit_status.
 */
__attribute__((visibility("default"))) int memopsy_main(int argc, char **argv);

#endif
