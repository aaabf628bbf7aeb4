"""Pictures of a result as inline SVG, without script: pure functions of the bins."""

from collections.abc import Sequence

from markupsafe import Markup

from lab.backtest.results import Bin

WIDTH, HEIGHT = 640, 240
_LEFT, _BOTTOM, _TOP = 44, 34, 10
_KINDS = ("compromised", "benign", "unlabelled")
_SMALLEST, _LARGEST = 4, 12


def score_histogram(bins: Sequence[Bin]) -> Markup:
    """Return bars of how many accounts have which score, stacked by what they were."""
    highest = max((_total(one) for one in bins), default=0) or 1
    width = (WIDTH - _LEFT) / max(1, len(bins))
    parts = [_axis(f"{highest}", "0")]
    for index, one in enumerate(bins):
        top = float(HEIGHT - _BOTTOM)
        for kind in _KINDS:
            number = getattr(one, kind)
            tall = number / highest * (HEIGHT - _BOTTOM - _TOP)
            top -= tall
            if number:
                parts.append(
                    Markup(
                        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
                        "<title>{} {}, score {} to {}</title></rect>"
                    ).format(
                        kind,
                        _LEFT + index * width + 2,
                        top,
                        width - 4,
                        tall,
                        number,
                        kind,
                        one.start,
                        one.start + 9,
                    )
                )
        parts.append(_label(_LEFT + (index + 0.5) * width, str(one.start)))
    return _picture("Accounts by score of the evidence", parts)


def calibration(bins: Sequence[Bin]) -> Markup:
    """Return the share of compromised accounts for every ten points of the score.

    On the line the score is what it says, a probability; a larger point has more accounts.
    """
    labelled = [one for one in bins if one.compromised + one.benign]
    most = max((one.compromised + one.benign for one in labelled), default=1)
    span_x, span_y = WIDTH - _LEFT, HEIGHT - _BOTTOM - _TOP
    parts = [
        _axis("100 %", "0 %"),
        Markup('<line class="ideal" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
            _LEFT, HEIGHT - _BOTTOM, WIDTH, _TOP
        ),
    ]
    for one in labelled:
        number = one.compromised + one.benign
        share = one.compromised / number
        parts.append(
            Markup(
                '<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}">'
                "<title>{} of {} compromised, score {} to {}</title></circle>"
            ).format(
                _LEFT + (one.start + 5) / 100 * span_x,
                HEIGHT - _BOTTOM - share * span_y,
                _SMALLEST + (_LARGEST - _SMALLEST) * (number / most) ** 0.5,
                one.compromised,
                number,
                one.start,
                one.start + 9,
            )
        )
    parts += [_label(_LEFT + one.start / 100 * span_x, str(one.start)) for one in bins]
    return _picture("Share of compromised accounts by score of the evidence", parts)


def _total(one: Bin) -> int:
    return one.compromised + one.benign + one.unlabelled


def _axis(top: str, bottom: str) -> Markup:
    return Markup(
        '<line x1="{left}" y1="{ground}" x2="{right}" y2="{ground}"/>'
        '<text x="{text}" y="{high}" text-anchor="end">{top}</text>'
        '<text x="{text}" y="{ground}" text-anchor="end">{bottom}</text>'
    ).format(
        left=_LEFT,
        right=WIDTH,
        ground=HEIGHT - _BOTTOM,
        text=_LEFT - 6,
        high=_TOP + 10,
        top=top,
        bottom=bottom,
    )


def _label(x: float, text: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
        x, HEIGHT - _BOTTOM + 16, text
    )


def _picture(title: str, parts: Sequence[Markup]) -> Markup:
    start = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        WIDTH, HEIGHT, title
    )
    return Markup("").join([start, *parts, Markup("</svg>")])
