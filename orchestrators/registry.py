"""The orchestrators and entities that the app registers."""

from orchestrators.blocks import block_address
from orchestrators.breaker import page_soc
from orchestrators.campaign import link_campaign
from orchestrators.contain import contain
from orchestrators.devices import contain_devices
from orchestrators.entities import account, breaker
from orchestrators.firewalls import align_firewall
from orchestrators.holds import address, firewall
from orchestrators.joining import join_incidents
from orchestrators.late_ticket import open_ticket_late
from orchestrators.lifting import lift_block
from orchestrators.respond import respond
from orchestrators.service_levels import keep_service_levels
from orchestrators.telling import tell_again
from orchestrators.undo import undo

ORCHESTRATORS = (
    respond,
    contain,
    block_address,
    align_firewall,
    lift_block,
    open_ticket_late,
    undo,
    contain_devices,
    join_incidents,
    link_campaign,
    tell_again,
    page_soc,
    keep_service_levels,
)
ENTITIES = (account, breaker, address, firewall)
