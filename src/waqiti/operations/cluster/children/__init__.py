"""Processes under supervision: starting and stopping one, how it ended, and its signs of life."""
