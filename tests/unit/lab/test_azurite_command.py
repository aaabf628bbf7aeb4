"""Azurite finds a blob by its name, and removes one without making its indexes anew."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.azurite_command import FASTER_LOKIJS, FOLDER, azurite_command
from lab.errors import LabError
from tests.unit.source_files import ROOT

AZURITE = ROOT / FOLDER / "node_modules" / "azurite"
# As many as Azurite's own queries have, with its indexes; each comparison is counted.
QUERIES = """
const { createRequire } = require("node:module");
const Loki = createRequire(process.argv[1])("lokijs");
const blobs = new Loki("x").addCollection("blobs", {
  indices: ["accountName", "containerName", "name", "snapshot"],
});
for (let i = 0; i < 2000; i++) {
  blobs.insert({ accountName: "a", containerName: `c${i % 2}`, name: `n${i >> 1}`, snapshot: "" });
}
let looked = 0;
const equal = Loki.LokiOps.$eq;
Loki.LokiOps.$eq = (a, b) => { looked++; return equal(a, b); };
const where = { accountName: "a", containerName: "c1", name: "n77", snapshot: "" };
const one = blobs.findOne(where);
const found = {
  one: [one.containerName, one.name],
  none: blobs.findOne({ ...where, name: "missing" }),
  many: blobs.chain().find({ accountName: "a", containerName: "c0" }).data().length,
  prefix: blobs.chain().find({ accountName: "a", name: { $regex: "^n7" } }).data().length,
  all: blobs.chain().find().data().length,
  looked: 0,
  indexed: 0,
};
looked = 0;
blobs.findOne(where);
found.looked = looked;
const removed = Loki.Collection.prototype.removeBatchByPositions;
Loki.Collection.prototype.removeBatchByPositions = function (...given) {
  found.indexed++;
  return removed.apply(this, given);
};
for (let i = 0; i < 50; i++) blobs.findAndRemove({ ...where, name: `n${i}` });
blobs.findAndRemove({ name: "missing" });
found.left = [blobs.count(), blobs.findOne({ ...where, name: "n49" }), blobs.findOne(where).name];
found.batches = found.indexed;
blobs.findAndRemove({ containerName: "c0" });
const others = blobs.find({ containerName: "c0" }).length;
found.others = [blobs.count(), blobs.findOne(where).name, others];
delete found.indexed;
console.log(JSON.stringify(found));
"""


# Names with each character that is special in a regular expression, and numbers, which the index
# sorts as such; listed as `LokiBlobMetadataStore.listBlobs` does.
LISTS = r"""
const { createRequire } = require("node:module");
const Loki = createRequire(process.argv[1])("lokijs");
const blobs = new Loki("x").addCollection("blobs", {
  indices: ["accountName", "containerName", "name", "snapshot"],
});
const starts = ["case-1/", "case-1", "case-2/", "a.b/", "a+b", "(x)", "[y]", "{z}", "p|q", "^s",
  "$t", "b\\s", "-", "-1", "0x", "1e", "5", "20", "20/", ".", "I", "Inf", "\ud83d", "é/", "Z", " ",
  "  /"];
const ends = ["", "1", "9", "12", "a", "e-3", "/x", "finity", "F", "\ude00", " ", "~"];
const stored = new Set(starts.flatMap((start) => ends.map((end) => start + end)).filter(Boolean));
for (const snapshot of ["", "2026"]) for (const name of [...stored].reverse()) {
  for (const containerName of ["c0", "c1"]) {
    blobs.insert({ accountName: "a", containerName, name, snapshot });
  }
}
let looked = 0;
const regex = Loki.LokiOps.$regex;
Loki.LokiOps.$regex = (a, b) => { looked++; return regex(a, b); };
const escaped = (text) => text.replace(/[-\/\\^$*+?.()|[\]{}]/g, "\\$&");
const listed = (query, marker, offset = 0, limit = 5000) => blobs.chain().find(query)
  .where((one) => one.name > marker)
  .sort((one, other) => (one.name === other.name ? 0 : one.name > other.name ? 1 : -1))
  .offset(offset).limit(limit).data().map((one) => [one.name, one.containerName, one.snapshot]);
const found = { lists: {}, others: [] };
for (const prefix of [...starts, "case-", "c", "no such", "zz", "A"]) {
  const query = { name: { $regex: `^${escaped(prefix)}` }, accountName: "a", containerName: "c1" };
  found.lists[prefix] = [listed(query, ""), listed(query, `${prefix}12`), listed(query, "", 2, 3)];
}
const conditions = [{ $regex: "^case|^a" }, { $regex: "^ca.e" }, { $regex: "se-1" },
  { $regex: "^" }, { $regex: ["^CASE", "i"] }, { $regex: /^CASE/i },
  { $gt: "case", $regex: "^case-2" },
  { $regex: "^case-2", $gt: "zzz" }, { $regex: "^\\d" }, { $regex: "^case-2$" }];
const names = (chain) => chain.data().map((one) => one.name);
for (const name of conditions) {
  found.others.push(names(blobs.chain().find({ name, accountName: "a" })));
  found.others.push(blobs.findOne({ name, accountName: "a" })?.name ?? null);
  found.others.push(names(blobs.chain().find({ containerName: "c0" }).find({ name })));
}
found.all = listed({ accountName: "a", containerName: "c1" }, "").length;
looked = 0;
listed({ name: { $regex: `^${escaped("case-1/")}` }, accountName: "a", containerName: "c1" }, "");
found.looked = looked;
const empty = new Loki("y").addCollection("blobs", { indices: ["name"] });
found.empty = empty.chain().find({ name: { $regex: "^case-" } }).data();
console.log(JSON.stringify(found));
"""


def ask(*options: str, tmp_path: Path, program: str = QUERIES) -> dict[str, Any]:
    # Beside Azurite, as its own program is, so that the same lokijs is found.
    script = tmp_path / "queries.cjs"
    script.write_text(program.replace("process.argv[1]", json.dumps(str(AZURITE / "any.js"))))
    arguments = [shutil.which("node") or "node", *options, str(script)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_is_found_is_the_same_and_few_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(AZURITE.parent)
    plain = ask(tmp_path=tmp_path)
    faster = ask("--require", str(ROOT / FOLDER / FASTER_LOKIJS), tmp_path=tmp_path)
    looked, before = (int(str(found.pop("looked"))) for found in (faster, plain))
    assert looked < 20 < before
    batches, before = (int(str(found.pop("batches"))) for found in (faster, plain))
    assert batches <= 1 < 50 <= before
    assert plain == faster
    assert faster["one"] == ["c1", "n77"]
    assert faster["left"] == [1950, None, "n77"]
    assert faster["others"] == [950, "n77", 0]


def test_a_prefix_lists_the_same_and_few_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(AZURITE.parent)
    plain = ask(tmp_path=tmp_path, program=LISTS)
    faster = ask("--require", str(ROOT / FOLDER / FASTER_LOKIJS), tmp_path=tmp_path, program=LISTS)
    every = plain.pop("looked")
    assert faster.pop("looked") < every / 10
    assert plain == faster
    whole, after_marker, page = faster["lists"]["case-1/"]
    names = [name for name, _, _ in whole]
    assert "case-1//x" in names and all(name.startswith("case-1/") for name in names)
    assert 0 < len(after_marker) < len(whole) and page == whole[2:5]
    assert faster["lists"]["-"][0] and faster["lists"]["no such"][0] == []


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabError, match="npm ci"):
        azurite_command(tmp_path, port=1, certificates=tmp_path, all_services=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LabError, match=r"Node\.js 20"):
        azurite_command(ROOT, port=1, certificates=tmp_path, all_services=False)
