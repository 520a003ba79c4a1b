# SPDX-License-Identifier: LGPL-2.1-or-later
# What people type; the build itself is meson's (meson.build).

BUILD = build
SAMPLE = sample-dumps/6.1-oom-global/vmcore
MESON_TEST = meson test --no-rebuild --print-errorlogs

# The plugins, as targets of ninja.
PLUGINS = $$(ninja -C $(BUILD) -t targets all | sed -n 's|^\(plugins/[^/ ]*\.so\):.*|\1|p')

.PHONY: all demo check check-gcc check-asan check-tsan check-clang check-guests check-fresh coverage tidy fuzz fuzz-targets bench install clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	./install-packages build
	meson setup $(BUILD)

# Builds memopsy and lets it analyse a real dump. 1 is the exit status of a report that says what it could not read.
demo:
	@./install-packages build demo
	@[ -e $(BUILD)/build.ninja ] || { echo 'configuring the build in $(BUILD)/'; meson setup $(BUILD) >$(BUILD).log || \
		{ cat $(BUILD).log; exit 1; }; rm $(BUILD).log; }
	@steps=$$(ninja -C $(BUILD) -n memopsy $(PLUGINS) | grep -c '^\['); [ "$$steps" = 0 ] || { \
		echo "compiling memopsy: $$steps steps, about a minute on two cores"; \
		ninja -C $(BUILD) $$([ -t 1 ] || echo --quiet) memopsy $(PLUGINS); }
	@echo '$$ $(BUILD)/memopsy report $(SAMPLE)'
	@$(BUILD)/memopsy report $(SAMPLE) || [ $$? = 1 ]

# Every test that needs no guest: with gcc, again under the address and undefined-behaviour sanitizers, those of several
# threads under ThreadSanitizer, and a build with clang that takes every warning for an error. The last line sums up. check-gcc: one of them alone.
check:
	@./install-packages build check sanitizers
	@tests/check-all $(BUILD)

check-gcc check-asan check-tsan check-clang:
	@./install-packages build check sanitizers
	@tests/check-all $(BUILD) $(@:check-%=%)

# `make demo` and `make check` on fresh systems: see tests/fresh --help. As root.
check-fresh:
	@./install-packages fresh
	tests/fresh

# 100,000 whole commands on dumps that are damaged anew for each round; FUZZ_SECONDS ends it earlier.
FUZZ_RUNS = 100000
FUZZ_SECONDS = 1e9
fuzz: all
	tests/fuzz/fuzz-commands --rounds $$(($(FUZZ_RUNS) / 6)) --runs 6 --seconds $(FUZZ_SECONDS) $(BUILD)/memopsy $(SAMPLE)

# The targets of tests/fuzz/targets with libFuzzer, each for a while; what they find: $(BUILD)-fuzz/found.
FUZZ_TARGET_SECONDS = 60
fuzz-targets:
	@./install-packages build check fuzz
	@[ -e $(BUILD)-fuzz/build.ninja ] || CC=clang CFLAGS=-fsanitize=fuzzer-no-link meson setup $(BUILD)-fuzz -Dtests=enabled \
		-Dfuzzing=engine -Dplugins=static -Db_sanitize=address,undefined -Db_lundef=false
	@ninja -C $(BUILD)-fuzz --quiet fuzz-targets
	tests/fuzz/targets/make-corpus $(BUILD)-fuzz $(BUILD)-fuzz/seeds
	tests/fuzz/targets/run-targets $(BUILD)-fuzz $(FUZZ_TARGET_SECONDS)

# Real kernels in QEMU, compared with what they said of themselves.
check-guests: all
	@./install-packages check guests
	tests/guest/run --memopsy $(BUILD)/memopsy

# Which lines and branches the unit tests and those of the true binary reach: $(BUILD)-coverage/coverage.txt, and as pages.
coverage:
	@./install-packages build check coverage
	@[ -e $(BUILD)-coverage/build.ninja ] || meson setup $(BUILD)-coverage -Dtests=enabled -Db_coverage=true -Dplugins=static
	@ninja -C $(BUILD)-coverage --quiet
	$(MESON_TEST) -C $(BUILD)-coverage --suite unit --suite cli --timeout-multiplier 8
	@mkdir -p $(BUILD)-coverage/coverage
	gcovr --root . --object-directory $(BUILD)-coverage --filter src/ --filter plugins/ --exclude-throw-branches \
		--print-summary --txt $(BUILD)-coverage/coverage.txt --html-details $(BUILD)-coverage/coverage/index.html

# clang-tidy over program and plugins; which checks, and why not others: .clang-tidy.
tidy: all
	@./install-packages build tidy
	run-clang-tidy -quiet -p $(BUILD) '/(src|plugins)/[^ ]*\.c$$'

# Whole commands beside crash and drgn, as ratios; see tests/bench/README.md.
bench: all
	@./install-packages bench
	tests/bench/run-bench --build $(BUILD)

install: all
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-clang $(BUILD)-coverage $(BUILD)-fuzz
