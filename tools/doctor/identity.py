"""What the app's identity holds: application permissions and directory roles."""

from collections.abc import Sequence

from shared.errors import TourniquetError
from shared.models.base import Json
from shared.models.check import Checked, CheckStatus
from shared.permissions import DIRECTORY_ROLES, NEEDS, Section
from shared.permissions.compare import compare, compare_directory_roles
from shared.providers.app_identity import claims_for
from shared.providers.clouds import DEFENDER, GRAPH, scope
from shared.providers.entra.check import directory_roles
from shared.settings import Settings

GRAPH_AREA = "Microsoft Graph"
ROLES_AREA = "Directory roles"
DEFENDER_AREA = "Defender for Endpoint"


async def check_graph(settings: Settings) -> list[Checked]:
    """Compare the application permissions and directory roles of the app with the table."""
    area = GRAPH_AREA
    try:
        claims = await claims_for(scope(GRAPH, settings.graph_url))
    except TourniquetError as error:
        return [_no_token(area, error)]
    return [*_roles(area, Section.GRAPH, claims, settings), *await _directory(claims, settings)]


async def check_defender(settings: Settings) -> list[Checked]:
    """Compare the application permissions of WindowsDefenderATP with the table."""
    if not settings.defender_enabled:
        return []
    try:
        claims = await claims_for(scope(DEFENDER, settings.defender_url))
    except TourniquetError as error:
        return [_no_token(DEFENDER_AREA, error)]
    return _roles(DEFENDER_AREA, Section.DEFENDER, claims, settings)


def _roles(area: str, section: Section, claims: Json, settings: Settings) -> list[Checked]:
    if "roles" not in claims and "scp" in claims:
        detail = "the token is a person's, not the app's: application permissions cannot be seen"
        return [Checked(area=area, what="token", status=CheckStatus.WARNING, detail=detail)]
    needs = [need for need in NEEDS if need.section is section]
    return compare(area, needs, _names(claims.get("roles")), settings)


def _names(value: object) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


async def _directory(claims: Json, settings: Settings) -> list[Checked]:
    try:
        held = await directory_roles(settings, str(claims.get("oid", "")))
    except TourniquetError as error:
        detail = f"cannot be read: {error.describe()}"
        return [
            Checked(
                area=ROLES_AREA, what="role assignments", status=CheckStatus.WARNING, detail=detail
            )
        ]
    return compare_directory_roles(ROLES_AREA, DIRECTORY_ROLES, held, settings)


def _no_token(area: str, error: TourniquetError) -> Checked:
    return Checked(area=area, what="token", status=CheckStatus.MISSING, detail=error.describe())
