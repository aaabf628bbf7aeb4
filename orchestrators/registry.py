"""The orchestrators and entities that the app registers."""

from orchestrators.contain import block_address, contain
from orchestrators.devices import contain_devices
from orchestrators.entities import account, breaker
from orchestrators.hand_over import open_ticket_late
from orchestrators.joining import join_incidents
from orchestrators.respond import respond
from orchestrators.undo import undo

ORCHESTRATORS = (
    respond,
    contain,
    block_address,
    open_ticket_late,
    undo,
    contain_devices,
    join_incidents,
)
ENTITIES = (account, breaker)
