"""The committee's voice as a bidder hears it (R28): one channel, own excitation, moved formants.

See docs/adr/0016-committee-voice.md for what is hidden and what is not.
"""
