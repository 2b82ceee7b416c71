"""Settings that all tests share."""

from hypothesis import HealthCheck, settings

# Machines are shared and noisy: slowness is not what a property is about.
settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100
)
settings.load_profile("default")
