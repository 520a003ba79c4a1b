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
	assert_records("<6>[2-3219.187012] a\n[c1 3219.187013] b\n[2-3219.1870] c\n",
		       "[3219.187012] <6> a\n[3219.187013] b\n[3219.187000] c\n");
	assert_records("[    1.000000 <    0.000012>] a\n[    2.000000                 ] n kernel: b\n[    3.000000 <    0.000012 >] n kernel: c\n",
		       "[1.000000] a\n[2.000000] n b\n[3.000000] n c\n");
	assert_records("I/lowmemorykiller(  398): Kill 'a'\n12-01 08:49:04.123 I/lmkd    (  398): b\n",
		       "<6> lowmemorykiller: Kill 'a'\n{" WALL_1972 " no year no zone} <6> lmkd: b\n");
	assert_records("Tue 2026-12-01 08:49:04 UTC node user@0.service/earlyoom.service[7]: a\n", "{" WALL "} node earlyoom: a\n");
	assert_records("[   12.345678 / 06-01 12:00:00.123] a\n", "[12.345678] a\n");
	assert_records("12-01 08:49:04.123   398   399 I lowmemorykiller: Kill 'a'\n",
		       "{" WALL_1972 " no year no zone} <6> lowmemorykiller: Kill 'a'\n");
	assert_records("12-01 08:49:04.123  root     0     0 W kernel  : a\n", "{" WALL_1972 " no year no zone} <4> a\n");
	assert_records("\033[1;31m[    1.000000]\033[0m a\033[K\r\n", "[1.000000] a\n");
}

/* The message of a multi-line entry goes on; what is no kernel's is passed over. */
static void journal_in_several_lines(void **state)
{
	(void)state;
	assert_records("Tue 2026-12-01 08:49:04.000000 UTC [s=1;i=2;b=00000000000000000000000000000001;m=895440;t=6618e99368000;x=1]\n"
		       "    _TRANSPORT=kernel\n    PRIORITY=6\n    _HOSTNAME=node\n    MESSAGE=a=b\n            c\n"
		       "Tue 2026-12-01 08:49:05.000000 UTC [s=1;i=3;b=00000000000000000000000000000001;m=1;t=1;x=1]\n"
		       "    _TRANSPORT=stdout\n    SYSLOG_IDENTIFIER=sh\n    MESSAGE=Out of memory: Killed process 1 (x)\n",
		       "[9.000000] {" WALL "} <6> node a=b\nc\n");
	assert_records("{\n\t\"MESSAGE\" : \"a\",\n\t\"_TRANSPORT\" : \"kernel\"\n}\n"
		       "{\n\t\"MESSAGE\" : [\n\t\t97,\n\t\t98\n\t],\n\t\"_TRANSPORT\" : \"kernel\"\n}\n"
		       "{\n\t\"_TRANSPORT\" : \"stdout\",\n\t\"MESSAGE\" : \"Out of memory\"\n}\n",
		       "a\nab\n");
	assert_records("data: {\"MESSAGE\":\"a\",\"_TRANSPORT\":\"kernel\"}\n\n\036{\"MESSAGE\":\"b\",\"_TRANSPORT\":\"kernel\"}\n", "a\nb\n");
	assert_records("{\n   \"dmesg\": [\n      {\n         \"pri\": 4,\n         \"time\":     1.500000,\n"
		       "         \"caller\": \"T7\",\n         \"msg\": \"a\"\n      },{\n         \"fac\": \"kern\",\n"
		       "         \"pri\": \"err\",\n         \"time\":     2.000000,\n         \"msg\": \"b\"\n      }\n   ]\n}\n",
		       "[1.500000] <4> T7 a\n[2.000000] <3> b\n");
	/* A brace that begins no JSON costs no line of the kernel's. */
	assert_records("{\n[    1.000000] a\n}\n[    2.000000] b\n{\n\"x\": {\n[    3.000000] c\n", "[1.000000] a\n}\n[2.000000] b\n[3.000000] c\n");
}

static void marks_of_copies(void **state)
{
	(void)state;
	assert_records("  1\t[    1.000000] a\n  2\t[    2.000000] b\n  3\t\n  4\t7 pages RAM\n", "[1.000000] a\n[2.000000] b\n7 pages RAM\n");
	assert_records("7:[    1.000000] a\n--\n107:Dec  1 08:49:04 n kernel: b\n109:c\n",
		       "[1.000000] a\n{92047744 no year no zone} n b\n{92047744 no year no zone} c\n");
	assert_records("a/k.log:7:[    1.000000] a\na/k.log-8-[    2.000000] b\na/k.log-9-[    3.000000] c\n",
		       "[1.000000] a\n[2.000000] b\n[3.000000] c\n");
	assert_records("1. [    1.000000] a\n2. [    2.000000] b\n3. [    3.000000] c\n", "[1.000000] a\n[2.000000] b\n[3.000000] c\n");
	assert_records("&lt;4&gt;[    1.000000] &lt;TASK&gt;<br />\n&amp;lt;\n", "[1.000000] <4> <TASK>\n&lt;\n");
	/* Numbers that are the lines' own. */
	assert_records("5 pages RAM\n0 pages HighMem\n3 pages reserved\n", "5 pages RAM\n0 pages HighMem\n3 pages reserved\n");
	assert_records("1796114944.1 n kernel: a\n1796114945.1 n kernel: b\n1796114946.1 n kernel: c\n",
		       "{1796114944} n a\n{1796114945} n b\n{1796114946} n c\n");
	assert_records("R&amp;D\n", "R&amp;D\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dmesg_forms),      cmocka_unit_test(journal_forms),  cmocka_unit_test(journal_json),
		cmocka_unit_test(journal_export),   cmocka_unit_test(syslog_forms),   cmocka_unit_test(netconsole_forms),
		cmocka_unit_test(container_forms),  cmocka_unit_test(other_forms),
		cmocka_unit_test(journal_in_several_lines), cmocka_unit_test(marks_of_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
