"""What is known of addresses without asking anyone: a table (CSV) or databases (``.mmdb``).

Many logs name no place, and none names a reputation. Columns of the table: ``ip``, ``country``,
``city``, ``lat``, ``lon``, ``asn``, ``as_org``; ``ipsum_lists`` (number of block lists);
``tor_exit_2024``, ``x4b_vpn``, ``x4b_datacenter_asn``, ``bad_asn`` (0 or 1).
"""

import csv
from pathlib import Path

import maxminddb
from pydantic import Field

from shared.models.base import Json, Model
from shared.models.directory import GeoLocation, ReputationReport
from shared.models.signin import SignIn
from shared.playbook.addresses import normalise_address
from shared.playbook.confidence.reputation import AddressVerdict, combine_reports
from shared.playbook.sign_ins.shapes.row import Row

POINTS_PER_LIST = 25
"""Three block lists make an address malicious (75), as the IPsum project advises to block."""


class AddressFacts(Model):
    """What the files say about one address."""

    country: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    asn: int | None = None
    network: str | None = None
    block_lists: int | None = Field(default=None, ge=0)
    """``None``: no file counts lists."""
    anonymiser: bool | None = None
    hosting: bool | None = None


NOTHING = AddressFacts()


class AddressBook:
    """Facts about addresses, from any number of files; the first that knows an address tells."""

    def __init__(self, paths: list[Path]) -> None:
        """Open the files.

        Raises:
            OSError: a file cannot be read.
            ValueError: a file is not of a kind that tells of addresses.
        """
        self._table: dict[str, AddressFacts] = {}
        self._databases: list[maxminddb.Reader] = []
        for path in paths:
            if path.suffix == ".mmdb":
                try:
                    self._databases.append(maxminddb.open_database(path))
                except maxminddb.InvalidDatabaseError as error:
                    raise ValueError(f"{path}: {error}") from error
            else:
                self._read_table(path)

    def __bool__(self) -> bool:
        return bool(self._table or self._databases)

    def look_up(self, address: str) -> AddressFacts:
        """Return what is known; all ``None`` when nothing is."""
        known = self._table.get(address)
        if known is None:
            known = self._table[address] = self._from_databases(address)
        return known

    def placed(self, event: SignIn) -> SignIn:
        """Return a sign-in with the place of its address, if the log itself names none."""
        if not self or event.country or event.latitude is not None or not event.address:
            return event
        facts = self.look_up(event.address)
        if facts is NOTHING:
            return event
        place = {
            "country": facts.country,
            "city": facts.city,
            "latitude": facts.latitude,
            "longitude": facts.longitude,
            "asn": event.asn or facts.asn,
        }
        return event.model_copy(update=place)

    def verdict(self, address: str | None) -> AddressVerdict:
        """Return the verdict on an address; unknown reputation counts as looked up and clean.

        The backtest asks how the evidence in the log is weighed: a missing reputation would hold
        every answer at Medium and hide it.
        """
        facts = self.look_up(address) if address else NOTHING
        score = min(100, POINTS_PER_LIST * (facts.block_lists or 0))
        listed = [f"on {facts.block_lists} block lists"] if facts.block_lists else []
        geo = GeoLocation(
            country=facts.country,
            city=facts.city,
            asn=facts.asn,
            network=facts.network,
            is_vpn_proxy_service=facts.anonymiser,
            is_hosting=facts.hosting,
        )
        report = ReputationReport(source="offline lists", score=score, matches=listed)
        return combine_reports([report], geo)

    def _read_table(self, path: Path) -> None:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if "ip" not in (rows.fieldnames or ()):
                raise ValueError(f"{path} has no column 'ip': it does not tell of addresses")
            for columns in rows:
                row = Row(columns)
                address = normalise_address(columns["ip"])
                if address:
                    self._table.setdefault(address, _from_row(row))

    def _from_databases(self, address: str) -> AddressFacts:
        found: Json = {}
        for database in self._databases:
            record = database.get(address)
            if isinstance(record, dict):
                found |= record
        return _from_record(found) if found else NOTHING


def _from_row(row: Row) -> AddressFacts:
    anonymiser = [row.truth("tor_exit_2024"), row.truth("x4b_vpn")]
    hosting = [row.truth("x4b_datacenter_asn"), row.truth("bad_asn")]
    return AddressFacts(
        country=row.text("country"),
        city=row.text("city"),
        latitude=row.coordinate("lat", "latitude", limit=90),
        longitude=row.coordinate("lon", "longitude", limit=180),
        asn=row.integer("asn"),
        network=row.text("as_org"),
        block_lists=row.integer("ipsum_lists"),
        anonymiser=None if anonymiser == [None, None] else any(anonymiser),
        hosting=None if hosting == [None, None] else any(hosting),
    )


def _from_record(record: Json) -> AddressFacts:
    """Read MaxMind's City, ASN and Anonymous IP records, merged."""
    row = Row(record)
    point = row.row("location")
    return AddressFacts(
        country=row.row("country").text("iso_code") or row.text("country_code"),
        city=row.row("city").row("names").text("en"),
        latitude=point.coordinate("latitude", limit=90),
        longitude=point.coordinate("longitude", limit=180),
        asn=row.integer("autonomous_system_number"),
        network=row.text("autonomous_system_organization"),
        anonymiser=row.truth("is_anonymous"),
        hosting=row.truth("is_hosting_provider"),
    )
