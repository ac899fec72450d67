# One target per gate, in the order in which they run; `make check` runs all, as `./run test` does.
# tests/__main__.py holds the commands.
GATES = format lint types contracts web-types web-tests alone unit integration e2e vectors
RUN = ./run test

.PHONY: check $(GATES) coverage flips simulation points storm demo fix pins bench-packages bench

check:
	$(RUN)

$(GATES):
	$(RUN) $@

# Lines and branches that no test reaches.
coverage:
	.venv/bin/python -m coverage run -m pytest -q tests
	.venv/bin/python -m coverage combine --quiet
	.venv/bin/python -m coverage report

demo:
	./run demo

# What the formatter and the linter can mend by themselves.
fix:
	.venv/bin/python -m ruff check --fix
	.venv/bin/python -m ruff format

# After a change of dependencies in pyproject.toml.
pins:
	requirements/compile

# Every single-bit flip of a bundle in both verifiers: about half an hour.
flips:
	QIANTONG_FLIPS=all .venv/bin/python -m pytest -q -o faulthandler_timeout=0 \
		tests/integration/test_verifiers_agree.py -k flipped

# Campaigns in a town of 603 people, every bundle verified, with the audit of fairness: DRAWS=1000 takes the better
# part of an hour.
DRAWS = 40
TOWNS = 2

simulation:
	PYTHONPATH=. .venv/bin/python benchmarks/campaigns.py --draws $(DRAWS) --towns $(TOWNS)

# kill -9 at every point from the request of a campaign to the open room, each once over the two engines: minutes.
points:
	QIANTONG_POINTS=all .venv/bin/python -m pytest -q -o faulthandler_timeout=0 \
		tests/integration/test_campaign_kill.py tests/integration/test_kill_after_answers.py

# Five thousand invitations of campaigns through a carrier that fails three times in ten, on each engine; three servers,
# each a process, are killed with SIGKILL at random moments, five hundred times. QIANTONG_STORM says how many are asked.
storm:
	QIANTONG_STORM=$${QIANTONG_STORM:-5000} .venv/bin/python -m pytest -q -s -o faulthandler_timeout=0 \
		tests/integration/test_campaign_storm.py

# The libraries that benchmarks/ compares with.
bench-packages:
	uv pip install --python .venv/bin/python --require-hashes -r requirements/bench.txt

# Every figure of benchmarks/README.md, the better part of an hour; `make bench-packages` first.
MEDIA_BENCHMARKS = rooms soak long_room long_cut long_cut_page recorder voice impairment drift
BENCHMARKS = draw_selection seal verification seat_page pool_import api_draws $(MEDIA_BENCHMARKS)

bench:
	@for name in $(BENCHMARKS); do PYTHONPATH=. .venv/bin/python benchmarks/$$name.py || exit 1; done
