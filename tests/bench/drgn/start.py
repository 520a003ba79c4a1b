# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What `memopsy info` and crash's `sys` say of a dump, by drgn.

import time

from drgn.helpers.linux.cpumask import num_online_cpus
from drgn.helpers.linux.mm import totalram_pages
from drgn.helpers.linux.panic import panic_message
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.timekeeping import ktime_get_real_seconds, uptime_pretty

name = prog["init_uts_ns"].name
print("banner: ", prog["linux_banner"].string_().decode().strip())
print("node:   ", name.nodename.string_().decode())
print("machine:", name.machine.string_().decode())
print("date:   ", time.asctime(time.gmtime(ktime_get_real_seconds().value_())))
print("uptime: ", uptime_pretty())
print("cpus:   ", num_online_cpus())
print("memory: ", totalram_pages() * prog["PAGE_SIZE"].value_() >> 10, "kB")
print("tasks:  ", sum(1 for _ in for_each_task()))
print("panic:  ", panic_message())
