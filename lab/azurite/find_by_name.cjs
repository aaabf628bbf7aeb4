"use strict";

// Azurite keeps its blobs in lokijs, which uses an index for the first field of a query only. Azurite
// asks by account first, which is the same for all blobs, so that each request looks at every blob.
// Here the name comes first; what is found is the same. Loaded by `node --require`.

const { createRequire } = require("node:module");

const azurite = createRequire(process.argv[1] || __filename);
const { Collection } = azurite("lokijs");

const NAMES = ["blobName", "name"];
const prototype = Object.getPrototypeOf(new Collection("any").chain());
const find = prototype.find;

prototype.find = function (query, firstOnly) {
  const first = NAMES.find((field) => typeof query?.[field] === "string");
  return find.call(this, first ? { [first]: query[first], ...query } : query, firstOnly);
};
