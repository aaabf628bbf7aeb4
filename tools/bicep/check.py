"""All checks of the Bicep files together."""

from collections.abc import Iterator, Mapping

from tools.bicep import conditions, house, linter, promised, secrets, shared, symbols, types, wiring
from tools.bicep.syntax import BicepFile, Problem


def check(files: Mapping[str, BicepFile]) -> list[Problem]:
    """Return what is wrong with the files, in order."""
    problems = [problem for file in files.values() for problem in check_file(file, files)]
    problems += house.check_evidence(files)
    problems += shared.check_shared_names(files)
    problems += promised.check_promised(files)
    problems += wiring.check_wiring(files)
    return sorted(set(problems))


def check_file(file: BicepFile, files: Mapping[str, BicepFile]) -> Iterator[Problem]:
    """Yield what is wrong with one file; ``files`` are the modules that it may use."""
    yield from file.problems
    yield from symbols.check_names(file)
    yield from symbols.check_modules(file, files)
    yield from symbols.check_circles(file)
    yield from symbols.check_early_values(file)
    yield from conditions.check_conditions(file)
    yield from types.check_resources(file)
    yield from types.check_reads(file)
    yield from linter.check_linter(file)
    yield from secrets.check_secrets(file)
    yield from house.check_house(file)
    yield from house.check_resource_names(file)
