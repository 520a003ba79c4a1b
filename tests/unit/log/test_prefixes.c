/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each form that a line comes in, on its own: the text and all that the prefix said. */
#include "log_fixture.h"

#include <stdlib.h>

/* date -u -d '2026-12-01 08:49:04' +%s */
#define WALL "1796114944"
/* The same of 1972: date -u -d '1972-12-01 08:49:04' +%s */
#define WALL_1972 "92047744"

static void dmesg_forms(void **state)
{
	(void)state;
	assert_records("[    1.234567] a b\n", "[1.234567] a b\n");
	assert_records("<6>[12345.678901] a\n", "[12345.678901] <6> a\n");
	assert_records("<4>[    1.000000][  T123] a\n", "[1.000000] <4> T123 a\n");
	assert_records("[    1.000000] [    C7] a\n", "[1.000000] C7 a\n");
	assert_records("kern  :warn  : [    1.500000] a: b\n", "[1.500000] <4> a: b\n");
	assert_records("kern  :err   : [Tue Dec  1 08:49:04 2026] a\n", "{" WALL " no zone} <3> a\n");
	assert_records("[Tue Dec  1 08:49:04 2026] a\n", "{" WALL " no zone} a\n");
	assert_records("[Di Dez  1 08:49:04 2026] a\n", "a\n");
	assert_records("[mar. Dec  1 08:49:04 2026] a\n", "{" WALL " no zone} a\n");
	assert_records("[\xe4\xba\x8c 12\xe6\x9c\x88  1 08:49:04 2026] a\n", "{" WALL " no zone} a\n");
	assert_records("[Tue Dec  1 08:49:04 2026] [  T9] a\n", "{" WALL " no zone} T9 a\n");
	assert_records("2026-12-01T08:49:04,123456+00:00 a b: c\n", "{" WALL "} a b: c\n");
	assert_records("[  +0.000012] a\n", "a\n");
	assert_records("[Dec 1 08:49] a\n", "a\n");
	assert_records("[    1.000000]  free:1\n", "[1.000000]  free:1\n");
}

static void journal_forms(void **state)
{
	(void)state;
	assert_records("Dec 01 08:49:04 node kernel: a\n", "{" WALL_1972 " no year no zone} node a\n");
	assert_records("Dec 01 08:49:04.123456 node kernel: a\n", "{" WALL_1972 " no year no zone} node a\n");
	assert_records("Dec 01 08:49:04 kernel: a\n", "{" WALL_1972 " no year no zone} a\n");
	assert_records("2026-12-01T09:49:04+0100 node kernel: a\n", "{" WALL "} node a\n");
	assert_records("2026-12-01T08:49:04.5+00:00 node kernel: a\n", "{" WALL "} node a\n");
	assert_records("Tue 2026-12-01 08:49:04 UTC node kernel: a\n", "{" WALL "} node a\n");
	assert_records("Tue 2026-12-01 09:49:04 CET node kernel: a\n", "{1796118544 no zone} node a\n");
	assert_records("1796114944.000001 node kernel: a\n", "{" WALL "} node a\n");
	assert_records("[    5.000001] node kernel: a\n[    6.000000] node sshd[1]: b\n[    7.000000] node kernel: c: d\n",
		       "[5.000001] node a\n[7.000000] node c: d\n");
}

static void journal_json(void **state)
{
	(void)state;
	assert_records("{\"MESSAGE\":\"a \\\"b\\\"\\u00e9\",\"_TRANSPORT\":\"kernel\",\"_HOSTNAME\":\"node\",\"PRIORITY\":\"4\","
		       "\"SYSLOG_IDENTIFIER\":\"kernel\",\"__REALTIME_TIMESTAMP\":\"1796114944000001\","
		       "\"__MONOTONIC_TIMESTAMP\":\"9000000\",\"_SOURCE_MONOTONIC_TIMESTAMP\":\"8000001\"}\n",
		       "[8.000001] {" WALL "} <4> node a \"b\"\xc3\xa9\n");
	assert_records("{ \"_TRANSPORT\" : \"kernel\", \"MESSAGE\" : [97, 32,98] }\n", "a b\n");
	assert_records("{\"MESSAGE\":\"x\",\"_TRANSPORT\":\"stdout\",\"SYSLOG_IDENTIFIER\":\"bash\"}\n", "");
	assert_records("{\"MESSAGE\":\"Killed /a due to memory\",\"_TRANSPORT\":\"journal\",\"PRIORITY\":\"6\","
		       "\"SYSLOG_IDENTIFIER\":\"systemd-oomd\"}\n",
		       "<6> systemd-oomd: Killed /a due to memory\n");
	assert_records("{\"MESSAGE\":null,\"_TRANSPORT\":\"kernel\"}\n", "");
	assert_records("{\"MESSAGE\":\"cut", "");
}

static void journal_export(void **state)
{
	static const char input[] =
		"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1796114944000000\n__MONOTONIC_TIMESTAMP=5000000\n_BOOT_ID="
		"00000000000000000000000000000001\n_TRANSPORT=kernel\nPRIORITY=6\n_HOSTNAME=node\nMESSAGE=a=b\n\n"
		"__CURSOR=s=2\n_TRANSPORT=stdout\nSYSLOG_IDENTIFIER=sh\nMESSAGE=x\n\n"
		"__CURSOR=s=3\n_TRANSPORT=kernel\n_BOOT_ID=00000000000000000000000000000002\n_HOSTNAME=node\nMESSAGE\n"
		"\3\0\0\0\0\0\0\0c\nd\n\n";

	(void)state;
	assert_records(input, "[5.000000] {" WALL "} <6> node a=b\n+1 node c\nd\n");
}

static void syslog_forms(void **state)
{
	(void)state;
	assert_records("Dec  1 08:49:04 node kernel: [   12.345678] a\n", "[12.345678] {" WALL_1972 " no year no zone} node a\n");
	assert_records("Dec  1 08:49:04 node kernel:[   12.345678] a\n", "[12.345678] {" WALL_1972 " no year no zone} node a\n");
	assert_records("<4>Dec  1 08:49:04 node kernel: a\n", "{" WALL_1972 " no year no zone} <4> node a\n");
	assert_records("Dec  1 2026 08:49:04 node kernel: a\n", "{" WALL " no zone} node a\n");
	assert_records("2026-12-01T08:49:04.000000+00:00 node kernel: [    1.000000][  T55] a\n", "[1.000000] {" WALL "} T55 node a\n");
	assert_records("<4>1 2026-12-01T08:49:04.123Z node kernel - - - [    1.000000] a\n", "[1.000000] {" WALL "} <4> node a\n");
	assert_records("<4>1 2026-12-01T08:49:04Z node kernel - - [x@1 k=\"]\\\"\"][y@1] \xef\xbb\xbf" "a\n",
		       "{" WALL "} <4> node a\n");
	assert_records("Dec  1 08:49:04 node kern.info kernel: a\n", "{" WALL_1972 " no year no zone} <6> node a\n");
	assert_records("Tue Dec  1 08:49:04 2026 kern.warn kernel: [    1.000000] a\n", "[1.000000] {" WALL " no zone} <4> a\n");
	assert_records("kernel: a\n<4>kernel:[    1.000000] b\n", "a\n[1.000000] <4> b\n");
	assert_records("Dec  1 08:49:04 node kernel: a#012b#011c#0\n", "{" WALL_1972 " no year no zone} node a\nb\tc#0\n");
}

static void netconsole_forms(void **state)
{
	(void)state;
	assert_records("6,1234,5678901,-;a\\x09b\n SUBSYSTEM=acpi\n DEVICE=+acpi:x\n", "[5.678901] <6> a\tb\n");
	assert_records("4,1,1000000,-,caller=T77;a\n", "[1.000000] <4> T77 a\n");
	assert_records("6.1.0-28-amd64,4,1,1000000,-,caller=C2;a\n", "[1.000000] <4> C2 a\n");
	assert_records("4,9,1000000,-,ncfrag=0/6;abc\n4,9,1000000,-,ncfrag=3/6;def\n5,10,2000000,-;g\n",
		       "[1.000000] <4> abcdef\n[2.000000] <5> g\n");
	/* The first half was lost, then the second. */
	assert_records("4,9,1000000,-,ncfrag=3/6;def\n4,10,1000000,-,ncfrag=0/6;abc\n4,11,1000000,-;g\n",
		       "[1.000000] <4> def\n[1.000000] <4> g\n");
}

static void container_forms(void **state)
{
	(void)state;
	assert_records("2026-12-01T08:49:04.5Z stdout F [    1.000000] a\n", "[1.000000] {" WALL "} a\n");
	assert_records("2026-12-01T08:49:04.5Z stdout P [    1.000000] a\n2026-12-01T08:49:04.5Z stdout F b\n",
		       "[1.000000] {" WALL "} ab\n");
	assert_records("2026-12-01T08:49:04.5Z stderr F Out of memory: Killed process 1 (x)\n", "");
	assert_records("{\"log\":\"[    1.000000] a\\n\",\"stream\":\"stdout\",\"time\":\"2026-12-01T08:49:04.5Z\"}\n",
		       "[1.000000] {" WALL "} a\n");
	assert_records("{\"log\":\"[    1.000000] a\",\"stream\":\"stdout\",\"time\":\"2026-12-01T08:49:04.5Z\"}\n"
		       "{\"log\":\"b\\n\",\"stream\":\"stdout\",\"time\":\"2026-12-01T08:49:04.5Z\"}\n",
		       "[1.000000] {" WALL "} ab\n");
	assert_records("2026-12-01T08:49:04.5Z [    1.000000] a\n", "[1.000000] {" WALL "} a\n");
}

static void other_forms(void **state)
{
	(void)state;
	assert_records("> [    1.000000] a\n", "[1.000000] a\n");
	assert_records(">> > Dec  1 08:49:04 node kernel: a\n", "{" WALL_1972 " no year no zone} node a\n");
	assert_records("    [    1.000000]  a\n", "[1.000000]  a\n");
	assert_records("kern.log.1:[    1.000000] a\n", "[1.000000] a\n");
	assert_records("node-1  | [    1.000000] a\n", "[1.000000] a\n");
	assert_records("<6>[   12.345678] (0)[321:kworker/0:1]a\n", "[12.345678] <6> T321 a\n");
	assert_records("<6>[   12.345678]  [2:    kworker/2:1:  321] a\n", "[12.345678] <6> T321 a\n");
	assert_records("[   12.345678 / 06-01 12:00:00.123] a\n", "[12.345678] a\n");
	assert_records("12-01 08:49:04.123   398   399 I lowmemorykiller: Kill 'a'\n",
		       "{" WALL_1972 " no year no zone} <6> lowmemorykiller: Kill 'a'\n");
	assert_records("12-01 08:49:04.123  root     0     0 W kernel  : a\n", "{" WALL_1972 " no year no zone} <4> a\n");
	assert_records("\033[1;31m[    1.000000]\033[0m a\033[K\r\n", "[1.000000] a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dmesg_forms),      cmocka_unit_test(journal_forms),  cmocka_unit_test(journal_json),
		cmocka_unit_test(journal_export),   cmocka_unit_test(syslog_forms),   cmocka_unit_test(netconsole_forms),
		cmocka_unit_test(container_forms),  cmocka_unit_test(other_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
