/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/*
 * Tasks that hold locks and tasks that wait for them: a mutex, a semaphore held by a writer, and one held by a reader. A
 * shrinker waits for the mutex as well if it is eat-memory that reclaims: whoever needs memory then waits for a lock.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/version.h>

static DEFINE_MUTEX(blocker_mutex);
static DECLARE_RWSEM(blocker_written);
static DECLARE_RWSEM(blocker_read);

static noinline void stay(void)
{
	for (;;)
		schedule_timeout_uninterruptible(MAX_SCHEDULE_TIMEOUT);
}

static int hold_mutex(void *unused)
{
	mutex_lock(&blocker_mutex);
	stay();
	return 0;
}

static int hold_written(void *unused)
{
	down_write(&blocker_written);
	stay();
	return 0;
}

static int hold_read(void *unused)
{
	down_read(&blocker_read);
	stay();
	return 0;
}

static int want_mutex(void *unused)
{
	mutex_lock(&blocker_mutex);
	stay();
	return 0;
}

static int want_written(void *unused)
{
	down_read(&blocker_written);
	stay();
	return 0;
}

static int want_read(void *unused)
{
	down_write(&blocker_read);
	stay();
	return 0;
}

static unsigned long count(struct shrinker *shrinker, struct shrink_control *control)
{
	return 100000;
}

static unsigned long scan(struct shrinker *shrinker, struct shrink_control *control)
{
	if (strcmp(current->comm, "eat-memory"))
		return SHRINK_STOP;
	mutex_lock(&blocker_mutex);
	mutex_unlock(&blocker_mutex);
	return SHRINK_STOP;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static int add_shrinker(void)
{
	struct shrinker *shrinker = shrinker_alloc(0, "blocker");

	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
	return 0;
}
#else
static struct shrinker shrinker = { .count_objects = count, .scan_objects = scan, .seeks = DEFAULT_SEEKS };

static int add_shrinker(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
	return register_shrinker(&shrinker, "blocker");
#else
	return register_shrinker(&shrinker);
#endif
}
#endif

static void start(int (*function)(void *), const char *name)
{
	if (IS_ERR(kthread_run(function, NULL, "%s", name)))
		pr_err("blocker: cannot start %s\n", name);
}

static int __init blocker_init(void)
{
	start(hold_mutex, "mutex-holder");
	start(hold_written, "sem-writer");
	start(hold_read, "sem-reader");
	schedule_timeout_uninterruptible(HZ / 2);
	start(want_mutex, "mutex-waiter-1");
	schedule_timeout_uninterruptible(HZ / 2);
	start(want_mutex, "mutex-waiter-2");
	start(want_written, "sem-wants-read");
	start(want_read, "sem-wants-write");
	return add_shrinker();
}

module_init(blocker_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tasks that wait for locks, for memopsy's tests");
