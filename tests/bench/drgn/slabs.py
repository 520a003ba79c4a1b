# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Slab caches with their slabs and objects, by drgn: the subject of /proc/slabinfo.

from drgn.helpers.linux.slab import for_each_slab_cache, slab_cache_usage

for cache in for_each_slab_cache():
    usage = slab_cache_usage(cache)
    print(
        f"{cache.name.string_().decode():<28} {usage.active_objs:8} {usage.num_objs:8} {cache.size.value_():6} "
        f"{usage.num_slabs:6}"
    )
