"""Why a request is where it is: each decision and attempt in order, in words."""
