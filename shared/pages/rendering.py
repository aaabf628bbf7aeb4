"""The template environment, and what every page about a case is made with."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from shared.models.attack import technique_link, technique_name
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.models.choices import ACTION_WORDS
from shared.models.plan import ActionName
from shared.models.undoing import can_restore, choose
from shared.pages import text
from shared.pages.answer import headline, outcome_words, who
from shared.pages.facts import facts
from shared.pages.score_bar import score_bar
from shared.pages.sign_in_plot import sign_in_plot
from shared.pages.style import style
from shared.pages.told import told


@cache
def environment() -> Environment:
    """Return the environment: everything is escaped and cleaned, an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("shared.pages", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        finalize=text.clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["style"] = Markup(style())  # noqa: S704 - our own file
    made.filters |= {
        "when": text.when,
        "duration": text.duration,
        "account_kind": text.account_kind,
        "words": text.words,
        "weight": text.weight,
        "readable": text.readable,
        "web_link": text.web_link,
        "case_link": text.case_link,
        "without_case_links": text.without_case_links,
        "technique_link": technique_link,
        "technique_name": technique_name,
        "capitalize_first": text.capitalize_first,
        "action_words": lambda action: ACTION_WORDS[ActionName(action)],
        "outcome": outcome_words,
        "restorable": can_restore,
        "told": told,
        "score_bar": score_bar,
    }
    return made


def render_case(template: str, case: CaseRecord, **values: Any) -> str:
    """Return a page about a case; ``values`` are what its template needs beside the case."""
    return (
        environment()
        .get_template(template)
        .render(
            case=case,
            who=who(case),
            headline=headline(case),
            facts=facts(case),
            plot=sign_in_plot(case),
            would_change=_would_change(case),
            undo=choose(case),
            **values,
        )
    )


def _would_change(case: CaseRecord) -> list[str]:
    block = case.blocks.get(BlockName.SCORING)
    found = block.details.get("what_would_change") if block else None
    return [str(line) for line in found or []][: text.SHOWN_ITEMS]
