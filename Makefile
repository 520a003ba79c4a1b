# SPDX-License-Identifier: LGPL-2.1-or-later
# What people type; the build itself is meson's (meson.build).

BUILD = build
SAMPLE = sample-dumps/6.1-oom-global/vmcore
MESON_TEST = meson test --no-rebuild --print-errorlogs

# The plugins, as targets of ninja.
PLUGINS = $$(ninja -C $(BUILD) -t targets all | sed -n 's|^\(plugins/[^/ ]*\.so\):.*|\1|p')

.PHONY: all demo check check-gcc check-asan check-clang check-guests check-fresh bench install clean

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

# Every test that needs no guest: with gcc, again under the address and undefined-behaviour sanitizers,
# and a build with clang that takes every warning for an error. The last line sums up. check-gcc: one of them alone.
check:
	@./install-packages build check sanitizers
	@tests/check-all $(BUILD)

check-gcc check-asan check-clang:
	@./install-packages build check sanitizers
	@tests/check-all $(BUILD) $(@:check-%=%)

# `make demo` and `make check` on fresh systems: see tests/fresh --help. As root.
check-fresh:
	@./install-packages fresh
	tests/fresh

# Real kernels in QEMU, compared with what they said of themselves.
check-guests: all
	@./install-packages check guests
	tests/guest/run --memopsy $(BUILD)/memopsy

# Whole commands beside crash and drgn, as ratios; see tests/bench/README.md.
bench: all
	@./install-packages bench
	tests/bench/run-bench --build $(BUILD)

install: all
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-clang
