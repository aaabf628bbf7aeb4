"""Passwords nobody learns."""

import secrets
import string

LENGTH = 48
"""Characters; Entra accepts up to 256, and on-premises policies rarely allow more than 64."""
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#$%&*+-=?@_")


def random_password() -> str:
    """Return a password with all four character classes of Entra's complexity rule."""
    everything = "".join(_CLASSES)
    letters = [secrets.choice(kind) for kind in _CLASSES]
    letters += [secrets.choice(everything) for _ in range(LENGTH - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
