"""Every vendor the app talks to, simulated over TLS in one process.

The simulators keep state (a tenant), check every request against the vendor's own specification
(``specs/``), answer errors as the vendor does, write every request to a ledger and misbehave when
told to. The app reaches them only through its ordinary settings. Start:
``python -m lab.simulators``; steer: the lab API (``lab_api``).
"""
