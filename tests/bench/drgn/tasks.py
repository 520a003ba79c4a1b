# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Processes with their memory, by drgn.

from drgn.helpers.linux.mm import task_rss, task_vsize
from drgn.helpers.linux.pid import for_each_task

for task in for_each_task():
    print(
        f"{task.pid.value_():7} {task_vsize(task) >> 10:10} {task_rss(task).total << 2:9} "
        f"{task.comm.string_().decode(errors='replace')}"
    )
