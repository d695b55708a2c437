"""The confusion matrix and the calibration curve, as small pictures."""

from __future__ import annotations

from pathlib import Path
from typing import List, Sequence

import numpy as np

from nlu.evaluate import figures
from nlu.evaluate.figures import FALLBACK, Read
from nlu.evaluate.heldout import DANGER, SAFE, told


def draw(rows: Sequence[Read], folder: Path) -> List[Path]:
    """Writes lecteur-confusions.png and lecteur-confiance.png."""
    import matplotlib

    matplotlib.use("Agg")
    inside = [row for row in rows if row.sentence.group not in (DANGER, SAFE)]
    return [
        _confusions(inside, folder / "lecteur-confusions.png"),
        _confidence(inside, folder / "lecteur-confiance.png"),
    ]


def _confusions(rows: Sequence[Read], path: Path) -> Path:
    from matplotlib import pyplot

    names = sorted({row.sentence.intent for row in rows})
    read = [*names, *sorted({row.name for row in rows} - set(names) - {FALLBACK}), FALLBACK]
    table = np.zeros((len(names), len(read)))
    for (meant, said), count in figures.confusion(rows).items():
        table[names.index(meant), read.index(said)] = count
    table /= np.maximum(1, table.sum(axis=1, keepdims=True))
    figure, axes = pyplot.subplots(figsize=(11, 10.5))
    axes.imshow(np.sqrt(table), cmap="Blues", vmin=0, vmax=1)  # the root lets small shares be seen
    axes.set_xticks(range(len(read)), [told(name) for name in read], rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), [told(name) for name in names], fontsize=7)
    axes.set_xlabel("lu comme")
    axes.set_ylabel("voulu")
    return _save(figure, path)


def _confidence(rows: Sequence[Read], path: Path) -> Path:
    from matplotlib import pyplot

    points = figures.calibration(rows)
    figure, axes = pyplot.subplots(figsize=(5, 4))
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.plot([sure for sure, _, _ in points], [right for _, right, _ in points], "o-")
    axes.set_xlabel("confiance du lecteur")
    axes.set_ylabel("part de réponses justes")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    return _save(figure, path)


def _save(figure: object, path: Path) -> Path:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()  # type: ignore[attr-defined]
    figure.savefig(path, dpi=90)  # type: ignore[attr-defined]
    pyplot.close(figure)
    return path
