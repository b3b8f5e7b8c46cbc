# Targets with a `##` line are shown by `make help`.
SHELL = /bin/sh
prefix = /usr
DESTDIR =
# multi: one program and links to it. separate: a program for each command.
LAYOUT = multi
SWIFT = swift
SECONDS = 60
SEEDS = 20
KILLS = 20
PYTHON = /usr/bin/python3
# The release build carries the Swift runtime and looks for nothing in the toolchain's folders.
RELEASE = -c release --static-swift-stdlib -Xswiftc -no-toolchain-stdlib-rpath --disable-local-rpath
# Nothing of the folder that it is built in is left in it, so that two builds are equal.
RELEASE += -Xswiftc -file-prefix-map -Xswiftc $(CURDIR)=. -Xcc -ffile-prefix-map=$(CURDIR)=. -Xlinker --build-id=none
# Installs what is missing, or says how. Where a package is built, Debian's tools see to that.
DEPENDENCIES = scripts/dependencies
STRIPPED = .build/stripped
STATIC = .build/static
# Archives are searched once, in order: those that libxml2 needs come again at the end.
ARCHIVES = -Xlinker --as-needed -Xlinker -lz -Xlinker -llzma
BUILD = PKG_CONFIG_PATH=$(CURDIR)/$(STATIC) $(SWIFT) build $(RELEASE) $(ARCHIVES)

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

.PHONY: build
build: ## Build the release programs (LAYOUT=separate: one for each command)
	@$(DEPENDENCIES) build
	@mkdir -p $(STRIPPED)
	@scripts/static-libraries $(STATIC)
ifeq ($(LAYOUT),separate)
	$(BUILD)
	for name in cistern $$(scripts/commands); do scripts/strip .build/release/$$name $(STRIPPED)/$$name; done
else
	$(BUILD) --product cistern
	scripts/strip .build/release/cistern $(STRIPPED)/cistern
endif

# What is installed, with the places at which the crash tests stop it.
.PHONY: programs
programs: ## Build what the tests run, into .build/programs
	@scripts/dependencies build
	@scripts/static-libraries $(STATIC)
	$(BUILD) -Xswiftc -DFAULT_POINTS --scratch-path .build/tested --product cistern
	@mkdir -p .build/programs
	scripts/strip .build/tested/release/cistern .build/programs/cistern
	@for name in $$(scripts/commands); do ln -sf cistern .build/programs/$$name; done

.PHONY: quickstart
quickstart: ## Build, install under ./out and run the main job on a real disk image
	@scripts/dependencies build quickstart
	@$(MAKE) --no-print-directory build
	@scripts/install multi $(STRIPPED) "$(CURDIR)/out/usr"
	@scripts/quickstart "$(CURDIR)/out"

.PHONY: check
check: ## Run every tier of the tests that this machine can run
	@scripts/dependencies build test
	@scripts/dependencies guest || echo 'check: the guest tier will be skipped'
	@scripts/check lint unit golden real crash interop guest

.PHONY: test-unit
test-unit: ## Run the unit tests (no privileges)
	@scripts/check unit

.PHONY: test-golden
test-golden: ## Compare every command's exact output, errors and status (no privileges)
	@scripts/check golden

.PHONY: test-real
test-real: ## Run the commands on loop-mounted XFS, Btrfs and ext4 (root)
	@scripts/check real

.PHONY: test-crash
test-crash: ## Kill the commands before each change they make, and check what is left
	@scripts/check crash

.PHONY: test-interop
test-interop: ## Compare with virsh and libvirt's schemas (root, libvirt 9)
	@scripts/check interop

.PHONY: check-guest
check-guest: ## Run the engines that need a kernel of their own in QEMU guests (docs/guest.md)
	@scripts/dependencies build test guest
	@scripts/check guest

.PHONY: fuzz
fuzz: ## Throw inputs at what reads foreign bytes, a minute for each target (SECONDS=60)
	@scripts/dependencies build
	@scripts/fuzz --seconds=$(SECONDS)

.PHONY: test-interop-long
test-interop-long: ## Compare with virsh what takes minutes of processor time, too (root, libvirt 9)
	@$(MAKE) --no-print-directory programs
	@CISTERN_LONG=1 scripts/tier interop -k long

.PHONY: alternation
alternation: ## Let this program and Qubes' drivers take turns on one pool, for many seeds (SEEDS=20; root)
	@$(MAKE) --no-print-directory programs
	@CISTERN_SEEDS=$(SEEDS) CISTERN_STEPS=300 scripts/tier real -k test_alternation

.PHONY: storms
storms: ## Kill every command that changes something at random instants (KILLS=20 for each, on each layout; root)
	@$(MAKE) --no-print-directory programs
	@CISTERN_KILLS=$(KILLS) CISTERN_TIER_LIMIT=7200 scripts/tier crash -k 'killed_at_random or driver_cuts'

.PHONY: conformance-thin
conformance-thin: ## Run the whole conformance suite on thin pools in a guest (12 minutes where the guest is emulated)
	@scripts/dependencies build test guest
	@$(MAKE) --no-print-directory programs
	@CISTERN_ALL=1 CISTERN_TIER_LIMIT=3000 scripts/tier guest -k TestThinConformance

.PHONY: power-cuts
power-cuts: ## Cut the power at every flush of a session on a thin pool and on XFS (an hour where the guest is emulated)
	@scripts/dependencies build test guest
	@$(MAKE) --no-print-directory programs
	@CISTERN_ALL=1 CISTERN_TIER_LIMIT=9000 scripts/tier guest -s -k every_loss_of_power

.PHONY: failing-looks
failing-looks: ## Make each call by which a command looks at the machine, or changes it, fail in turn (an hour)
	@scripts/dependencies build test
	@$(MAKE) --no-print-directory programs
	@CISTERN_ALL=1 scripts/tier crash -k 'failing_looks or failing_changes'

.PHONY: crash-logical
crash-logical: ## Kill commands on logical volumes before each change they make (an hour where the guest is emulated)
	@scripts/dependencies build test guest
	@$(MAKE) --no-print-directory programs
	@CISTERN_ALL=1 CISTERN_TIER_LIMIT=6000 scripts/tier guest -k 'a_cut_leaves or a_kill_inside'

.PHONY: conformance-netfs
conformance-netfs: ## Run the whole conformance suite on NFS and CIFS in a guest (long where the guest is emulated)
	@scripts/dependencies build test guest
	@$(MAKE) --no-print-directory programs
	@CISTERN_ALL=1 CISTERN_TIER_LIMIT=3600 scripts/tier guest -k TestNetfsConformance

.PHONY: conformance-units
conformance-units: ## Run the whole conformance suite of volumes that change in place in guests: SCSI, iSCSI, multipath, logical
	@scripts/dependencies build test guest
	@$(MAKE) --no-print-directory programs
	@CISTERN_ALL=1 scripts/tier guest -k 'TestUnits or TestMaps or TestLinear'

.PHONY: check-deb
check-deb: ## Build the Debian package here and in a clean Debian, compare, and take it through its life (minutes; root)
	@scripts/dependencies build test
	@scripts/check-deb

.PHONY: deb
deb: ## Build the Debian package from the sources as they are, into .build/debian/release
	@scripts/dependencies build package
	@scripts/build-deb release .build/debian/release

.PHONY: bench
bench: build ## Measure against virsh, cp and qemu-img; write bench/latest.md
	@$(PYTHON) Tests/Bench/bench.py --programs $(STRIPPED)

.PHONY: bench-guest
bench-guest: build ## Measure inside a guest; write bench/guest.md
	@scripts/dependencies build test guest
	@mkdir -p bench
	@scripts/guest --time=900 --memory=2048 --disk=4G --disk=4G -- $(PYTHON) -B Tests/Bench/guest.py \
	  --programs $(STRIPPED) >.build/guest.md && mv .build/guest.md bench/guest.md

.PHONY: lint
lint: ## Check the formatting of the Swift code, the shell scripts and the Python code
	@scripts/check lint

.PHONY: fmt
fmt: ## Format the Swift code
	$(SWIFT) format --in-place --parallel --recursive Sources Tests Package.swift

.PHONY: golden-update
golden-update: ## Rewrite the golden files from what the commands print now
	@$(MAKE) --no-print-directory programs
	@CISTERN_GOLDEN_UPDATE=1 scripts/tier golden

.PHONY: man
man: ## Rebuild the man pages and the README's table of pool types
	@$(SWIFT) build --product cistern
	@scripts/make-man --program .build/debug/cistern
	@scripts/make-pool-table --program .build/debug/cistern

.PHONY: version
version: ## Write the version of CHANGELOG.md's newest release into the program and debian/changelog
	@scripts/make-version

.PHONY: pictures
pictures: ## Draw the pictures of docs from the tables that the tests compare with the code
	@scripts/make-pictures

.PHONY: completions
completions: ## Rebuild the shell completions from the commands' own tables
	@$(SWIFT) build --product cistern
	@scripts/make-completions --program .build/debug/cistern

.PHONY: install
install: ## Install into $(DESTDIR)$(prefix); LAYOUT=separate for single files
	@$(MAKE) --no-print-directory build LAYOUT=$(LAYOUT)
	@scripts/install $(LAYOUT) $(STRIPPED) "$(prefix)" "$(DESTDIR)"

.PHONY: uninstall
uninstall: ## Remove what install placed
	@scripts/uninstall "$(prefix)" "$(DESTDIR)"

.PHONY: clean
clean: ## Remove everything built
	rm -rf .build out
