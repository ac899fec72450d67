"""Tests of site gateways: greeting, channel, configuration."""
