# SPDX-License-Identifier: LGPL-2.1-or-later
# What people type; the build itself is meson's (meson.build).

BUILD = build
SAMPLE = sample-dumps/6.1-oom-global/vmcore
MESON_TEST = meson test --no-rebuild --print-errorlogs

.PHONY: all demo check check-gcc check-asan check-clang check-guests bench install clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	./install-packages build
	meson setup $(BUILD)

# Builds memopsy and lets it analyse a real dump. 1 is the exit status of a report that says what it could not read.
demo:
	@./install-packages build demo
	@[ -e $(BUILD)/build.ninja ] || meson setup $(BUILD)
	@ninja -C $(BUILD) --quiet memopsy $$(ninja -C $(BUILD) -t targets all | sed -n 's|^\(plugins/[^/ ]*\.so\):.*|\1|p')
	@echo '$$ $(BUILD)/memopsy report $(SAMPLE)'
	@$(BUILD)/memopsy report $(SAMPLE) || [ $$? = 1 ]

# Every test that needs no guest: with gcc, again under the address and undefined-behaviour sanitizers,
# and a build with clang that takes every warning for an error. The last line sums up.
check:
	@./install-packages build check
	@tests/check-all $(BUILD)

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
