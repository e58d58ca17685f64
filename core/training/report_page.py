"""The page that a person reads after an examination: figures, plots, and the pictures that came out worst."""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .evaluation import mean, side_by_side
from .suite import Result

COLUMNS = {
    "psnr_box": ("PSNR, box", "{:.2f} dB"),
    "ssim_box": ("SSIM, box", "{:.3f}"),
    "ms_ssim_box": ("MS-SSIM, box", "{:.3f}"),
    "psnr_foreground": ("PSNR, inside", "{:.2f} dB"),
    "mask_overlap": ("Overlap of masks", "{:.3f}"),
    "outline_px": ("Outline off by", "{:.1f} px"),
}
SHOWN = 5
"""Pictures of each kind."""
PLOT_WIDTH, PLOT_HEIGHT = 560, 260

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
figure { margin: 1.2rem 0; } img { max-width: 100%; } figcaption { color: #555; }
"""


class Kept(NamedTuple):
    """What stays of a result once its picture is written."""

    condition: str
    capture: str
    target: str
    degrees: float
    figures: dict[str, float]
    picture: str


def write_report(folder: Path, results: Iterable[Result], *, title: str, about: Sequence[str] = ()) -> list[Kept]:
    """Write `index.html` and its pictures to `folder`, as the results come; `about` are paragraphs for its head."""
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    kept = [_keep(pictures, result) for result in results]
    shown = _chosen(kept)
    wanted = {row.picture for _, rows in shown for row in rows}
    for file in pictures.glob("*.jpg"):
        if file.name not in wanted:
            file.unlink()
    (folder / "index.html").write_text(_page(kept, shown, title, about), encoding="utf-8")
    return kept


def mean_figures(rows: Sequence[Kept]) -> dict[str, float]:
    """Means over pictures."""
    return mean({row.picture: {name: row.figures[name] for name in COLUMNS} for row in rows})


def _keep(pictures: Path, result: Result) -> Kept:
    from PIL import Image

    condition = "".join(c if c.isalnum() else "-" for c in result.condition)
    name = f"{result.capture}_{Path(result.target).stem}_{condition}.jpg"
    strip = side_by_side(result.rendered, result.truth)
    Image.fromarray(np.rint(255 * strip).astype(np.uint8)).save(pictures / name, quality=85)
    return Kept(result.condition, result.capture, result.target, result.degrees, result.figures, name)


def _chosen(kept: Sequence[Kept]) -> list[tuple[str, list[Kept]]]:
    """The worst pictures, the middle and the best ones of the first condition."""
    usual = sorted((row for row in kept if row.condition == kept[0].condition), key=_quality) if kept else []
    middle = max(0, (len(usual) - SHOWN) // 2)
    worst = sorted(kept, key=_quality)[:SHOWN]
    return [
        ("The worst five of all conditions", worst),
        (f"The worst five of “{kept[0].condition}”" if kept else "", usual[:SHOWN]),
        ("In the middle", usual[middle : middle + SHOWN]),
        ("The best", usual[::-1][:SHOWN]),
    ]


def _quality(row: Kept) -> float:
    return row.figures["psnr_box"]


def _page(kept: Sequence[Kept], shown: list[tuple[str, list[Kept]]], title: str, about: Sequence[str]) -> str:
    conditions = list(dict.fromkeys(row.condition for row in kept))
    parts = [f"<h1>{html.escape(title)}</h1>", *(f"<p>{html.escape(text)}</p>" for text in about)]
    head = "".join(f"<th>{label}</th>" for label, _ in COLUMNS.values())
    parts.append(f"<table><tr><th>Condition</th><th>Pictures</th>{head}</tr>")
    for condition in conditions:
        rows = [row for row in kept if row.condition == condition]
        means = mean_figures(rows)
        cells = "".join(f"<td>{form.format(means[name])}</td>" for name, (_, form) in COLUMNS.items())
        parts.append(f"<tr><td>{html.escape(condition)}</td><td>{len(rows)}</td>{cells}</tr>")
    parts.append("</table>")
    parts.append("<h2>How far from the nearest photo</h2>")
    parts.append(
        scatter([row.degrees for row in kept], [_quality(row) for row in kept], "degrees", "PSNR in the box, dB")
    )
    for heading, rows in shown:
        parts.append(f"<h2>{html.escape(heading)}</h2>")
        for row in rows:
            caption = (
                f"{row.capture}, {Path(row.target).stem}, {row.condition}: {row.figures['psnr_box']:.2f} dB, "
                f"SSIM {row.figures['ssim_box']:.3f}. Truth, avatar, four times the difference."
            )
            parts.append(
                f'<figure><img src="pictures/{html.escape(row.picture)}" alt="">'
                f"<figcaption>{html.escape(caption)}</figcaption></figure>"
            )
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style>\n{body}\n</html>\n"
    )


def scatter(x: Sequence[float], y: Sequence[float], x_label: str, y_label: str) -> str:
    """An SVG plot of points; values that are not finite are left out."""
    points: Float[np.ndarray, "n 2"] = np.array([x, y], float).T.reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) == 0:
        return "<p>Nothing to plot.</p>"
    left, bottom, room = 52, 40, 12
    low, high = points.min(axis=0), points.max(axis=0)
    low, high = np.floor(low / 5) * 5, np.ceil((high + 1e-9) / 5) * 5
    high = np.where(high > low, high, low + 5)

    def place(point: Float[np.ndarray, "2"]) -> tuple[float, float]:
        share = (point - low) / (high - low)
        across = left + share[0] * (PLOT_WIDTH - left - room)
        return float(across), float(PLOT_HEIGHT - bottom - share[1] * (PLOT_HEIGHT - bottom - room))

    parts = [f'<svg viewBox="0 0 {PLOT_WIDTH} {PLOT_HEIGHT}" width="{PLOT_WIDTH}" font-size="12" fill="#444">']
    for value in np.arange(low[1], high[1] + 1, 5):
        _, level = place(np.array([low[0], value]))
        parts.append(f'<line x1="{left}" x2="{PLOT_WIDTH - room}" y1="{level:.1f}" y2="{level:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{level + 4:.1f}" text-anchor="end">{value:.0f}</text>')
    for value in np.arange(low[0], high[0] + 1, max(5, 5 * round((high[0] - low[0]) / 40))):
        at, _ = place(np.array([value, low[1]]))
        parts.append(f'<text x="{at:.1f}" y="{PLOT_HEIGHT - bottom + 18}" text-anchor="middle">{value:.0f}</text>')
    for point in points:
        at, level = place(point)
        parts.append(f'<circle cx="{at:.1f}" cy="{level:.1f}" r="3" fill="#2a6fb0" fill-opacity="0.55"/>')
    middle = 0.5 * (left + PLOT_WIDTH)
    parts.append(f'<text x="{middle:.0f}" y="{PLOT_HEIGHT - 4}" text-anchor="middle">{html.escape(x_label)}</text>')
    parts.append(f'<text x="{left}" y="11">{html.escape(y_label)}</text></svg>')
    return "".join(parts)
