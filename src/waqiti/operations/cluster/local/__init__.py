"""Deployments that are processes of this machine."""
