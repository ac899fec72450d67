"""The evaluation room: opened over a booked draw, kept as events, led live, recorded, anchored in the log."""
