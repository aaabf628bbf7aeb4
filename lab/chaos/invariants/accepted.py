"""Nothing that was accepted is lost."""

from collections.abc import Iterator

from lab.chaos.invariants.found import Found
from lab.chaos.observed import BROKE_OFF, Observed, has_event, is_finished, is_waiting


def every_accepted_incident_is_answered(observed: Observed) -> Iterator[Found]:
    """Yield accepted incidents without a case that is finished or waits for a person.

    An incident that joined a case is answered by that one. A response that broke off is not over.
    Also accounts of which no incident was accepted at all, however often it was sent.
    """
    for case in observed.planned.cases:
        records = observed.records_of(case)
        accepted = [one.case_id for one in observed.deliveries if one.number == case.number]
        if not accepted:
            yield Found(case, "its incident was never accepted: every sender gave up")
        for key in dict.fromkeys(accepted):
            answering = [
                record
                for record in records
                if record["case_id"] == key
                or any(one["case_id"] == key for one in record.get("joined", []))
            ]
            if not answering:
                yield Found(case, f"{key} was accepted and has no case, nor did it join one")
            elif not any(is_finished(one) or is_waiting(one) for one in answering):
                yield Found(case, f"{key} is neither finished nor waiting: {_state(answering)}")
        for record in records:
            if has_event(record, BROKE_OFF):
                yield Found(case, f"{record['case_id']} broke off")


def _state(records: list[dict[str, object]]) -> str:
    return ", ".join(str(record["status"]) for record in records)
