# What a newcomer runs. Each target sets up what it needs and says what it installs.
.PHONY: help setup demo test check types lint deps pure netns emulator guest docs clean

NODE = dist/node
BIN = node_modules/.bin
# The tests of a ring in parallel where they do not share processors that their guests need.
RUN = $(NODE) --test --test-reporter=spec

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## Debian packages, npm packages, the bundle
	@scripts/setup

demo: setup ## two microVMs on one LAN, measured, and nothing left behind
	@scripts/demo

check: types lint deps pure ## types, lint, format, dependency rules, pure and contract tests (under 15 s)

test: ## everything, on a machine that has nothing
	@scripts/setup test
	@$(MAKE) --no-print-directory check netns emulator guest

types:
	@$(NODE) $(BIN)/tsc -p .

lint:
	@$(BIN)/biome check --error-on-warnings .

deps:
	@$(NODE) $(BIN)/depcruise src --config .dependency-cruiser.mjs

pure:
	@$(RUN) 'src/**/*.test.ts' 'test/contract/*.test.ts'

netns: ## kernel edges and the Linux host, each file in a network namespace of its own
	@MICROLAN_REQUIRE=netns $(RUN) 'test/netns/*.test.ts'

emulator: ## the emulator's API, against real sockets and real TAPs
	@MICROLAN_REQUIRE=netns $(RUN) 'test/emulator/*.test.ts'

guest: ## real guests: the riddle, the matrix, faults
	@MICROLAN_REQUIRE=netns,guest $(RUN) --test-concurrency=1 'test/guest/*.test.ts'

docs: ## docs/errors.md and docs/cli.md, from the tables that the program itself uses
	@$(NODE) scripts/docs.ts

clean: ## what is built here; the cache of guest images stays
	rm -rf dist node_modules
