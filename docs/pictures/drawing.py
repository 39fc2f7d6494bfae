"""What the pictures of the manual are drawn with."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

INK, GREY, LINE = "#23303b", "#66727d", "#b9c2ca"


class Drawing:
    """An SVG picture of a size in pixels, made of its parts in order."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.parts = []

    def add(self, tag, content="", **attributes):
        named = " ".join(f'{k.replace("_", "-")}="{v}"' for k, v in attributes.items())
        self.parts.append(f"<{tag} {named}>{content}</{tag}>" if content else f"<{tag} {named}/>")

    def box(self, x, y, w, h, fill, stroke, radius=4, **more):
        self.add(
            "rect",
            x=f"{x:g}",
            y=f"{y:g}",
            width=f"{w:g}",
            height=f"{h:g}",
            rx=radius,
            fill=fill,
            stroke=stroke,
            **more,
        )

    def text(self, x, y, content, size=13, fill=INK, anchor="start", **more):
        self.add(
            "text",
            escape(content),
            x=f"{x:g}",
            y=f"{y:g}",
            font_size=size,
            fill=fill,
            text_anchor=anchor,
            **more,
        )

    def arrow(self, x1, y1, x2, y2, colour=GREY):
        self.add(
            "line",
            x1=x1,
            y1=y1,
            x2=x2,
            y2=y2,
            stroke=colour,
            stroke_width=1.6,
            marker_end="url(#head)",
        )

    def save(self, path=None, *, beside):
        """Write the picture to a path, by default next to the script that draws it."""
        path = Path(beside).with_suffix(".svg") if path is None else Path(path)
        head = (
            '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{GREY}"/></marker>'
        )
        font = "font-family=\"'DejaVu Sans', Verdana, Arial, sans-serif\""
        size = (
            f'viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}"'
        )
        body = "\n".join(self.parts)
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>\n<defs>{head}</defs>\n'
            f'<rect width="{self.width}" height="{self.height}" fill="white"/>\n{body}\n</svg>\n'
        )
