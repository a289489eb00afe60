"""How the documentation is built: ``make docs`` writes ``out/docs`` and fails at any broken link."""

project = "veilspeak"
author = "the veilspeak developers"
copyright = "the veilspeak developers, AGPL-3.0-or-later"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
master_doc = "index"
exclude_patterns = ["conf.py"]
html_theme = "alabaster"
html_title = "veilspeak"
html_theme_options = {
    "description": "Hand signs and fleeting expressions, even behind a mask, said aloud.",
    "fixed_sidebar": True,
}
html_show_sphinx = False
html_copy_source = False
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
highlight_language = "none"
nitpicky = True
