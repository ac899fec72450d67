"""The independent verifier of draw proofs, version `qt/1` (docs/spec/draw-proof.md).

Written from the specification alone: it shares no code with the producer and imports nothing of this project
outside `draw.verify`. The entry point is `draw.verify.verifier.verify`; `python -m draw.verify BUNDLE` is its
shell. It decides whether a proof holds. It does not decide whether the four keys belong to whom they claim:
that is the trust file.
"""
