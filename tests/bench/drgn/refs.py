# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every word that points at init_task, by drgn: the subject of crash's search. Which memory it lies in is not looked at.


address = prog["init_task"].address_of_().value_()  # noqa: F821
for found in prog.search_memory_u64(address):  # noqa: F821
    print(f"{found[0]:#x} {found[1]:#x}" if isinstance(found, tuple) else f"{found:#x}")
