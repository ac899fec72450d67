"""Tables of invitations: campaigns, letters, approvals, ladder steps. Conventions: `app.store.tables`."""
