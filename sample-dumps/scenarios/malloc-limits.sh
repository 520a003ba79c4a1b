# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# No OOM: processes to which the kernel refused memory because of a limit, and which live on. Each did something else
# about it: the address space (RLIMIT_AS), data (RLIMIT_DATA, which the kernel logs), locked memory (RLIMIT_MEMLOCK),
# the count of mappings (vm.max_map_count), and what may be committed in all (vm.overcommit_memory=2).
#: memory 256

run()
{
	echo 1000 >/proc/sys/vm/max_map_count
	chmod 1777 /run/ready # some give up being root
	start address-space hit-limits address-space 64
	start data hit-limits data 48
	start locked hit-limits locked 4
	start mappings hit-limits mappings
	scores before
	echo 32768 >/proc/sys/vm/admin_reserve_kbytes # the recorder's
	echo 110 >/proc/sys/vm/overcommit_ratio
	echo 2 >/proc/sys/vm/overcommit_memory
	start commit hit-limits commit
	sleep 1
	scores after
	describe cause=limits constraint=limit order=0 victim_is=none holder=none events=0 address_space=address-space \
		data=data locked=locked mappings=mappings commit=commit max_map_count=1000
}
