# ikev1d - build, test, install.  `make help` lists the targets.
# SPDX-License-Identifier: BSD-2-Clause
#
# Sources are found by wildcard: a room is a folder of src/, a test a file of tests/unit/ROOM/.
#   V=1              show the commands
#   ROOMS="base ..." build and test these rooms only
#   B=DIR            build there instead of in build/ (two makes at once need two folders)
#   WERROR=          warnings stay warnings (a git checkout makes them errors)

VERSION     = 0.1.0
PREFIX      = /usr/local
sbindir     = $(PREFIX)/sbin
mandir      = $(PREFIX)/share/man
docdir      = $(PREFIX)/share/doc/ikev1d
sysconfdir  = /etc
unitdir     = $(PREFIX)/lib/systemd/system
sysusersdir = $(PREFIX)/lib/sysusers.d

RUN_PACKAGES = gcc make pkg-config libssl-dev libevent-dev libconfig-dev libjansson-dev \
	libsystemd-dev uthash-dev
TEST_PACKAGES = clang clang-format libclang-rt-14-dev python3 iproute2 nftables mandoc tshark tcpdump \
	rsyslog valgrind iputils-ping procps strongswan-swanctl charon-systemd \
	strongswan-starter strongswan-charon \
	libstrongswan-standard-plugins libstrongswan-extra-plugins libcharon-extra-plugins
MODULES = libcrypto libevent libevent_pthreads libconfig jansson libsystemd

# --- how to compile: B is the build folder, O the variant's folder in it ---
B       = build
O       = $(B)
SAN     =
CLANG   = clang
ifeq ($(origin CC),default)
CC      = gcc
endif
WERROR  = $(if $(wildcard .git),-Werror)
WARN    = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
	-Wformat=2
FORTIFY := $(shell test "$$($(CC) -dumpversion 2>&1 | sed 's/\..*//')" -ge 12 2>/dev/null && \
	echo 3 || echo 2)
CFLAGS  = -O2 -g
HARDEN  = $(if $(SAN),-O1 -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all, \
	-D_FORTIFY_SOURCE=$(FORTIFY) -fstack-protector-strong -fstack-clash-protection -fPIE)
LINK    = $(if $(SAN),-fsanitize=$(SAN),-pie -z relro -z now)
PKG     := $(shell pkg-config --cflags $(MODULES) 2>/dev/null)
LIBS    := $(shell pkg-config --libs $(MODULES) 2>/dev/null)
DEFINES = -D_GNU_SOURCE -DIKEV1D_VERSION=\"$(VERSION)\" -DIKEV1D_SYSCONFDIR=\"$(sysconfdir)\"
STD     = -std=gnu11 -pthread -Iinclude $(DEFINES) $(PKG) $(WARN) $(WERROR)
COMPILE = $(CC) $(CFLAGS) $(STD) $(HARDEN) $(CPPFLAGS)
LINKER  = $(CC) -pthread $(CFLAGS) $(LINK) -Wl,--as-needed $(LDFLAGS)
inc     = $(if $(filter tests/%,$<),-Itests -Isrc/$(notdir $(patsubst %/,%,$(dir $<))))
say     = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

# --- what there is ---
ROOMS   = $(notdir $(patsubst %/,%,$(wildcard src/*/)))
SRC     := $(foreach r,$(ROOMS),$(wildcard src/$r/*.c))
LIB     := $(filter-out src/cli/% src/daemon/main.c,$(SRC))
CLI     := $(filter-out src/cli/main.c,$(filter src/cli/%,$(SRC)))
TESTSRC := $(foreach r,$(ROOMS),$(wildcard tests/unit/$r/*.c)) \
	$(wildcard tests/tape/*.c tests/peer/*.c tests/fuzz/*.c tests/bench/*.c)
TESTS   := $(foreach t,$(TESTSRC),$(if $(filter test_%,$(notdir $t)),$t))
FUZZ    := $(filter tests/fuzz/fuzz_%,$(TESTSRC))
BENCH   := $(filter tests/bench/bench_%,$(TESTSRC))
HELP    := $(filter-out $(TESTS) $(FUZZ) $(BENCH),$(TESTSRC))
ALLC    := $(SRC) $(TESTSRC)
obj     = $(patsubst %.c,$(O)/obj/%.o,$(1))
PROGS   = $(if $(filter src/daemon/main.c,$(SRC)),$(O)/ikev1d) \
	$(if $(filter src/cli/main.c,$(SRC)),$(O)/ikev1ctl)
UNIT_BIN  = $(TESTS:tests/unit/%.c=$(O)/tests/%)
FUZZ_BIN  = $(FUZZ:tests/fuzz/%.c=$(O)/%)
BENCH_BIN = $(BENCH:tests/bench/%.c=$(O)/%)
ARCHIVES  = $(O)/libtest.a $(O)/libcli.a $(O)/libikev1d.a

# --- targets for people ---
SUB     = $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))
JOBS    := $(shell nproc 2>/dev/null || echo 2)
ASAN    = O=$(B)/asan SAN=address,undefined WERROR=
FUZZER  = O=$(B)/fuzz CC=$(CLANG) SAN=fuzzer-no-link,address,undefined WERROR=
FUZZ_SECONDS  = 60
BRIEF_SECONDS = 4
# Files made under sudo go back to the user who called it, so that a later plain make can write.
GIVE_BACK = if [ -n "$$SUDO_UID" ] && [ "$$(id -u)" = 0 ] && [ -d $(B) ]; then \
	chown -Rh "$$SUDO_UID:$$SUDO_GID" $(B); fi
WITH_GIVE_BACK = trap : INT TERM; trap '$(GIVE_BACK)' EXIT;
export PYTHONDONTWRITEBYTECODE = 1

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all help run check check-unit check-lint check-fuzz check-netns check-clang asan fuzz
.PHONY: bench lint format install uninstall clean deps deps-check progs units fuzzers benches FORCE
all: progs
	@$(GIVE_BACK)
help:
	@sed -n 's/^\.PHONY: //; s/ progs.*//; /^all help\|^bench lint/p; 4,9s/^#//p' Makefile
run: deps
	@+$(SUB) all
	@exec $(O)/ikev1d --builtin
UNIT_RUN  = --limit 120 $(TESTS:tests/unit/%.c=$(B)/asan/tests/%)
LINT_RUN  = --limit 120 $(filter-out %/tree.py,$(wildcard tests/lint/*.sh tests/lint/*.py))
FUZZ_RUN  = --limit $(shell expr $(1) + 120) \
	$(foreach f,$(FUZZ:tests/fuzz/%.c=$(B)/fuzz/%),"tests/fuzz/run.py $(1) $f")
NETNS_RUN = --limit 600 --jobs 1 $(wildcard tests/netns/run.py)
RUNNER    = IKEV1D_BUILD=$(B)/asan python3 tests/run.py --jobs $(JOBS)

check: deps deps-check
	@+$(WITH_GIVE_BACK) $(SUB) WERROR=-Werror all check-clang && $(SUB) $(ASAN) progs units && \
	$(SUB) $(FUZZER) fuzzers && \
	$(RUNNER) $(UNIT_RUN) $(LINT_RUN) $(call FUZZ_RUN,$(BRIEF_SECONDS)) $(NETNS_RUN)

check-unit:
	@+$(WITH_GIVE_BACK) $(SUB) $(ASAN) units && $(RUNNER) $(UNIT_RUN)
check-lint lint:
	@$(RUNNER) $(LINT_RUN)
check-fuzz fuzz:
	@+$(WITH_GIVE_BACK) $(SUB) $(FUZZER) fuzzers && \
	$(RUNNER) $(call FUZZ_RUN,$(if $(filter fuzz,$@),$(FUZZ_SECONDS),$(BRIEF_SECONDS)))
check-netns:
	@+$(WITH_GIVE_BACK) $(SUB) $(ASAN) progs && $(RUNNER) $(NETNS_RUN)
check-clang: $(ALLC:%.c=$(O)/clang/%.ok)

asan:
	@+$(WITH_GIVE_BACK) $(SUB) $(ASAN) progs units
bench:
	@+$(WITH_GIVE_BACK) $(SUB) all benches && IKEV1D_BUILD=$(B) python3 tests/bench/run.py
format:
	@python3 tests/lint/format.py --fix

deps:
	@sh tests/deps.sh $(RUN_PACKAGES)
deps-check:
	@sh tests/deps.sh $(TEST_PACKAGES)
clean:
	rm -rf $(B)

# --- installing: DESTDIR and the folders at the head may be given ---
SUBST = sed -e 's,@sbindir@,$(sbindir),g' -e 's,@sysconfdir@,$(sysconfdir),g'
CONFIG = $(DESTDIR)$(sysconfdir)/ikev1d/ikev1d.conf
install: all
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(unitdir) $(DESTDIR)$(sysusersdir) \
	    $(DESTDIR)$(docdir)/examples $(DESTDIR)$(sysconfdir)/ikev1d
	install -m 0755 $(PROGS) $(DESTDIR)$(sbindir)
	$(SUBST) systemd/ikev1d.service >$(DESTDIR)$(unitdir)/ikev1d.service
	chmod 0644 $(DESTDIR)$(unitdir)/ikev1d.service
	install -m 0644 systemd/ikev1d.sysusers $(DESTDIR)$(sysusersdir)/ikev1d.conf
	for m in man/*.[0-9]; do d=$(DESTDIR)$(mandir)/man$${m##*.}/$${m##*/}; \
	    install -D -m 0644 /dev/null $$d && sed -e 's,/usr/local/share/doc/ikev1d,$(docdir),g' \
	    -e 's,/etc/ikev1d/,$(sysconfdir)/ikev1d/,g' $$m >$$d || exit 1; done
	for c in conf/*.conf README.md LICENSE; do [ -f "$$c" ] || continue; d=; \
	    case $$c in conf/*) d=examples/;; esac; \
	    install -m 0644 "$$c" $(DESTDIR)$(docdir)/$$d || exit 1; done
	[ -e $(CONFIG) ] || [ ! -f conf/ikev1d.conf ] || install -m 0640 conf/ikev1d.conf $(CONFIG)
	@# On the running system the daemon's user must exist and be able to read the file.
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ! command -v systemd-sysusers >/dev/null || \
	    { systemd-sysusers $(sysusersdir)/ikev1d.conf && chgrp ikev1d $(CONFIG); }
uninstall:
	rm -f $(DESTDIR)$(sbindir)/ikev1d $(DESTDIR)$(sbindir)/ikev1ctl \
	    $(DESTDIR)$(unitdir)/ikev1d.service $(DESTDIR)$(sysusersdir)/ikev1d.conf
	for m in man/*.[0-9]; do rm -f $(DESTDIR)$(mandir)/man$${m##*.}/$${m##*/}; done
	rm -rf $(DESTDIR)$(docdir)
	@[ ! -e $(CONFIG) ] || echo 'left in place: $(CONFIG)'

# --- targets for machines ---
progs: $(PROGS)
units: $(UNIT_BIN)
fuzzers: $(FUZZ_BIN)
benches: $(BENCH_BIN)
# Changed flags or a changed list of sources rebuild what depends on them.
$(O)/flags $(O)/members: FORCE
	@mkdir -p $(@D) 2>/dev/null; [ -w $(@D) ] || { echo "$(@D) is not writable, perhaps left by" \
	    "make under sudo: sudo chown -R $$(id -un) $(B)" >&2; exit 1; }
	@pkg-config --print-errors --exists $(MODULES) || { echo 'try: sudo make deps' >&2; exit 1; }
	@printf '%s\n' '$(if $(filter %/flags,$@),$(COMPILE) $(LINKER) $(LIBS),$(LIB) $(CLI) $(HELP))' \
	    >$@.new; if cmp -s $@.new $@; then rm -f $@.new; else mv -f $@.new $@; fi
$(O)/obj/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(COMPILE) $(inc) -MMD -MP -c -o $@ $<
$(O)/clang/%.ok: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CLANG,$<)$(CLANG) $(STD) -Werror $(inc) -fsyntax-only -MMD -MP -MT $@ -MF $(@:.ok=.d) $<
	@touch $@
$(O)/libikev1d.a: $(call obj,$(LIB)) $(O)/members
$(O)/libcli.a:    $(call obj,$(CLI)) $(O)/members
$(O)/libtest.a:   $(call obj,$(HELP)) $(O)/members
$(ARCHIVES):
	@rm -f $@
	$(call say,AR,$@)$(AR) qcs $@ $(filter %.o,$^)
$(O)/ikev1d: $(O)/obj/src/daemon/main.o $(O)/libikev1d.a
$(O)/ikev1ctl: $(O)/obj/src/cli/main.o $(O)/libcli.a $(O)/libikev1d.a
$(UNIT_BIN): $(O)/tests/%: $(O)/obj/tests/unit/%.o $(ARCHIVES)
$(BENCH_BIN): $(O)/%: $(O)/obj/tests/bench/%.o $(ARCHIVES)
$(FUZZ_BIN): $(O)/%: $(O)/obj/tests/fuzz/%.o $(ARCHIVES)
$(FUZZ_BIN): LINK = -fsanitize=$(SAN:fuzzer-no-link%=fuzzer%)
# These make allocations fail, and look at what is freed.
$(O)/tests/ike/test_nomem: LINK += $(foreach f,malloc calloc realloc strdup,-Wl,--wrap=$f)
$(O)/tests/ike/test_diagnose: LINK += -Wl,--wrap=free
$(PROGS) $(UNIT_BIN) $(BENCH_BIN) $(FUZZ_BIN):
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(LINKER) -o $@ $^ $(LIBS) -lm
-include $(patsubst %.o,%.d,$(call obj,$(ALLC))) $(ALLC:%.c=$(O)/clang/%.d)
