"""What is made in a resource group of somebody else, where another environment may be as well.

A Sentinel workspace and a firewall policy are shared: what has the same name there in two
environments is taken over by whichever is deployed last.
"""

from collections.abc import Iterator, Mapping

from tools.bicep.house import kind_of
from tools.bicep.syntax import BicepFile, Block, Call, Expr, Name, Problem, walk

OURS = frozenset({"suffix", "appPrincipalId", "relayPrincipalId"})
"""What no other environment has."""
ONE_FOR_ALL = frozenset({"Microsoft.SecurityInsights/onboardingStates"})
"""What there is once in a workspace, whoever asks for it."""


def check_shared_names(files: Mapping[str, BicepFile]) -> Iterator[Problem]:
    """Yield what another environment would take over."""
    main = files["main.bicep"]
    for module in main.modules.values():
        if not isinstance(module.body.get("scope"), Call):
            continue
        file = files.get(module.target)
        for block in file.resources.values() if file else ():
            if block.existing or kind_of(block) in ONE_FOR_ALL:
                continue
            if file and not _is_ours(block.body.get("name"), module):
                message = f"{block.name} is called the same in another environment: no suffix"
                yield Problem(file.path, block.line, "shared", message)


def _is_ours(name: Expr | None, module: Block) -> bool:
    names = {one.name for one in walk(name) if isinstance(one, Name)} if name else set()
    given = [module.body.get("params", one) for one in names]
    names |= {one.name for part in given if part for one in walk(part) if isinstance(one, Name)}
    return bool(names & OURS)
