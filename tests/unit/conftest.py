"""Hypothesis profiles: quick for every run, thorough for HYPOTHESIS_PROFILE=thorough."""

import os

from hypothesis import HealthCheck, Phase, settings

# Time is no measure here: the first example of a test pays for imports and time zone files.
settings.register_profile(
    "quick", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=3000)
settings.register_profile(  # for `make mutate`: the first example that fails is enough
    "mutation",
    parent=settings.get_profile("quick"),
    max_examples=25,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
