"""Use cases, in the order of a draw's journey: projects, pools, previews, draw_requests, ceremony, proofs; log."""
