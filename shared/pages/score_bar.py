"""The score of a verdict as a bar from 0 to 100."""

import detroit as d3
from markupsafe import Markup

from shared.pages.drawing import box, canvas, finished

_WIDTH, _HEIGHT = 300, 10


def score_bar(score: int) -> Markup:
    """Return the picture; ``score`` is from 0 to 100."""
    drawing = canvas("score", _WIDTH, _HEIGHT, f"Score {score} of 100")
    drawing.attr("preserveAspectRatio", "none")
    across = d3.scale_linear([0, 100], [0, _WIDTH])
    box(drawing, "all", (0, 0), _WIDTH, _HEIGHT)
    box(drawing, "part", (0, 0), float(across(score)), _HEIGHT)
    return finished(drawing)
