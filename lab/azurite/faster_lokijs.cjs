"use strict";

// Azurite keeps what it knows of its blobs in lokijs. Among many of them two of its ways are slow; here they
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
  return find.call(this, first ? { [first]: query[first], ...query } : query, firstOnly);
};

// Removing by query makes all indexes anew, each time. Every ten minutes Azurite removes the content of each
// blob that was overwritten so, and answers nobody meanwhile: minutes, after some hundred cases.
const findAndRemove = Collection.prototype.findAndRemove;

Collection.prototype.findAndRemove = function (query) {
  const found = this.find(query);
  if (found.length !== 1) return findAndRemove.call(this, query);
  this.remove(found[0]);
};
