/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dwarf_file.h"
struct mo_error *mo_dwarf_relocate_info(struct mo_elf *elf, const struct mo_dwarf_section *info, uint8_t **ret)
{ (void)elf;(void)info;(void)ret; return mo_error_create(MO_E_UNSUPPORTED,"no"); }
