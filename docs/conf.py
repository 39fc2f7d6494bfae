"""How Sphinx builds the manual: `make docs`."""

import importlib
import inspect
import pkgutil
import re

from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import stringify_signature

import nnkit
import nnkit.kernels.cpu
import nnkit.registry
from nnkit.left_out import LEFT_OUT

project = "nnkit"
author = "nnkit contributors"
copyright = "nnkit contributors"
version = release = nnkit.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]

# Code is Python unless a block says otherwise; tests/test_docs.py runs every block that is.
highlight_language = "python"
default_role = "code"

# -------------------------------------------------------------------------------- docstrings

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # The docstrings say it in words.
autodoc_preserve_defaults = True
autosummary_generate = False
napoleon_google_docstring = False
napoleon_numpy_docstring = True
napoleon_use_rtype = False
napoleon_use_ivar = True

# Every reference must lead somewhere. What docstrings give as a type is prose ("array, optional"),
# and the standard library has no pages here.
nitpicky = True
nitpick_ignore_regex = [("py:(class|exc|obj)", r"(?!nnkit\.).*")]

# ------------------------------------------------------------------------------------- pages

html_theme = "alabaster"
html_title = f"nnkit {release}"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "description": "Neural networks in Python alone",
    "fixed_sidebar": True,
    "page_width": "1160px",
    "sidebar_width": "240px",
    "show_powered_by": False,
    "font_family": "Georgia, 'DejaVu Serif', serif",
    "font_size": "16px",
    "code_font_size": "0.82em",
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}


# Kernels are objects; documented as the functions that they are made of.
_kernels = {}


def unwrap_kernels(app):
    for module in pkgutil.iter_modules(nnkit.kernels.cpu.__path__):
        members = vars(importlib.import_module(f"nnkit.kernels.cpu.{module.name}"))
        for name, kernel in list(members.items()):
            if isinstance(kernel, nnkit.Kernel):
                members[name] = kernel.function
                _kernels[kernel.function] = kernel


def skip_helpers(app, what, name, obj, skip, options):
    """Of the functions in a file of kernels, only the kernels."""
    module = getattr(obj, "__module__", None) or ""
    is_helper = module.startswith("nnkit.kernels.cpu.") and obj not in _kernels
    return True if is_helper else None


def declare_kernel(app, what, name, obj, options, lines):
    """Say below a kernel's docstring what its decorator says."""
    kernel = _kernels.get(obj) if inspect.isfunction(obj) else None
    if kernel is not None:
        lines[:] = [re.sub(r"([*|])", r"\\\1", line) for line in lines]  # Formulas, not markup.
        parts = [
            f"{word} {', '.join(f'``{n}``' for n in kernel.parameters if n in names)}"
            for word, names in (
                ("writes", kernel.outputs), ("updates", kernel.updates), ("splits", kernel.split)
            )
            if names
        ]  # fmt: skip
        parts += ["element by element"] if kernel.elementwise else []
        parts += ["any strides"] if kernel.strided else []
        lines += ["", f"*{'; '.join(parts).capitalize()}.*".replace("``", "")]


def sign(app, what, name, obj, options, signature, result):
    """The arguments of a class whose metaclass would show ``(*arguments, **named)``."""
    if isinstance(obj, type) and issubclass(obj, nnkit.registry.Configurable):
        found = inspect.signature(obj.__init__)
        found = found.replace(parameters=list(found.parameters.values())[1:])
        return stringify_signature(found, show_annotation=False), None
    return None


def tell_variables_apart(app, doctree):
    """A Variable is one of the engine's, unless it is the symbolic package that speaks of it."""
    for reference in doctree.findall(addnodes.pending_xref):
        if reference.get("reftarget") == "Variable":
            symbolic = (reference.get("py:module") or "").startswith("nnkit.symbolic")
            home = "symbolic.graph" if symbolic else "engine.variable"
            reference["reftarget"] = f"nnkit.{home}.Variable"


class LeftOut(SphinxDirective):
    """A table of what Keras has and nnkit lacks."""

    def run(self):
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 18 42 40", ""]
        lines += ["   * - Package", "     - Names", "     - Why"]
        for package, groups in LEFT_OUT.items():
            for names, why in groups.items():
                shown = ", ".join(f"``{name}``" for name in names.split())
                lines += [f"   * - ``{package}``", f"     - {shown}", f"     - {why}"]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app):
    app.add_directive("left-out", LeftOut)
    app.connect("builder-inited", unwrap_kernels)
    app.connect("autodoc-skip-member", skip_helpers)
    app.connect("autodoc-process-docstring", declare_kernel)
    app.connect("autodoc-process-signature", sign)
    app.connect("doctree-read", tell_variables_apart)
