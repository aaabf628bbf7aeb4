"""The link checker sees what is broken and lets be what is not."""

from pathlib import Path

import pytest

from tools import check_links


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(check_links, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "guide.md").write_text("# A guide, in `code`\n## Twice\n## Twice\n")
    return tmp_path


@pytest.mark.parametrize(
    "link",
    [
        "[a](docs/guide.md)",
        "[a](docs/guide.md#a-guide-in-code)",
        "[a](docs/guide.md#twice-1)",
        "[a](/docs)",
        '[a](docs/guide.md "title")',
        "[a](https://example.com/nowhere) [b](mailto:a@example.com)",
        "`[a](missing.md)`",
        "```\n[a](missing.md)\n```",
        "[a]: docs/guide.md",
        "# Here\n[a](#here)",
    ],
)
def test_good_links_pass(repository: Path, link: str) -> None:
    page = repository / "README.md"
    page.write_text(link)
    assert not list(check_links.broken(page))


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("[a](missing.md)", "no such file"),
        ("![a](missing.svg)", "no such file"),
        ("[a]: missing.md", "no such file"),
        ('<img src="missing.svg">', "no such file"),
        ("[a](docs/guide.md#other)", "no such heading"),
        ("[a](#other)", "no such heading"),
        ("[a](../outside.md)", "leads out of the repository"),
    ],
)
def test_bad_links_are_named(repository: Path, link: str, why: str) -> None:
    page = repository / "README.md"
    page.write_text(link)
    [problem] = check_links.broken(page)
    assert problem.endswith(why)
