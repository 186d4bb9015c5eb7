# Everything starts here: each target sets up .venv/ first, and a second run installs nothing.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PY := .venv/bin/python
STAMP := .venv/.installed
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

export PHOTO
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export OMP_NUM_THREADS ?= $(CORES)

.PHONY: help demo test test-pyside6 lint wheel wheel-check sbom audit licences faults ground-truth-generator clean distclean system-packages test-packages

help:
	@echo "make demo [PHOTO=eye.jpg]   explain a photograph: in a napari window, or to files in demo_output/ without a display"
	@echo "make test [ARGS='-k name']  run all tests (under Xvfb where it is installed)"
	@echo "make test-pyside6           the tests of the window with PySide6 instead of PyQt6"
	@echo "make lint                   ruff, mypy and the import contracts"
	@echo "make wheel                  build the wheel into dist/ (the same commit gives the same bytes)"
	@echo "make wheel-check            build sdist and wheel twice, compare the bytes, look at what is in the wheel"
	@echo "make sbom                   build the wheel and list what it needs in dist/sbom.cdx.json (CycloneDX)"
	@echo "make audit                  look up known vulnerabilities of all installed packages"
	@echo "make licences               check that the base needs nothing under the GPL, and list all licences in the docs"
	@echo "make faults [ARGS='--seconds 9']  spoil what is read, strike what is written; counts crashes and losses"
	@echo "make ground-truth-generator train the small generator of simulated eyes, for benchmarks/ground_truth.py"
	@echo "make clean                  remove what was built and written (distclean: .venv too)"

$(STAMP): pyproject.toml constraints.txt tools/environment.sh
	@tools/environment.sh
	@touch $@

system-packages:
	@tools/system_packages.sh || true

test-packages:
	@tools/test_packages.sh || true

demo: $(STAMP) system-packages
	@if [ -n "$${DISPLAY:-}" ] && ! $(PY) tools/check_display.py; then \
	  echo "The display $$DISPLAY can't be opened: going on without a window." >&2; unset DISPLAY; \
	fi; \
	QT_API=$${QT_API:-pyqt6} .venv/bin/latent-explain demo $${PHOTO:+"$$PHOTO"}

test: $(STAMP) system-packages test-packages
	@QT_API=pyqt6 tools/run_tests.sh $(ARGS)

test-pyside6: $(STAMP) system-packages
	@QT_API=pyside6 tools/run_tests.sh tests/test_qt $(ARGS)

lint: $(STAMP)
	@failed=0; \
	for check in "ruff check ." "ruff format --check ." "mypy" "lint-imports"; do \
	  echo "== $$check"; .venv/bin/$$check || failed=1; \
	done; exit $$failed

wheel: $(STAMP)
	@tools/build.sh --wheel && ls -l dist

wheel-check: $(STAMP)
	@$(PY) tools/wheel_check.py

sbom: wheel
	@tools/release_environment.sh && $(PY) tools/sbom.py "$$(ls -t dist/*.whl | head -n 1)" --tools build/release

audit: $(STAMP)
	@tools/release_environment.sh && $(PY) tools/audit.py --pip-audit build/release/bin/pip-audit $(ARGS)

licences: $(STAMP)
	@$(PY) tools/licences.py --check && $(PY) tools/licences.py --write docs/supply-chain.md

faults: $(STAMP) system-packages test-packages
	@QT_API=pyqt6 $(PY) tools/faults.py $(ARGS)

ground-truth-generator: $(STAMP)
	@$(PY) benchmarks/ground_truth.py --train

clean:
	rm -rf build dist demo_output .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find src tests benchmarks examples tools -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv
