"""How property tests draw: the same in every run, unless `make fuzz` or HYPOTHESIS_PROFILE says otherwise."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None, print_blob=True)
settings.register_profile("fuzz", settings.get_profile("random"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
