"""The parts of ``waqiti models`` that talk to the registry of a running platform."""
