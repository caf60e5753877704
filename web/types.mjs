// Writes generated/api.ts: the schemas of docs/openapi.json as TypeScript.
//
// Answers: a property is always there unless its description says "only". Requests (their schemas take no other
// property): what is not required may be left out.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const { components } = JSON.parse(readFileSync(new URL("../docs/openapi.json", import.meta.url), "utf8"));

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.map(typeOf).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const kinds = [schema.type ?? "unknown"].flat();
  return kinds.map((kind) => plain(kind, schema)).join(" | ");
}

function plain(kind, schema) {
  if (kind === "array") return `(${typeOf(schema.items ?? {})})[]`;
  if (kind === "integer") return "number";
  if (kind !== "object") return kind;
  if (schema.properties) return object(schema);
  return `{ [name: string]: ${typeof schema.additionalProperties === "object" ? typeOf(schema.additionalProperties) : "unknown"} }`;
}

function object(schema) {
  const request = schema.additionalProperties === false;
  const lines = Object.entries(schema.properties).map(([name, property]) => {
    const may = request ? !(schema.required ?? []).includes(name) : /\bonly\b/i.test(property.description ?? "");
    return `  ${name}${may ? "?" : ""}: ${typeOf(property)};`;
  });
  return `{\n${lines.join("\n")}\n}`;
}

const text = Object.entries(components.schemas)
  .map(([name, schema]) => `export type ${name} = ${typeOf(schema)};\n`)
  .join("\n");
mkdirSync(here + "generated", { recursive: true });
writeFileSync(here + "generated/api.ts", `// Made by types.mjs of docs/openapi.json.\n${text}`);
