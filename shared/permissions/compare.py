"""What the app holds, compared with what the table says that it needs."""

from collections.abc import Collection, Sequence

from shared.models.check import Checked, CheckStatus
from shared.permissions.need import DirectoryRole, Need
from shared.policy import observes
from shared.settings import Settings


def compare(
    area: str, needs: Sequence[Need], held: Collection[str], settings: Settings
) -> list[Checked]:
    """Return one line for each permission of the parts that are switched on.

    A permission that only changes need is a warning while the app only observes.
    """
    lines: dict[str, list[Need]] = {}
    for need in needs:
        if need.is_on(settings):
            lines.setdefault(need.permission, []).append(need)
    return [_line(area, name, wanted, held, settings) for name, wanted in lines.items()]


def _line(
    area: str, name: str, wanted: list[Need], held: Collection[str], settings: Settings
) -> Checked:
    purposes = "; ".join(need.purpose for need in wanted)
    if name in held:
        return Checked(area=area, what=name, status=CheckStatus.OK, detail=purposes)
    only_observes = observes(settings)
    needed = any(not need.optional and not (need.changes and only_observes) for need in wanted)
    role_id = wanted[0].role_id
    named = f"not granted (id {role_id})" if role_id else "not granted"
    later = ", not needed in observe mode" if only_observes and not needed else ""
    without = " ".join(f"{need.purpose}: {need.without}" for need in wanted)
    return Checked(
        area=area,
        what=name,
        status=CheckStatus.MISSING if needed else CheckStatus.WARNING,
        detail=f"{named}{later}. {without}",
    )


def compare_directory_roles(
    area: str, roles: Sequence[DirectoryRole], held: Collection[str], settings: Settings
) -> list[Checked]:
    """Return one line for each directory role; ``held`` are template ids.

    ``roles`` come least first, and each does what those before it do.
    """
    lines = []
    for index, role in enumerate(roles):
        by = next((one.name for one in roles[index:] if one.template_id in held), None)
        if by is not None:
            lines.append(Checked(area=area, what=role.name, status=CheckStatus.OK, detail=by))
            continue
        least = index == 0 and not observes(settings)
        lines.append(
            Checked(
                area=area,
                what=role.name,
                status=CheckStatus.MISSING if least else CheckStatus.WARNING,
                detail=f"directory role not held (template id {role.template_id}). "
                f"Not possible: {role.target}",
            )
        )
    return lines
