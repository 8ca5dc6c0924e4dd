# The two commands of a fresh machine are `make run` and `make test`. `make` alone explains the rest.
# Needed beforehand: Rust 1.95 or newer, a C compiler, make. See README.md.

SHELL := /bin/bash
.SHELLFLAGS := -Eeuo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Cargo uses all cores by itself; two targets at once would only wait for its lock.
.NOTPARALLEL:

CARGO ?= cargo
# Where the server of `make run` keeps its data, and further arguments for it.
DATA ?= ./data
ARGS ?=
# Tools for the documentation and the licences are built once, into the target folder.
TOOLS := $(or $(CARGO_TARGET_DIR),target)/tools
MDBOOK_VERSION := 0.5.4
CARGO_DENY_VERSION := 0.20.2
MDBOOK = $(or $(shell command -v mdbook),$(wildcard $(TOOLS)/bin/mdbook))
CARGO_DENY = $(or $(shell command -v cargo-deny),$(wildcard $(TOOLS)/bin/cargo-deny))
NEXTEST := $(shell command -v cargo-nextest)
# One run of the replay program per engine.
ENGINES := sqlite postgres

# Without a terminal (CI) cargo's progress bar is only noise.
ifdef CI
export CARGO_TERM_PROGRESS_WHEN := never
export CARGO_TERM_COLOR ?= never
endif

.PHONY: help
help: ## 显示本说明 | print this help
	@echo 'make <目标|target>'
	@awk -F ':.*## | \\| ' '/^[a-z-]+:.*## / { printf "  %-12s %s / %s\n", $$1, $$2, $$3 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## 构建并以开发模式启动（127.0.0.1:8700） | build, then start in development mode on 127.0.0.1:8700
	@scripts/build-pages.sh
	$(CARGO) build --locked --package lingpai-server --bin lingpai
	exec $(or $(CARGO_TARGET_DIR),target)/debug/lingpai serve --mode development --data $(DATA) $(ARGS)

.PHONY: release
release: ## 构建正式版 target/release/lingpai | build target/release/lingpai for production
	@scripts/build-pages.sh
	$(CARGO) build --locked --release --package lingpai-server --bin lingpai

.PHONY: test
test: ## 全部检查与测试（SQLite 与 PostgreSQL） | every check and test, on SQLite and PostgreSQL
	@scripts/install-test-deps.sh
	@scripts/build-pages.sh
	@$(MAKE) --no-print-directory fmt-check clippy links book
	@scripts/with-test-services.sh $(MAKE) --no-print-directory replay doc-tests unit-tests
	@$(MAKE) --no-print-directory sdk-test browser-tests

.PHONY: sdk-test
sdk-test: ## 测试 sdk/client、sdk/functions 与真实客户端 | test sdk/client, sdk/functions and real clients
	$(CARGO) build --locked --package lingpai-server --bin lingpai
	scripts/sdk-test.sh

.PHONY: bench
bench: ## 性能测试，结果写入 target/bench.json | benchmarks; prints a table, writes target/bench.json
	@scripts/install-test-deps.sh
	$(CARGO) build --locked --release --package lingpai-server --package lingpai-testkit --bins
	LINGPAI_TEST_SHARED_BUFFERS=$(or $(LINGPAI_TEST_SHARED_BUFFERS),1GB) scripts/with-test-services.sh \
		$(CARGO) run --locked --release --package lingpai-testkit --bin bench -- $(ARGS)

# How long, and which targets (all by default): make fuzz SECONDS_EACH=600 TARGETS=secure_envelope
SECONDS_EACH ?= 30
TARGETS ?=
.PHONY: fuzz
fuzz: ## 模糊测试（每个目标 SECONDS_EACH 秒，TARGETS 可指定目标） | fuzz each target for SECONDS_EACH seconds
	scripts/fuzz.sh $(SECONDS_EACH) $(TARGETS)

.PHONY: docs
docs: $(if $(MDBOOK),,$(TOOLS)/bin/mdbook) links ## 生成文档 docs/book 与 API 文档 | build the book (docs/book) and the API documentation
	$(or $(MDBOOK),$(TOOLS)/bin/mdbook) build docs
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps

.PHONY: reference
reference: ## 重新生成参考页 docs/src/reference | write the reference pages again
	mkdir -p docs/src/reference
	$(CARGO) run --locked --package lingpai-server --bin lingpai -- reference docs/src/reference

.PHONY: fmt
fmt: ## 格式化代码 | format the code
	$(CARGO) fmt --all

.PHONY: fmt-check
fmt-check: ## 检查格式 | check the format
	$(CARGO) fmt --all --check

.PHONY: lint
lint: fmt-check clippy links deny ## 格式、clippy、链接与许可证检查 | format, clippy, links and licences

.PHONY: clippy
clippy: ## clippy，警告即错误 | clippy, warnings are errors
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

.PHONY: deny
deny: $(if $(CARGO_DENY),,$(TOOLS)/bin/cargo-deny) ## 许可证、来源与依赖检查（离线可用） | licences, sources and bans (works offline)
	$(or $(CARGO_DENY),$(TOOLS)/bin/cargo-deny) --locked check licenses bans sources

.PHONY: advisories
advisories: $(if $(CARGO_DENY),,$(TOOLS)/bin/cargo-deny) ## 已知漏洞检查（需要网络） | known vulnerabilities (needs the network)
	$(or $(CARGO_DENY),$(TOOLS)/bin/cargo-deny) --locked check advisories

.PHONY: clean-data
clean-data: ## 删除开发数据（./data） | remove the development data
	rm -rf -- $(DATA)

# Parts of `make test`. `replay` and `unit-tests` need the services: scripts/with-test-services.sh make unit-tests

.PHONY: unit-tests
unit-tests:
ifneq ($(NEXTEST),)
	$(CARGO) nextest run --locked --workspace --all-targets $(ARGS)
else
	$(CARGO) test --locked --workspace --no-fail-fast --lib --bins --tests --examples $(ARGS)
endif

.PHONY: doc-tests
doc-tests:
	$(CARGO) test --locked --workspace --doc --quiet

.PHONY: replay
replay: $(ENGINES:%=replay-%)

.PHONY: $(ENGINES:%=replay-%)
$(ENGINES:%=replay-%): replay-%:
	$(CARGO) run --locked --quiet --package lingpai-testkit --bin replay -- conformance --engine $*

.PHONY: pages
pages: ## 构建登录页面（H5 与微信小程序） | build the hosted pages (H5 and mp-weixin)
	@scripts/build-pages.sh h5 mp-weixin

.PHONY: browser-tests
browser-tests: ## 登录页面的浏览器测试 | the hosted pages in a real browser
	@scripts/build-pages.sh
	$(CARGO) build --locked --package lingpai-server --bin lingpai
	@scripts/browser-tests.sh $(ARGS)

.PHONY: links
links:
	@scripts/check-links.sh

# The book is built where mdbook is at hand; `make docs` installs it.
.PHONY: book
book:
	@$(if $(MDBOOK),$(MDBOOK) build docs,echo 'mdbook is not installed: the book is not built here (make docs installs it)')

$(TOOLS)/bin/mdbook:
	$(CARGO) install --locked --root $(TOOLS) mdbook@$(MDBOOK_VERSION)

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install --locked --root $(TOOLS) cargo-deny@$(CARGO_DENY_VERSION)
