# The front door. `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help demo test test-asan test-dev tsan bench lint screenshots format run clean deps build-dev build-release

JOBS ?= $(shell nproc)
CONFIGURE = CMAKE_CXX_COMPILER_LAUNCHER=$$(command -v ccache || true) cmake --preset
BUILD = cmake --build --parallel $(JOBS) --preset
# Folders whose code runs on several threads; ThreadSanitizer looks at their unit tests.
THREADED := base net http nameserver feed edge store

help:
	@echo "make demo            the whole job on real parts on this machine; stays up until Ctrl-C"
	@echo "make demo CHECK=1    the same without a person: verifies each step from outside, exits 0 or 1"
	@echo "make test            installs what is missing, builds, runs all tests (also with AddressSanitizer)"
	@echo "make tsan            unit tests of the threaded folders under ThreadSanitizer"
	@echo "make bench BENCH=x   one benchmark; without BENCH: which there are"
	@echo "make lint            every check that reads the source; LINT=--no-tidy is quick, LINT=--all is slow"
	@echo "make screenshots     takes the pictures of docs/images anew"
	@echo "make format          formats the sources"
	@echo "make run ARGS=...    certwright serve on loopback with data in build/run"
	@echo "make clean           removes build/ except the fetched peers"

deps:
	@tools/install-deps build test lint
	@tools/peers

build-dev:
	@$(CONFIGURE) dev >/dev/null
	@$(BUILD) dev

build-release:
	@$(CONFIGURE) release >/dev/null
	@$(BUILD) release --target certwright

demo: deps build-release
	@tools/demo --binary build/release/src/app/certwright $(if $(CHECK),--check)

test: deps test-asan test-dev

test-asan:
	@$(CONFIGURE) asan >/dev/null
	@$(BUILD) asan --target unit_tests
	@ctest --preset asan -j$(JOBS)

test-dev: build-dev
	@ctest --preset dev -j$(JOBS)

tsan: deps
	@$(CONFIGURE) tsan >/dev/null
	@$(BUILD) tsan --target $(THREADED:%=%_test)
	@for folder in $(THREADED); do TSAN_OPTIONS=halt_on_error=1 build/tsan/src/$$folder/$${folder}_test --gtest_brief=1; done

bench:
	@tools/install-deps build test bench
	@tools/peers
	@tools/bench $(BENCH)

lint:
	@tools/install-deps build lint
	@tools/lint $(LINT)

screenshots: build-dev
	@tools/web ready
	@tools/screenshots --binary build/dev/src/app/certwright --folder build/screenshots

format:
	@tools/install-deps lint
	@find src tests bench fuzz \( -name '*.cc' -o -name '*.h' \) -type f -print0 | xargs -0 -r clang-format-19 -i

run: build-dev
	@mkdir -p build/run
	@build/dev/src/app/certwright serve --data build/run --config packaging/loopback.toml $(ARGS)

clean:
	@find build -mindepth 1 -maxdepth 1 ! -name peers -exec rm -rf {} +
