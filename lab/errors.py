"""What can stop the lab from starting."""


class LabError(Exception):
    """The lab cannot start; the message is one line that says what to do."""
