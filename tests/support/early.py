"""A case whose verdict is certain before its hunts have answered."""

import threading
from typing import Any

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.plan import ActionName, Disposition
from tests.support.durable_backend import Script
from tests.support.scripts import ADDRESS, decided, default_scripts, plan_line

BOTH = [plan_line(ActionName.FORCE_PASSWORD_RESET), plan_line(ActionName.REVOKE_SESSIONS)]


def certain(**changes: Any) -> Script:
    """Say that both actions are certain."""
    answer = decided(plan=BOTH) | changes
    return lambda _payload: answer


def planned(*more: ActionName, disposition: Disposition = Disposition.AUTOMATIC) -> Script:
    """Plan both actions and others."""
    answer = decided(plan=[*BOTH, *(plan_line(action, disposition) for action in more)])
    return lambda _payload: answer


def success(_payload: Json) -> Json:
    """Show a success in the sign-in log."""
    analysis = {"successful_login_details": {"id": "1"}}
    details = {"suspicious_address": ADDRESS, "analysis": analysis}
    complete = BlockStatus.COMPLETE
    return make_block(BlockName.SIGN_INS, complete, inputs={}, details=details).to_json()


class Hunts:
    """Hunts that answer when they are told to."""

    def __init__(self) -> None:
        self._answer = threading.Event()

    def release(self) -> None:
        """Let them answer."""
        self._answer.set()

    def script(self, payload: Json) -> Any:
        """Answer as usual, but not before."""
        assert self._answer.wait(120), "nothing has begun before the hunts answered"
        return default_scripts()["analyse_activity"](payload)

    def released_by(self, script: Script) -> Script:
        """Return the script that lets them answer when it has been called."""

        def run(payload: Json) -> Any:
            answer = script(payload)
            self.release()
            return answer

        return run


def early_scripts(**scripts: Script) -> dict[str, Script]:
    """Return the scripts of a case whose hunts answer when the password has been reset."""
    hunts = Hunts()
    reset = hunts.released_by(default_scripts()["force_password_reset"])
    return {
        "analyse_sign_ins": success,
        "analyse_activity": hunts.script,
        "force_password_reset": reset,
        "decide_early": certain(),
    } | scripts
