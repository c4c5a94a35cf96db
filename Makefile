# careroom: the two commands are `make demo` and `make check`; `make help` lists the others.
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

VERSION := $(shell cat VERSION)
BUILD   ?= build
CC      := gcc
PKG_CONFIG ?= pkg-config

WARN   := -Wall -Wextra -Wconversion -Wshadow -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
CFLAGS ?= -O2 -g
ifdef SANITIZE
CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS += -fsanitize=address,undefined
endif
ifdef FUZZ
CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDFLAGS += -fsanitize=address,undefined
endif
ALL_CFLAGS = -std=c17 $(WARN) $(CFLAGS) -D_GNU_SOURCE -DCAREROOM_VERSION='"$(VERSION)"' -I. -fstack-protector-strong -pthread
LDFLAGS += -pthread -Wl,-z,relro,-z,now

# What each program links, and nothing more: the guard knows no network (tests/structure.sh checks it).
LIBS_GUARD  := libsystemd sqlite3 jansson yaml-0.1 libcrypto libsodium
LIBS_UPLINK := libmosquitto libssl libsystemd sqlite3 jansson yaml-0.1 libcrypto
LIBS_VOICE  := alsa sndfile libsystemd jansson yaml-0.1
LIBS_CTL    := sqlite3 jansson yaml-0.1 libcrypto
libs = $(shell $(PKG_CONFIG) --libs $(1))

src = $(sort $(wildcard $(addsuffix /*.c,$(1))))
COMMON  := $(call src,gateway/common)
CORE    := $(call src,gateway/core)
JOURNAL := $(call src,gateway/journal)
# The register of people: the guard's alone.
PEOPLE  := $(call src,gateway/people)
GUARD   := $(filter-out gateway/guard/main_%.c gateway/guard/sim_%.c,$(call src,gateway/guard))
UPLINK  := $(call src,gateway/uplink)
CTL     := $(call src,gateway/ctl)
VOICE   := $(call src,gateway/voice)
PARTS   := $(call src,sensors/drivers sensors/readers) sensors/bus/recover.c
# libgpiod 1.6 and 2.x have one name and two interfaces: the version that is installed picks the file.
GPIOD   := $(firstword $(subst ., ,$(shell $(PKG_CONFIG) --modversion libgpiod 2>/dev/null)))
GPIODS  := sensors/bus/gpio_libgpiod1.c sensors/bus/gpio_libgpiod2.c
# recover.c knows gpio.h alone.
REAL    := $(filter-out $(GPIODS) sensors/bus/recover.c,$(call src,sensors/bus)) sensors/bus/gpio_libgpiod$(GPIOD).c
SIM     := $(call src,sensors/sim)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
PROGRAMS := careroomd careroomd-sim careroom-uplink careroom-voice careroomctl

.PHONY: all
all: $(addprefix $(BUILD)/,$(PROGRAMS))

$(BUILD)/careroomd: $(call obj,gateway/guard/main_real.c $(GUARD) $(PEOPLE) $(CORE) $(JOURNAL) $(COMMON) $(PARTS) $(REAL))
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,$(LIBS_GUARD) libgpiod libevdev)
$(BUILD)/careroomd-sim: $(call obj,gateway/guard/main_sim.c $(wildcard gateway/guard/sim_*.c) $(GUARD) $(PEOPLE) $(CORE) $(JOURNAL) $(COMMON) $(PARTS) $(SIM))
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,$(LIBS_GUARD))
$(BUILD)/careroom-uplink: $(call obj,$(UPLINK) $(JOURNAL) $(COMMON))
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,$(LIBS_UPLINK))
$(BUILD)/careroom-voice: $(call obj,$(VOICE) $(COMMON))
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,$(LIBS_VOICE))
$(BUILD)/careroomctl: $(call obj,$(CTL) $(JOURNAL) $(COMMON))
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,$(LIBS_CTL))

# Unit tests: each tests/unit/test_X.c is a cmocka program linked with everything but the daemons' mains and the real buses.
UNIT_LIB  := $(COMMON) $(CORE) $(JOURNAL) $(PARTS) $(SIM) $(GUARD) gateway/voice/choice.c $(PEOPLE)
UNIT_HELP := $(filter-out tests/unit/test_%.c,$(call src,tests/unit))
UNITS     := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(call obj,$(UNIT_HELP) $(UNIT_LIB))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,$(LIBS_GUARD) cmocka)
.PHONY: units
units: $(UNITS) bench-tools
# Whichever version is installed, both are tested: each over a library of the test's own.
$(BUILD)/obj/tests/unit/test_gpio_libgpiod1.o: ALL_CFLAGS += -Itests/unit/gpiod1
$(BUILD)/obj/tests/unit/test_gpio_libgpiod2.o: ALL_CFLAGS += -Itests/unit/gpiod2

# Fuzz targets (scripts/fuzz.sh): the same objects, seen by clang's fuzzer.
$(BUILD)/tests/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(call obj,$(UNIT_LIB))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(call libs,$(LIBS_GUARD))

# Everything compiled and nothing linked: what a second compiler has to say (make check does this with clang).
.PHONY: objects
objects: $(call obj,$(COMMON) $(CORE) $(JOURNAL) $(call src,gateway/guard) $(PEOPLE) $(UPLINK) $(CTL) $(VOICE) $(PARTS) $(REAL) $(SIM) $(call src,tests/unit tests/bench))

$(BUILD)/obj/sensors/bus/input_evdev.o $(BUILD)/obj/tests/unit/test_input_evdev.o $(BUILD)/obj/tests/board/keyboards.o: ALL_CFLAGS += $(shell $(PKG_CONFIG) --cflags libevdev)
$(BUILD)/obj/%.o: %.c VERSION
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
.SECONDARY:
-include $(shell [ -d $(BUILD)/obj ] && find $(BUILD)/obj -name '*.d')

# ---- The two commands for a fresh machine

.PHONY: demo check
demo:
	@exec env BUILD=$(BUILD) scripts/demo.sh
check:
	@scripts/check.sh

# ---- Parts of `make check`, for work in between

.PHONY: check-unit check-asan check-integration check-systemd
check-unit check-asan check-integration check-systemd:
	@scripts/check.sh $(@:check-%=%)

# ---- Other Debians, whatever this machine runs (as root; not part of make check)

.PHONY: check-trixie check-arm64
check-trixie check-arm64:
	@scripts/$(@:check-%=%).sh

# ---- The emulated board: the programs that are installed, on a real kernel (docs/board.md)

BOARD_TOOLS := $(addprefix $(BUILD)/board/board-,i2c-chips keyboards pulses serial-modules stopwatch)
BOARD_PARTS := $(BOARD_TOOLS) $(addprefix $(BUILD)/board/,powerless_disk.so no_sync.so)
.PHONY: check-board board-parts
check-board:
	@exec env BUILD=$(BUILD) scripts/board.sh
board-parts: $(addprefix $(BUILD)/,careroomd careroom-uplink careroomctl) $(BOARD_PARTS)
BOARD_WORLD := $(call obj,tests/board/world.c gateway/guard/catalogue.c $(COMMON) $(PARTS) $(SIM))
$(BUILD)/board/board-i2c-chips: $(BUILD)/obj/tests/board/i2c_chips.o $(BOARD_WORLD)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,fuse3 $(LIBS_GUARD))
$(BUILD)/board/board-serial-modules: $(BUILD)/obj/tests/board/serial_modules.o $(BOARD_WORLD)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,$(LIBS_GUARD))
$(BUILD)/board/board-keyboards: $(BUILD)/obj/tests/board/keyboards.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,libevdev)
$(BUILD)/board/board-%: $(BUILD)/obj/tests/board/%.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^
$(BUILD)/board/%.so: tests/board/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -shared $(LDFLAGS) -o $@ $<

# ---- Figures, each beside a baseline of the same run (tests/bench/bench.py)

BENCH_TOOLS := $(patsubst tests/bench/%.c,$(BUILD)/bench/bench-%,$(call src,tests/bench))
.PHONY: bench bench-tools
bench:
	@exec env BUILD=$(BUILD) scripts/bench.sh
bench-tools: $(BENCH_TOOLS)
# These two are compared with: nothing else is in them.
$(BUILD)/bench/bench-bare: $(call obj,tests/bench/bare.c gateway/common/clock.c)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^
$(BUILD)/bench/bench-once_a_second: $(call obj,tests/bench/once_a_second.c)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,libsystemd)
$(BUILD)/bench/bench-%: $(BUILD)/obj/tests/bench/%.o $(call obj,$(UNIT_LIB))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(call libs,$(LIBS_GUARD))

.PHONY: fuzz
fuzz:
	@scripts/setup.sh fuzz
	@scripts/fuzz.sh

.PHONY: format lint
SOURCES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')
format:
	clang-format -i $(SOURCES)
lint:
	clang-format --dry-run -Werror $(SOURCES)
	if command -v shellcheck >/dev/null; then shellcheck -x scripts/*.sh tests/*.sh .ci/run; fi
	scripts/check.sh structure

# ---- Installation. The simulation is never installed: a board that guards a room has no way to fake smoke.

PREFIX  ?= /usr
DESTDIR ?=
INSTALL := install
.PHONY: install
install: all
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d \
	    $(DESTDIR)$(PREFIX)/lib/tmpfiles.d $(DESTDIR)$(PREFIX)/lib/udev/rules.d $(DESTDIR)$(PREFIX)/lib/modules-load.d \
	    $(DESTDIR)$(PREFIX)/share/doc/careroom/examples $(DESTDIR)$(PREFIX)/share/careroom/presets
	$(INSTALL) -m 755 $(addprefix $(BUILD)/,careroomd careroom-uplink careroom-voice careroomctl) $(DESTDIR)$(PREFIX)/bin
	for unit in careroomd.service careroom-uplink.service careroom-voice.service; do \
	    sed 's|=/usr/bin/|=$(PREFIX)/bin/|' systemd/$$unit > $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit || exit 1; \
	    chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit; done
	$(INSTALL) -m 644 systemd/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/careroom.conf
	$(INSTALL) -m 644 systemd/tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/careroom.conf
	$(INSTALL) -m 644 systemd/modules-load.conf $(DESTDIR)$(PREFIX)/lib/modules-load.d/careroom.conf
	$(INSTALL) -m 644 systemd/60-careroom.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/60-careroom.rules
	$(INSTALL) -m 644 LICENSE README.md docs/install.md $(DESTDIR)$(PREFIX)/share/doc/careroom
	$(INSTALL) -m 644 $(wildcard config/presets/*.yaml) $(DESTDIR)$(PREFIX)/share/careroom/presets
	$(INSTALL) -m 755 scripts/phrases.sh $(DESTDIR)$(PREFIX)/share/careroom
	$(INSTALL) -m 644 $(wildcard config/*.yaml) $(DESTDIR)$(PREFIX)/share/doc/careroom/examples

.PHONY: clean help
clean:
	rm -rf $(BUILD)
help:
	@echo "make                    build/careroomd, careroomd-sim, careroom-uplink, careroom-voice, careroomctl"
	@echo "make demo [DEMO_S=20]   installs what is missing, builds, shows a simulated room (Ctrl-C ends it)"
	@echo "make check              installs what is missing, builds, runs every test that needs no board"
	@echo "make check-unit         unit tests; check-asan: the same with sanitizers; check-integration: between processes;"
	@echo "                        check-systemd: units, users, folders"
	@echo "make check-board        the real programs on a real kernel in qemu, and power cuts (docs/board.md)"
	@echo "make bench [BENCH=latency] figures beside baselines of the same run: alarm latency, journal, uplink, memory, CPU, disk"
	@echo "make fuzz [FUZZ_S=60]   every fuzz target for so many seconds"
	@echo "make check-trixie       built and tested on Debian 13, in a folder; check-arm64: cross-built, tested in qemu (both as root)"
	@echo "make install DESTDIR= PREFIX=/usr"
	@echo "make format | lint | clean"
