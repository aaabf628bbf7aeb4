// Analyses KQL with Microsoft's language service, against table schemas.
// stdin:  {"tables": {table: {column: type}}, "queries": {name: text}}
// stdout: {name: {"problems": [{"severity", "code", "message", "line"}], "columns": {name: type}}}
"use strict";

// The package's main entry lacks the Bridge.NET runtime that it needs.
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

const { readFileSync } = require("node:fs");

const kusto = globalThis.Kusto.Language;
const symbols = kusto.Symbols;

function items(list) {
  return Array.from({ length: list.Count }, (_, index) => list.getItem(index));
}

function tableSymbol([name, columns]) {
  const schema = Object.entries(columns).map(([column, type]) => `['${column}']:${type}`);
  // Bridge.NET numbers overloads of a constructor: this one takes name, schema and description.
  return new symbols.TableSymbol.$ctor7(name, `(${schema.join(", ")})`, null);
}

function analyse(text, globals) {
  const code = kusto.KustoCode.ParseAndAnalyze(text, globals);
  const problems = items(code.GetDiagnostics()).map((found) => ({
    severity: String(found.Severity),
    code: String(found.Code),
    message: String(found.Message),
    line: text.slice(0, found.Start).split("\n").length,
  }));
  const columns = {};
  if (code.ResultType && code.ResultType.Columns) {
    for (const column of items(code.ResultType.Columns)) columns[column.Name] = column.Type.Name;
  }
  return { problems, columns };
}

const input = JSON.parse(readFileSync(0, "utf8"));
const database = new symbols.DatabaseSymbol.ctor(
  "workspace",
  Object.entries(input.tables).map(tableSymbol),
);
const globals = kusto.GlobalState.Default.WithDatabase(database);
const answers = Object.entries(input.queries).map(([name, text]) => [name, analyse(text, globals)]);
process.stdout.write(JSON.stringify(Object.fromEntries(answers)));
