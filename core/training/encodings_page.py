"""The page that compares encodings: a table, and a plot with a dot for every network."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .report_page import STYLE

NAMES = {
    "none": "none (IBRNet, pixelNeRF)",
    "z": "z (PIFu)",
    "canonical_xyz": "canonical xyz",
    "relative_z": "relative z",
    "relative_z_decay": "relative z with decay (KeypointNeRF)",
}
WIDTH, ROW, LEFT, ROOM = 640, 34, 250, 20

Rows = Mapping[str, Sequence[Mapping[str, Mapping[str, float]]]]
"""By encoding: for every seed, mean figures by condition."""


def write_page(folder: Path, rows: Rows, conditions: Sequence[str], about: str) -> Path:
    """Write `index.html` to a folder; its path."""
    parts = ["<h1>Spatial encodings at equal budgets</h1>", f"<p>{html.escape(about)}</p>"]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in conditions)
    parts.append(f"<table><tr><th>Encoding</th><th>Seeds</th>{head}</tr>")
    for encoding, seeds in rows.items():
        cells = "".join(f"<td>{_cell(values(seeds, name))}</td>" for name in conditions)
        parts.append(f"<tr><td>{html.escape(NAMES[encoding])}</td><td>{len(seeds)}</td>{cells}</tr>")
    parts.append("</table><p>PSNR in the box of the true mask, dB; mean and half the range over seeds.</p>")
    parts += [f"<h2>{html.escape(name)}</h2>{dots(rows, name)}" for name in conditions]
    page = folder / "index.html"
    page.write_text(
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Spatial encodings</title>'
        f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</html>\n",
        encoding="utf-8",
    )
    return page


def values(seeds: Sequence[Mapping[str, Mapping[str, float]]], condition: str) -> list[float]:
    """PSNR in the box of every seed that was asked that."""
    return [figures[condition]["psnr_box"] for figures in seeds if condition in figures]


def _cell(found: Sequence[float]) -> str:
    if not found:
        return "–"
    spread = f" ± {0.5 * (max(found) - min(found)):.2f}" if len(found) > 1 else ""
    return f"{np.mean(found):.2f}{spread}"


def dots(rows: Rows, condition: str) -> str:
    """An SVG plot: a line for each encoding, a dot for each seed."""
    found = {encoding: values(seeds, condition) for encoding, seeds in rows.items()}
    everything = [value for line in found.values() for value in line]
    if not everything:
        return "<p>Nothing to plot.</p>"
    low, high = np.floor(min(everything)), np.ceil(max(everything) + 1e-9)
    height = ROW * len(found) + 2 * ROOM

    def across(value: float) -> float:
        return float(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - ROOM))

    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" font-size="13" fill="#444">']
    for tick in np.arange(low, high + 1):
        at = across(tick)
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="4" y2="{height - ROOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{at:.1f}" y="{height - 4}" text-anchor="middle">{tick:.0f}</text>')
    for number, (encoding, line) in enumerate(found.items()):
        y = ROW * number + ROOM
        parts.append(f'<text x="{LEFT - 12}" y="{y + 5}" text-anchor="end">{html.escape(NAMES[encoding])}</text>')
        parts += [f'<circle cx="{across(value):.1f}" cy="{y}" r="5" fill="#2a6fb0"/>' for value in line]
    return "".join(parts) + "</svg>"
