"""Plain text as an Atlassian document: version 3 of the API takes no other rich text.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/. Text is put into text
nodes only, so nothing in it is markup, a mention or a link.
"""

from shared.models.base import Json

LONGEST_TEXT = 32_767
"""Characters that a text field takes; the document's own JSON counts, so less is used."""
LONGEST_PLAIN = 20_000
"""For all texts of a document together."""


def document(*texts: str) -> Json:
    """Return plain texts as a document: a paragraph for each block, a break for each line.

    Of each text at most its share is taken, so that none cuts off the next.
    """
    share = LONGEST_PLAIN // len(texts)
    blocks = [
        block for text in texts for block in _short(text, share).split("\n\n") if block.strip()
    ]
    return {"type": "doc", "version": 1, "content": [_paragraph(block) for block in blocks]}


def _short(text: str, longest: int) -> str:
    """Cut a text where one sees it; its last line stays, a note's mark is there."""
    if len(text) <= longest:
        return text
    last = text.rpartition("\n")[2][-100:]
    return text[: longest - len(last) - 2] + "\N{HORIZONTAL ELLIPSIS}\n" + last


def _paragraph(block: str) -> Json:
    content: list[Json] = []
    for line in block.strip("\n").split("\n"):
        if content:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}


def plain_text(node: object) -> str:
    """Return the text of a document, as far as it is text."""
    if isinstance(node, dict):
        if node.get("type") == "text":
            return str(node.get("text", ""))
        return plain_text(node.get("content", []))
    if isinstance(node, list):
        return "\n".join(plain_text(one) for one in node)
    return ""
