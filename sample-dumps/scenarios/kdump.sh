# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash disable=SC2154
# A crash, and the dump as a production machine makes it: kexec into a crash kernel, makedumpfile on /proc/vmcore.
# The truth is of the moment before the crash, QEMU's own dump too; the crash kernel's files lie beside them.
#: memory 640
#: crash-kernel 192
#: append crashkernel=192M

run()
{
	start database hold-memory name:database "anon:$(share 6)" shared:2 children:2
	kexec -p /crash/vmlinuz --initrd=/crash/initramfs \
		--append="console=ttyS0 nr_cpus=1 reset_devices panic=-1 loglevel=4" || say "kexec failed"
	[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || say "no crash kernel is loaded"
}

after()
{
	record-truth files "$truth_disk" "$offset" /run/record >/dev/null
	sync
	echo 1 >/proc/sys/kernel/sysrq
	echo c >/proc/sysrq-trigger
}
