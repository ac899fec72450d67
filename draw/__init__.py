"""Drawing experts 抽取: given a snapshot, rules and a seed, who sits? Pure functions; no clock, chance or I/O
here."""
