/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox that a run enters once its files are open: landlock for files, seccomp for calls. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "sanitizers.h"

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

/* linux/landlock.h is younger than some systems that this is built on: its first version (5.13), which all later ones have. */
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif
#define RULE_PATH_BENEATH 1
#define MAY_EXECUTE (1ull << 0)
#define MAY_WRITE_FILE (1ull << 1)
#define MAY_REMOVE_AND_MAKE (0x1ff0ull) /* REMOVE_DIR to MAKE_SYM: bits 4 to 12 */

struct ruleset {
	uint64_t handled;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

static void allow_writing(int ruleset, const char *directory)
{
	struct path_rule rule = { .allowed = MAY_WRITE_FILE | MAY_REMOVE_AND_MAKE };

	if (!directory)
		return;
	rule.parent_fd = open(directory, O_PATH | O_CLOEXEC | O_DIRECTORY);
	if (rule.parent_fd < 0)
		return;
	(void)syscall(__NR_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

static void restrict_files(const char *output_dir, const char *cache_dir)
{
	const struct ruleset rules = { .handled = MAY_EXECUTE | MAY_WRITE_FILE | MAY_REMOVE_AND_MAKE };
	int ruleset = (int)syscall(__NR_landlock_create_ruleset, &rules, sizeof(rules), 0);

	if (ruleset < 0)
		return;
	allow_writing(ruleset, output_dir);
	allow_writing(ruleset, cache_dir);
	(void)syscall(__NR_landlock_restrict_self, ruleset, 0);
	close(ruleset);
}

#ifdef OWN_ARCH
/* Calls that no analysis makes, and that an exploit would want. */
static const int refused[] = {
	__NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_init_module,
	__NR_finit_module, __NR_delete_module, __NR_kexec_load, __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_setns,
	__NR_unshare, __NR_bpf, __NR_perf_event_open, __NR_userfaultfd, __NR_add_key, __NR_keyctl, __NR_request_key,
	__NR_open_by_handle_at, __NR_io_uring_setup, __NR_reboot, __NR_swapon, __NR_acct,
};

static const int refused_network[] = { __NR_socket, __NR_connect, __NR_bind, __NR_listen };

#define MAX_REFUSED 40

static void refuse(struct sock_filter *filter, size_t *n, int number)
{
	filter[(*n)++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
	filter[(*n)++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
}

static void restrict_calls(bool may_use_network)
{
	struct sock_filter filter[2 * MAX_REFUSED + 8];
	size_t n = 0;
	struct sock_fprog program;

	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		refuse(filter, &n, refused[i]);
	for (size_t i = 0; !may_use_network && i < sizeof(refused_network) / sizeof(refused_network[0]); i++)
		refuse(filter, &n, refused_network[i]);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program = (struct sock_fprog){ .len = (unsigned short)n, .filter = filter };
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
#endif

void mo_sandbox_enter(const char *output_dir, const char *cache_dir, bool may_use_network)
{
	if (MO_HAS_SANITIZER || MO_COUNTS_COVERAGE || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return;
	restrict_files(output_dir, cache_dir);
#ifdef OWN_ARCH
	restrict_calls(may_use_network);
#else
	(void)may_use_network;
#endif
}
