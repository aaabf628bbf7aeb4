"""A Palo Alto firewall's XML API: tags on addresses, and what they are.

Operations: ``register``, ``unregister``, ``show.registered-ip``; the target is the addresses. As
on the firewall, a registration that is there already, or an unregistration of nothing, is an error
that says it may be ignored, with HTTP 200; so is everything else but a wrong key. A tag with a time
limit is gone when the time is over. Messages are checked against ``specs/uid-message.xsd``.
"""

import functools
import time
from typing import TYPE_CHECKING, Any, ClassVar
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml.ElementTree import ParseError, fromstring

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.specification import SPECS, Specification
from lab.simulators.vendor import Vendor, same

if TYPE_CHECKING:
    import xmlschema

XML = "application/xml"


@functools.cache
def _schema() -> "xmlschema.XMLSchema":
    # Most labs have no PAN-OS, and start sooner without its 0.2 s of CPU.
    import xmlschema

    return xmlschema.XMLSchema(SPECS / "uid-message.xsd")


class PanOs(Vendor):
    """One firewall."""

    name: ClassVar[str] = "panos"

    def __init__(self, settings: SimulatorSettings) -> None:
        self.specification = Specification("panos-xml-api.json")
        self._key = settings.tourniquet_panos_api_key
        self._tags: dict[tuple[str, str], float] = {}

    def reset(self) -> None:
        """Forget every tag."""
        self._tags.clear()

    def snapshot(self) -> dict[str, Any]:
        """Tagged addresses with their tag and the seconds that are left."""
        now = time.time()
        tagged = [
            {"ip": address, "tag": tag, "timeout": round(until - now)}
            for (address, tag), until in self._living().items()
        ]
        return {"panosRegistered": tagged}

    def operations(self) -> dict[str, Operation]:
        """All requests go to one address; ``prepare`` finds out which it is."""
        return {"userid": Operation("xml-api", self._serve)}

    def authenticate(self, call: Call) -> Answer | None:
        """API key in the header."""
        if same(call.headers.get("X-PAN-KEY"), self._key):
            return None
        return _error(403, "403", "Invalid Credential")

    def refuse(self, status: int, message: str) -> Answer:
        """Name the rule that was broken."""
        return _error(200, "17", message)

    def fail(self, status: int, message: str) -> Answer:
        """The firewall's error body for a fault."""
        return _error(status, "21", message)

    def prepare(self, call: Call) -> str | None:
        """Refuse a credential in the body; the key belongs into the header."""
        if isinstance(call.body, dict) and "key" in call.body:
            return "the key must not be in the body, where logs keep it"
        return None

    def extra_violation(self, call: Call) -> str | None:
        """Check a message against its schema."""
        try:
            message = fromstring(call.body.get("cmd", ""), forbid_dtd=True)
        except ParseError as error:
            return f"cmd is not XML: {error}"
        if call.body["type"] != "user-id":
            return None
        wrong = next(_schema().iter_errors(tostring(message, encoding="unicode")), None)
        return f"cmd: {wrong.reason}" if wrong else None

    async def _serve(self, call: Call) -> Answer:
        message = fromstring(call.body["cmd"], forbid_dtd=True)
        if call.body["type"] == "user-id":
            return self._update(call, message)
        address = message.findtext("object/registered-ip/ip")
        if call.body["type"] != "op" or message.tag != "show" or address is None:
            return _error(200, "17", "Unknown command")
        call.target = address
        return self._show(address)

    def _update(self, call: Call, message: Element) -> Answer:
        ignored: list[tuple[str, str, str]] = []
        done: list[str] = []
        living = self._living()
        for change in message.find("payload") or ():
            for entry in change.iterfind("entry"):
                for member in entry.iterfind("tag/member"):
                    one = (entry.get("ip", ""), member.text or "")
                    there = one in living
                    if there is (change.tag == "register"):
                        ignored.append((change.tag, one[0], _words(change.tag, one[1])))
                        continue
                    done.append(f"{change.tag} {one[0]}")
                    if change.tag == "register":
                        seconds = float(member.get("timeout", "0")) or 30 * 86400
                        living[one] = time.time() + seconds
                    else:
                        del living[one]
        self._tags = living
        call.target = ",".join(entry.get("ip", "") for entry in message.iter("entry"))
        if ignored:
            return _ignored(ignored, effect=bool(done), detail=done)
        return Answer(
            200,
            '<response status="success"><result><uid-response><version>2.0</version>'
            "<payload></payload></uid-response></result></response>",
            effect=bool(done),
            detail=done,
            content_type=XML,
        )

    def _show(self, address: str) -> Answer:
        root = Element("response", {"status": "success"})
        result = SubElement(root, "result")
        tags = [tag for ip, tag in self._living() if ip == address]
        if tags:
            entry = SubElement(result, "entry", {"ip": address, "from_agent": "0"})
            holder = SubElement(entry, "tag")
            for tag in tags:
                SubElement(holder, "member").text = tag
        SubElement(result, "count").text = str(int(bool(tags)))
        return Answer(200, tostring(root, encoding="unicode"), content_type=XML)

    def _living(self) -> dict[tuple[str, str], float]:
        now = time.time()
        return {one: until for one, until in self._tags.items() if until > now}


def _words(kind: str, tag: str) -> str:
    if kind == "register":
        return f"tag {tag} already exists, ignore"
    return f"tag {tag} does not exist, ignore unreg"


def _ignored(entries: list[tuple[str, str, str]], *, effect: bool, detail: list[str]) -> Answer:
    root = Element("response", {"status": "error"})
    line = SubElement(SubElement(root, "msg"), "line")
    payload = SubElement(SubElement(line, "uid-response"), "payload")
    for kind, address, message in entries:
        holder = payload.find(kind)
        holder = SubElement(payload, kind) if holder is None else holder
        SubElement(holder, "entry", {"ip": address, "message": message})
    text = tostring(root, encoding="unicode")
    return Answer(200, text, effect=effect, detail=detail, content_type=XML)


def _error(status: int, code: str, message: str) -> Answer:
    root = Element("response", {"status": "error", "code": code})
    SubElement(SubElement(root, "msg"), "line").text = message
    return Answer(status, tostring(root, encoding="unicode"), content_type=XML)
