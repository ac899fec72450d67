"""The roster: custody by threshold, tiers, openings."""
