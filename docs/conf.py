"""Sphinx: MyST pages, nothing loaded from elsewhere."""

from importlib.metadata import version as distribution_version

project = "Waqiti"
copyright = "the Waqiti maintainers"
version = release = distribution_version("waqiti")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["decisions/template.md"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Waqiti {version}"
html_static_path = ["_static"]
