"""Check that relative links in the repository's Markdown files lead somewhere.

Works offline: links to other hosts are not followed. A link to a heading (`#name`, with or
without a file) must match a heading of that file, named as GitHub names them. Exit status 1 and
one line per broken link.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(```|~~~).*?^\1[`~]*\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)"  # [text](target "title"), also pictures
    r"|^\s{0,3}\[[^\]]+\]:\s*(\S+)"  # [name]: target
    r"|<(?:a|img)\s[^>]*?(?:href|src)=\"([^\"]+)\"",
    re.MULTILINE,
)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def markdown_files() -> list[Path]:
    """List the Markdown files that are, or are about to be, part of the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def links(text: str) -> Iterator[str]:
    """Yield the target of every link that is not inside code."""
    prose = CODE.sub("", FENCE.sub("", text))
    for match in LINK.finditer(prose):
        yield next(target for target in match.groups() if target)


@cache
def anchors(path: Path) -> frozenset[str]:
    """Name a file's headings as GitHub does: lower case, punctuation dropped, spaces to hyphens."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    found: dict[str, int] = {}
    names = set(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", text))
    for title in HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        repeat = found[slug] = found.get(slug, -1) + 1
        names.add(f"{slug}-{repeat}" if repeat else slug)
    return frozenset(names)


def broken(path: Path) -> Iterator[str]:
    """Yield what is wrong with each bad link of one file."""
    for target in links(path.read_text(encoding="utf-8")):
        if ELSEWHERE.match(target):
            continue
        name, _, anchor = unquote(target).partition("#")
        base = ROOT if name.startswith("/") else path.parent
        goal = (base / name.lstrip("/")).resolve() if name else path
        if not goal.is_relative_to(ROOT):
            yield f"{target}: leads out of the repository"
        elif not goal.exists():
            yield f"{target}: no such file"
        elif anchor and goal.suffix == ".md" and anchor not in anchors(goal):
            yield f"{target}: no such heading"


def main() -> int:
    """Check every file and report."""
    files = markdown_files()
    problems = [f"{path.relative_to(ROOT)}: {why}" for path in files for why in broken(path)]
    for problem in problems:
        print(problem)
    print(f"{len(files)} Markdown files, {len(problems)} broken links")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
