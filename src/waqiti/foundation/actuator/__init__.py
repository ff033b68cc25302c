"""What operators ask every service: is it well, what does it count, how is it set."""

from waqiti.foundation.actuator.health import Check, Health

__all__ = ["Check", "Health"]
