# SPDX-License-Identifier: Apache-2.0
# The ways to build, run, test and check Lamina, each by name. The work itself is in CMake and tools/.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

#: where `make install` installs
PREFIX ?= /usr/local
#: where `make serve` listens
ADDR ?= 127.0.0.1:5000
#: the folder that `make serve` keeps its content in
DATA ?= data
#: seconds that `make fuzz` gives each fuzzer
FUZZ_SECONDS ?= 60

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nVariables:\n'
	@awk '/^#: / { text = substr($$0, 4); getline; printf "  %-31s %s\n", $$1 "=" $$3, text }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## Install what a build needs and is missing (Debian 12)
	@tools/install-deps.sh build

.PHONY: build
build: deps ## Build the release program: build/release/bin/lamina
	@cmake --preset release >/dev/null
	@cmake --build --preset release

.PHONY: run
run: build ## Publish a sample, find it, pull it and verify it against a registry of its own
	@tools/demo.sh build/release/bin/lamina

.PHONY: serve
serve: build ## Keep a registry running on ADDR with its content in DATA
	@exec build/release/bin/lamina serve --addr $(ADDR) --data $(DATA)

.PHONY: test
test: ## Build and run every test; ends with `N passed, N failed`
	@tools/install-deps.sh build test
	@tools/test.sh

.PHONY: conformance
conformance: build ## Run the official OCI conformance suite in all modes
	@tools/install-deps.sh test
	@LAMINA=build/release/bin/lamina tests/conformance/run

.PHONY: interop
interop: build ## Run unmodified clients (oras, crane, regctl, skopeo, Helm, cosign, flux) against Lamina
	@tools/install-deps.sh test
	@LAMINA=build/release/bin/lamina tests/interop/run

.PHONY: system
system: build ## Test Lamina as a whole: real input, crashes, refused starts, bad clients
	@tools/install-deps.sh test
	@LAMINA=build/release/bin/lamina tests/system/run

.PHONY: e2e
e2e: build ## Test Lamina in a Kubernetes cluster of its own, with Flux; takes the cluster down
	@tools/install-deps.sh test
	@cmake --build --preset release --target kube_check
	@LAMINA=build/release/bin/lamina tests/e2e/run

.PHONY: bench-memory
bench-memory: build ## Measure memory while sixteen 1 GiB blobs move (33 GiB below TMPDIR)
	@LAMINA=build/release/bin/lamina bench/memory.py

.PHONY: bench-start
bench-start: build ## Measure the time to ready, empty and with 100,000 artifacts (1 GiB below TMPDIR)
	@LAMINA=build/release/bin/lamina bench/start.py

.PHONY: bench-controller
bench-controller: build ## Measure what the controller costs with 10,000 objects in a Kubernetes cluster
	@tools/install-deps.sh test
	@LAMINA=build/release/bin/lamina bench/controller.py

.PHONY: unit
unit: deps ## Build and run the unit tests only
	@tools/unit_tests.sh dev

.PHONY: asan
asan: deps ## Run the unit tests with the address and undefined-behaviour sanitizers
	@tools/unit_tests.sh asan

.PHONY: tsan
tsan: deps ## Run the tests of concurrent modules with the thread sanitizer
	@tools/unit_tests.sh tsan

.PHONY: coverage
coverage: ## Run the unit tests and report line coverage: build/coverage/report.txt
	@tools/install-deps.sh build coverage
	@tools/unit_tests.sh coverage
	@gcovr --root . --filter src/ --filter include/ --exclude '.*_test\.cc' --exclude '.*/testing/.*' \
	  --exclude-throw-branches --output build/coverage/report.txt build/coverage
	@tail -n 4 build/coverage/report.txt

.PHONY: fuzz
fuzz: ## Run each fuzzer for FUZZ_SECONDS
	@tools/install-deps.sh build check
	@tools/fuzz.sh $(FUZZ_SECONDS)

.PHONY: check
check: ## Check format, clang-tidy on the whole tree, includes, headers, licence lines, file lengths
	@tools/install-deps.sh build check
	@tools/check.sh

.PHONY: format
format: ## Rewrite the C++ sources by .clang-format
	@tools/install-deps.sh check
	@git ls-files -z '*.cc' '*.h' | xargs -0 clang-format-19 -i

.PHONY: install
install: build ## Install the program, the library and its headers below PREFIX
	@cmake --install build/release --prefix $(PREFIX)

.PHONY: clean
clean: ## Remove everything that was built
	@rm -rf build
