"""Text in OData queries, as Microsoft's APIs read them in filters and keys."""


def odata_literal(text: str) -> str:
    """Return a text as a string literal: in single quotes, each of its own doubled.

    An id that came from outside cannot end it and go on with a condition of its own.
    """
    return "'" + text.replace("'", "''") + "'"
