"use strict";

// Azurite keeps what it knows of its blobs in lokijs. Among many of them three of its ways are slow; here they
// are not, and what is found and removed is the same. Loaded by `node --require`.

const { createRequire } = require("node:module");

const azurite = createRequire(process.argv[1] || __filename);
const { Collection } = azurite("lokijs");

// An index is used for the first field of a query only. Azurite asks by account first, which is the same for
// all blobs, so that each request looks at every blob. Here the name comes first.
const NAMES = ["blobName", "name"];
const resultset = Object.getPrototypeOf(new Collection("any").chain());
const find = resultset.find;

resultset.find = function (query, firstOnly) {
  const first = NAMES.find((field) => typeof query?.[field] === "string");
  if (first) return find.call(this, { [first]: query[first], ...query }, firstOnly);
  // What was narrowed down already uses no index, and the first of many depends on the way they were found.
  const prefix = this.filterInitialized || firstOnly ? null : prefixOf(query?.name);
  if (prefix === null) return find.call(this, query, firstOnly);
  // Names go up to the last character there is: in XML, and so in a blob's name, it does not occur.
  find.call(this, { $and: [{ name: { $between: [prefix, `${prefix}\uffff`] } }, query] });
  // As they are stored, not as the index has them: the same order as without it.
  this.filteredrows.sort((one, other) => one - other);
  return this;
};

// Lists ask for a prefix by a regular expression, which no index serves: each looked at every blob.
const SPECIAL = "[-\\/\\\\^$*+?.()|[\\]{}]";
const PREFIX = new RegExp(`^\\^((?:\\\\${SPECIAL}|[^\\\\^$*+?.()|[\\]{}])+)$`);
const ESCAPED = new RegExp(`\\\\(${SPECIAL})`, "g");
// The index sorts texts that are numbers as numbers ("-12" before "-3"): there a prefix is no range.
const MAY_BE_NUMBER = /^\s*[-+.\dI][\s\w.+-]*$|^\s+$/;

function prefixOf(condition) {
  // lokijs heeds a condition's first operator only.
  if (condition === null || typeof condition !== "object" || Object.keys(condition)[0] !== "$regex") return null;
  const literal = typeof condition.$regex === "string" && PREFIX.exec(condition.$regex);
  const prefix = literal ? literal[1].replace(ESCAPED, "$1") : "";
  return prefix === "" || MAY_BE_NUMBER.test(prefix) ? null : prefix;
}

// Removing by query makes all indexes anew, each time. Every ten minutes Azurite removes the content of each
// blob that was overwritten so, and answers nobody meanwhile: minutes, after some hundred cases.
const findAndRemove = Collection.prototype.findAndRemove;

Collection.prototype.findAndRemove = function (query) {
  const found = this.find(query);
  if (found.length !== 1) return findAndRemove.call(this, query);
  this.remove(found[0]);
};
