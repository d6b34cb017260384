"""What all tests share: a slow machine makes no test fail."""

from hypothesis import HealthCheck, settings

settings.register_profile("depcheck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("depcheck")
