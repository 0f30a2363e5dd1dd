// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// TypeScript of the JSON Schemas in introspection/wire. It knows what they use, and refuses what it
// does not know, so that nothing new goes unnoticed.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { root } from "./harness.js";

const FOLDER = join(root, "introspection/wire");

/** What only narrows values, which TypeScript cannot say. */
const IGNORED = new Set([
  "$schema", "$comment", "title", "description", "minimum", "maximum", "minLength", "maxLength",
  "pattern", "minItems", "maxItems", "default", "additionalProperties", "unevaluatedProperties",
  "$defs",
]);

/** What #simple reads. */
const MEMBERS = new Set(["properties", "required", "items", "maxProperties"]);

export class Schemas {
  #files = new Map();

  async read(name) {
    this.#files.set(name, JSON.parse(await readFile(join(FOLDER, name), "utf8")));
    return this.#files.get(name);
  }

  #find(reference, file) {
    const [name, path] = reference.split("#");
    const target = name || file;
    const steps = path.split("/").slice(1);
    const schema = steps.reduce((at, step) => at[step], this.#files.get(target));
    if (!schema) {
      throw new Error(`${reference} is not there`);
    }
    return this.type(schema, target);
  }

  /** The type of what this schema, which stands in this file, describes. */
  type(schema, file) {
    const parts = [];
    for (const [word, value] of Object.entries(schema)) {
      if (word === "$ref") {
        parts.push(this.#find(value, file));
      } else if (word === "allOf") {
        parts.push(...value.map((one) => this.type(one, file)));
      } else if (word === "anyOf") {
        parts.push(`(${value.map((one) => this.type(one, file)).join(" | ")})`);
      } else if (word === "const") {
        parts.push(JSON.stringify(value));
      } else if (word === "type") {
        parts.push(`(${[value].flat().map((one) => this.#simple(one, schema, file)).join(" | ")})`);
      } else if (!IGNORED.has(word) && !MEMBERS.has(word)) {
        throw new Error(`${file}: ${word} is not known here`);
      }
    }
    if (!schema.type && schema.properties) {
      parts.push(this.#simple("object", schema, file));
    }
    return parts.join(" & ") || "unknown";
  }

  #simple(type, schema, file) {
    if (type === "integer") {
      return "number";
    }
    if (type === "array") {
      return `(${this.type(schema.items, file)})[]`;
    }
    if (type !== "object") {
      return type;
    }
    if (schema.maxProperties === 0) {
      return "Record<string, never>";
    }
    if (!schema.properties) {
      return "Record<string, unknown>";
    }
    const members = Object.entries(schema.properties).map(([name, value]) =>
      `${name}${schema.required?.includes(name) ? "" : "?"}: ${this.type(value, file)}`);
    return `{ ${members.join("; ")} }`;
  }
}

/** What each type of frame or request has as data: { type: schema }, from the clauses of allOf. */
export function dataByType(schema) {
  const found = {};
  for (const clause of schema.allOf) {
    const { const: one, enum: several } = clause.if.properties.type;
    const data = clause.then?.properties?.data;
    for (const name of data ? several ?? [one] : []) {
      found[name] = data;
    }
  }
  return found;
}
