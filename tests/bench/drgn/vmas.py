# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every process's VMAs and its resident pages, by drgn: what of procrank can be had without a walk over page tables.

from drgn.helpers.linux.mm import for_each_vma, task_rss
from drgn.helpers.linux.pid import for_each_task

for task in for_each_task():
    if task.mm:
        mapped = sum((vma.vm_end - vma.vm_start).value_() for vma in for_each_vma(task.mm))
        print(
            f"{task.pid.value_():7} {mapped >> 10:10} {task_rss(task).total << 2:9} "
            f"{task.comm.string_().decode(errors='replace')}"
        )
