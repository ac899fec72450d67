"""Delivery: outbox, timers, reports of gateways, notices."""
