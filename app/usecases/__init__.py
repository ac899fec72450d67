"""Use cases in the order of a draw: projects, pools, previews, draw_requests, ceremony, proofs; log."""
