# `make try` and `make test` do everything on a new machine that has a Swift toolchain.

MODEL  ?= models/bpe.poem
PROMPT ?= Once upon a midnight dreary
# The recipes read these from the environment, so that no quotation mark in them means anything.
export MODEL PROMPT

PREFIX  ?= /usr/local
export PREFIX DESTDIR

.PHONY: help try test build release install uninstall docs format lint bench setup

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

try: setup ## set-up, release build, text from models/bpe.poem (MODEL=, PROMPT=)
	@test -f "$$MODEL" || { echo "make try: there is no model at $$MODEL; train one with poe-train, or name another: make try MODEL=FILE" >&2; exit 1; }
	swift build -c release --product poe-run
	@.build/release/poe-run "$$MODEL" -p="$$PROMPT" -n 200 --seed 1

test: setup ## set-up, all tests, in a release build
	swift test -c release

build: setup ## release build of every command, in .build/release
	swift build -c release

release: setup ## the commands as they are handed out, with manuals, in .build/dist
	scripts/build-release.sh

# After `make release`, `sudo make install` builds nothing: root may have no Swift.
.build/dist/built: Package.swift $(shell find Sources -type f) scripts/build-release.sh scripts/make-manuals
	$(MAKE) release

install: .build/dist/built ## commands, manuals, models under PREFIX=/usr/local (DESTDIR=)
	@scripts/install.sh install

uninstall: ## take away what make install put there
	@scripts/install.sh uninstall

docs: setup ## the library's documentation as web pages, in .build/docs
	scripts/make-docs.sh

format: ## lay the source out
	swift format --in-place --recursive Package.swift Sources Tests

lint: ## check the layout of the source, the import graph, and the repository's files
	swift format lint --strict --recursive Package.swift Sources Tests
	.ci/check-imports
	.ci/check-files

bench: setup ## measure this machine: speed, memory, file sizes
	swift build -c release --product poe-run
	swift build -c release --product poe-bench
	.build/release/poe-bench "$$MODEL"

setup:
	@scripts/setup
