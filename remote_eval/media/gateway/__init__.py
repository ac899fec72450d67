"""The site gateway: a media engine at a site's edge, one copy of each track between it and the hub."""
