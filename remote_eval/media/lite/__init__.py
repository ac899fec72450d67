"""The embedded engine: one UDP port, ICE-lite, DTLS-SRTP, RTP forwarded without decoding."""
