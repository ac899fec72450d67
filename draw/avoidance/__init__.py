"""Avoidance 回避: who must not evaluate, by published rules, as findings with reasons."""
