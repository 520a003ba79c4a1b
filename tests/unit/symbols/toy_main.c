/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A little program with one symbol of each kind, linked by toy.lds at addresses that the tests know. */

extern int toy_helper(int value);

const char toy_banner[] = "Toy version 1";
int toy_counter = 5;
int toy_zeroed[16];
static int repeated = 1;
__attribute__((weak)) int toy_weak_data = 3;
__attribute__((section(".data..percpu"))) long toy_per_cpu[2] = { 1, 2 };

__attribute__((weak, noinline)) int toy_weak(int value)
{
	return value + 1;
}

__attribute__((noinline)) int toy_function(int value)
{
	return toy_helper(value) + repeated++ + toy_weak_data;
}

int toy_alias(int value) __attribute__((alias("toy_function")));

__attribute__((noinline, used)) static int toy_local(int value)
{
	return value * toy_counter;
}

int toy_start(void);
int toy_start(void)
{
	toy_zeroed[0] = toy_local(toy_weak(2));
	return toy_function(toy_zeroed[0]);
}
