"""A log of any length with known labels: ``python -m lab.backtest.generate FILE --rows N``.

Writes SigninLogs rows as JSON Lines, and ``FILE.labels.yaml`` beside it. An organisation that works
on weekdays from one or two places each, mistypes passwords, travels at times; and a few accounts
that are guessed until the password is found. The same seed gives the same bytes.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from shared.models.base import Json, format_utc

START = datetime(2026, 10, 19, tzinfo=UTC)
DAYS = 28
SIGN_INS_A_DAY = 4
GUESSES = 25
_PER_ACCOUNT = DAYS * SIGN_INS_A_DAY
PLACES = [
    ("DE", "Berlin", 52.52, 13.405),
    ("FR", "Paris", 48.85, 2.35),
    ("GB", "London", 51.51, -0.13),
    ("US", "New York", 40.71, -74.01),
]
ATTACKERS_PLACE = ("NG", "Lagos", 6.45, 3.39)
_ATTACKED_SHARE = 0.002
_MISTYPED, _TRAVELLING = 0.05, 0.01


class Written(NamedTuple):
    """What was made."""

    rows: int
    accounts: int
    compromised: list[str]


def generate(path: Path, rows: int, seed: int = 1) -> Written:
    """Write ``rows`` rows and their labels.

    Args:
        path: the log file, replaced if it exists.
        rows: how many rows, at least one account's worth.
        seed: another seed gives another organisation.
    """
    chance = random.Random(seed)
    accounts = max(1, rows // _PER_ACCOUNT)
    attacked = set(chance.sample(range(accounts), max(1, round(accounts * _ATTACKED_SHARE))))
    victims = [_name(number) for number in sorted(attacked)]
    with path.open("w", encoding="utf-8") as file:
        written = 0
        for number, row in _stream(chance, accounts, attacked, rows):
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
            written = number
    labels = [
        {
            "files": [path.name],
            "source": f"Generated with seed {seed}.",
            "complete": True,
            "compromised": [{"account": name} for name in victims],
            "detections": {"brute_force_success": victims},
        }
    ]
    labels_path = path.with_name(path.name + ".labels.yaml")
    labels_path.write_text(json.dumps(labels, indent=1), encoding="utf-8")
    return Written(written, accounts, victims)


def _stream(
    chance: random.Random, accounts: int, attacked: set[int], rows: int
) -> Iterator[tuple[int, Json]]:
    """Yield numbered rows, day after day, as a log has them: the accounts mixed."""
    number = 0
    attack_day = DAYS - 2
    for day in range(10_000):
        for account in chance.sample(range(accounts), accounts):
            for row in _day(chance, account, START + timedelta(days=day)):
                number += 1
                yield number, row | {"Id": f"id-{number}"}
            if day == attack_day and account in attacked:
                for row in _attack(chance, account, START + timedelta(days=day, hours=3)):
                    number += 1
                    yield number, row | {"Id": f"id-{number}"}
            if number >= rows and day > attack_day:
                return


def _day(chance: random.Random, account: int, day: datetime) -> Iterator[Json]:
    home = PLACES[account % len(PLACES)]
    travelling = chance.random() < _TRAVELLING
    place = chance.choice(PLACES) if travelling else home
    address = f"198.51.100.{1 + account % 250}" if not travelling else "198.51.100.254"
    at = day + timedelta(hours=7 + account % 3, minutes=chance.randrange(60))
    for _ in range(SIGN_INS_A_DAY):
        at += timedelta(minutes=chance.randrange(5, 110), seconds=chance.randrange(60))
        if chance.random() < _MISTYPED:
            yield make_row(account, at - timedelta(seconds=20), address, place, "50126")
        yield make_row(account, at, address, place, "0", mfa=chance.random() < 0.3)


def _attack(chance: random.Random, account: int, at: datetime) -> Iterator[Json]:
    address = f"203.0.113.{1 + account % 250}"
    for _ in range(GUESSES):
        at += timedelta(seconds=chance.randrange(5, 20))
        yield make_row(account, at, address, ATTACKERS_PLACE, "50126")
    yield make_row(account, at + timedelta(seconds=30), address, ATTACKERS_PLACE, "0")


def make_row(
    account: int,
    at: datetime,
    address: str,
    place: tuple[str, str, float, float],
    code: str,
    *,
    mfa: bool = False,
) -> Json:
    """Return one attempt of an account as a row of SigninLogs."""
    country, city, latitude, longitude = place
    stranger = place is ATTACKERS_PLACE
    steps = [{"authenticationMethod": "Password", "succeeded": code == "0"}]
    if mfa:
        detail = "MFA completed in Azure AD"
        steps.append(
            {
                "authenticationMethod": "Mobile app notification",
                "succeeded": True,
                "authenticationStepResultDetail": detail,
            }
        )
    return {
        "TimeGenerated": format_utc(at),
        "Type": "SigninLogs",
        "UserId": f"user-{account}",
        "UserPrincipalName": _name(account),
        "IPAddress": address,
        "ResultType": code,
        "AuthenticationRequirement": "multiFactorAuthentication"
        if mfa
        else "singleFactorAuthentication",
        "AuthenticationDetails": steps,
        "DeviceDetail": {
            "operatingSystem": "Linux" if stranger else "Windows 11",
            "browser": "Firefox 130" if stranger else "Edge 130",
            "deviceId": "" if stranger else f"device-{account}",
        },
        "LocationDetails": {
            "city": city,
            "countryOrRegion": country,
            "geoCoordinates": {"latitude": latitude, "longitude": longitude},
        },
        "AppDisplayName": "Office 365 Exchange Online",
        "ClientAppUsed": "Browser",
        "AutonomousSystemNumber": 64501 if stranger else 64500,
    }


def _name(account: int) -> str:
    return f"user{account}@contoso.example"


def main() -> int:
    """Write a file as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m lab.backtest.generate")
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    made = generate(arguments.file, arguments.rows, arguments.seed)
    sys.stdout.write(
        f"{made.rows} rows, {made.accounts} accounts, {len(made.compromised)} compromised\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
