"""What must hold at the end of a chaos run, whatever broke: each invariant a function by its name.

Each reads the simulators' ledger and the case records, and yields what does not hold. None asks the
app how it came to what it did.
"""

from collections.abc import Callable, Iterable

from lab.chaos.invariants.accepted import every_accepted_incident_is_answered
from lab.chaos.invariants.forbidden import no_effect_that_the_policy_forbids
from lab.chaos.invariants.found import Found
from lab.chaos.invariants.recorded import every_effect_is_recorded
from lab.chaos.invariants.told import someone_was_told_of_every_failure
from lab.chaos.invariants.tried import every_planned_action_was_tried
from lab.chaos.invariants.true import every_record_is_true
from lab.chaos.invariants.twice import no_effect_twice
from lab.chaos.observed import Observed

type Invariant = Callable[[Observed], Iterable[Found]]

INVARIANTS: tuple[Invariant, ...] = (
    every_accepted_incident_is_answered,
    every_planned_action_was_tried,
    no_effect_twice,
    no_effect_that_the_policy_forbids,
    every_effect_is_recorded,
    every_record_is_true,
    someone_was_told_of_every_failure,
)


def name_of(invariant: Invariant) -> str:
    """Return an invariant's name as people read it."""
    return str(invariant.__name__).replace("_", " ")
