"""Drawn tests draw the same on every machine, and take the time that they take.

``pytest --hypothesis-profile=further`` draws what has not been drawn yet.
"""

from hypothesis import HealthCheck, settings

FURTHER = settings(
    settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=False
)

settings.register_profile("further", FURTHER)
settings.register_profile("same", settings(FURTHER, derandomize=True, database=None))
settings.load_profile("same")
