"""azd's hooks: `python -m tools.provision before|permissions|grant|preview|connect|pack|unpack`.

Exit status 0, also when the deployer lacks a right that provisioning can do without: what is
missing is said, with who has to run what. 1: something is wrong that provisioning needs.
"""

import sys
from collections.abc import Callable, Iterator

from shared.permissions.deployment import Holder
from tools.provision import app, azure_roles, entra, grants, lookups, outputs, package
from tools.provision.cloud import GRAPH, AzureCli, Cloud, CloudError, Denied
from tools.provision.preview import DONE, Preview, only_said

LATER = "azd env refresh` and `azd hooks run postprovision"
IDENTITY = azure_roles.IDENTITIES[Holder.APP]


BEFORE: tuple[Callable[[Cloud], Iterator[str]], ...] = (
    lookups.check_place,
    lookups.register_providers,
    outputs.find_outputs,
    lookups.find_sentinel,
    lookups.find_deleted_vault,
    lookups.find_secrets,
    lookups.find_retention,
    lookups.find_ip_group,
    lookups.find_sign_in_logs,
    entra.make_named_location,
    entra.make_sign_in,
)
"""Outputs come before whatever goes by them."""


def before(cloud: Cloud) -> Iterator[str]:
    """Before provisioning: register, look up, make what provisioning has to name."""
    for step in BEFORE:
        yield from step(cloud)
    yield from _announce(cloud)


def permissions(cloud: Cloud) -> Iterator[str]:
    """After provisioning: the signing key, the sign-in, and what the app's identity may do.

    Each takes another right, which few people have together: what one may not do keeps nobody from
    the rest.
    """
    _identity(cloud)
    yield from _unless_denied(
        app.make_link_key(cloud), "the signing key was not looked after: it takes the deployer"
    )
    yield from entra.connect_logs(cloud)
    yield from _unless_denied(
        entra.finish_sign_in(cloud),
        "people cannot sign in to the pages yet: let an owner of the app registration, or an "
        f"Application Administrator, run `{LATER}`",
    )
    yield from _unless_denied(
        grant(cloud),
        "the app lacks permissions in Entra ID, so that cases stay incomplete and nothing is "
        f"contained: let a Privileged Role Administrator run `{LATER}`, or, without a right in "
        "Azure, the step grant (docs/infra.md)",
    )
    yield from _unless_denied(
        azure_roles.take_back_deployed(cloud),
        "what is switched off may still hold a role in Azure: let an Owner or User Access "
        f"Administrator run `{LATER}`",
    )


def preview(cloud: Cloud) -> Iterator[str]:
    """Say what `permissions` would grant and take away; change nothing."""
    shown = Preview(cloud)
    yield from only_said(_unless_denied(grant(shown), "permissions in Entra ID cannot be read"))
    roles = azure_roles.take_back(shown)
    yield from only_said(_unless_denied(roles, "role assignments cannot be read"))


def _announce(cloud: Cloud) -> Iterator[str]:
    """Say, before anything is provisioned, what will be taken away afterwards."""
    try:
        if cloud.value(IDENTITY):
            cloud.get(f"{GRAPH}/servicePrincipals/{cloud.value(IDENTITY)}?$select=id")
            taken = f"would be {DONE[1]}"
            yield from (one for one in preview(cloud) if one.startswith(taken))
    except CloudError:
        # Who may not look, or an identity that is gone: `permissions` says what it does, too.
        return


def grant(cloud: Cloud) -> Iterator[str]:
    """Grant what the app's identity needs in Entra ID; takes no right in Azure."""
    needed = grants.wanted(grants.deployed_settings(), cloud.value(grants.ROLE_CHOICE))
    yield from grants.grant(cloud, _identity(cloud), needed)


def _identity(cloud: Cloud) -> str:
    principal = cloud.value(IDENTITY)
    if not principal:
        raise CloudError("the app's identity is not known here: run `azd env refresh` first")
    return principal


def _unless_denied(step: Iterator[str], otherwise: str) -> Iterator[str]:
    try:
        yield from step
    except Denied as error:
        yield f"{otherwise} ({error})"


def connect(cloud: Cloud) -> Iterator[str]:
    """After deployment: whether the app answers, and its events."""
    yield from app.wait_for_health(cloud)
    yield from app.connect_events(cloud)


STEPS: dict[str, Callable[[Cloud], Iterator[str]]] = {
    "before": before,
    "permissions": permissions,
    "grant": grant,
    "preview": preview,
    "connect": connect,
    "pack": package.pack,
    "unpack": package.unpack,
}


def main(arguments: list[str]) -> int:
    """Run the steps of one hook."""
    if len(arguments) != 1 or arguments[0] not in STEPS:
        print(f"usage: python -m tools.provision {'|'.join(STEPS)}", file=sys.stderr)
        return 2
    try:
        for line in STEPS[arguments[0]](AzureCli()):
            print(f"  {line}", flush=True)
    except (CloudError, ValueError) as error:
        print(f"tourniquet: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
