"""What the simulated APIs of one Google SecOps instance have in common: who may, and errors."""

from lab.simulators.config import GOOGLE_ACCOUNT, SimulatorSettings
from lab.simulators.exchange import Answer, Call
from lab.simulators.google_token import GoogleTokens, google_error
from lab.simulators.vendor import Vendor


class GoogleInstance(Vendor):
    """An API below the resource name of the one instance."""

    def __init__(self, settings: SimulatorSettings, tokens: GoogleTokens) -> None:
        self._instance = settings.tourniquet_google_secops_instance
        self._tokens = tokens

    def authenticate(self, call: Call) -> Answer | None:
        """A token of the service account; another instance is not its own."""
        owner = self._tokens.owner(call)
        if owner is None:
            return google_error(401, "Request had invalid authentication credentials.")
        _before, named, below = call.path.partition(f"/{self._instance}")
        if owner != GOOGLE_ACCOUNT or not named or not below.startswith(("/", ":")):
            return google_error(403, "The caller does not have permission")
        return None

    def refuse(self, status: int, message: str) -> Answer:
        """Google's error."""
        return google_error(status, message)

    def fail(self, status: int, message: str) -> Answer:
        """Google's error."""
        return google_error(status, message)
