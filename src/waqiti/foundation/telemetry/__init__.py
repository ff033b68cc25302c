"""What a service tells about itself: logs, metrics, and the trace that ties a request together."""

from waqiti.foundation.telemetry.logs import configure_logs, logger
from waqiti.foundation.telemetry.metrics import Figure, counter, exposition, figure, gauge, histogram
from waqiti.foundation.telemetry.trace import Trace, current_trace, enter_trace, traceparent

__all__ = [
    "Figure",
    "Trace",
    "configure_logs",
    "counter",
    "current_trace",
    "enter_trace",
    "exposition",
    "figure",
    "gauge",
    "histogram",
    "logger",
    "traceparent",
]
