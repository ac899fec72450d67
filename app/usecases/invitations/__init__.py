"""Sealed invitations in the order of a campaign: start, letters, replies, replacement, ladder, moves."""
