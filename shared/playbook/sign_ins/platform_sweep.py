"""One account on many kinds of machine at one address within minutes: a tool tries the doors.

Whoever has a password tries where it opens without a second factor: tools sign in once as each
platform, because policies often leave one out. A person at home has a laptop, a phone and perhaps
a tablet, and does not sign in on all of them within minutes. Source: MFASweep (dafthack), which
pretends to be Windows, Linux, macOS, Android, iPhone and Windows Phone within seconds.
"""

from collections.abc import Iterable
from datetime import timedelta

from shared.models.signin import SignIn
from shared.playbook.sign_ins.detected import password_was_right
from shared.playbook.sign_ins.suspect import same_address

SWEPT_PLATFORMS = 4
"""Operating systems; one more than laptop, phone and tablet."""
SWEEP_PERIOD = timedelta(minutes=5)


def platform_of(event: SignIn) -> str | None:
    """Return the operating system without its version, lower case; ``None`` if not named."""
    words = (event.operating_system or "").lower().split()
    return words[0] if words else None


def platforms_around(subject: SignIn, attempts: Iterable[SignIn]) -> list[str]:
    """Return the platforms that gave the right password at the sign-in's address around its time.

    Args:
        subject: the suspicious sign-in.
        attempts: sign-ins of the account, in any order.
    """
    found = {
        platform
        for event in attempts
        if abs(event.at - subject.at) <= SWEEP_PERIOD
        and same_address(event, subject)
        and password_was_right(event)
        and (platform := platform_of(event))
    }
    return sorted(found)
