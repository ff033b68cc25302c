"""Switches: settings that change while a process runs, on every replica, without a restart.

``file`` is what operations publish and replicas confirm; ``reader`` is how a process follows it.
"""
