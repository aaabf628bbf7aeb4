"""The result as one HTML page: nothing in it is loaded from elsewhere, no script."""

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from lab.backtest.charts import calibration, score_histogram
from lab.backtest.results import ANSWERS, BacktestResult
from shared.models.attack import technique_link
from shared.pages import text
from shared.pages.style import style


def render(result: BacktestResult) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader("lab.backtest", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        finalize=text.clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "weight": text.weight,
        "readable": text.readable,
        "when": text.when,
        "percent": percent,
        "technique_link": technique_link,
    }
    return environment.get_template("backtest.html.j2").render(
        result=result,
        style=Markup(style()),  # noqa: S704 - our own file
        answers=ANSWERS,
        calibration=calibration(result.histogram),
        histogram=score_histogram(result.histogram),
        labelled=any(file.expected for file in result.files),
    )


def percent(share: float | None) -> str:
    """Return a share as people read it."""
    return "not defined" if share is None else f"{share:.1%}"
