// Bundles the dashboard: node build.mjs OUTDIR. Names of assets hold a hash of their content.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const MOST_GZIPPED = 150 * 1024;
const here = fileURLToPath(new URL(".", import.meta.url));
const out = process.argv[2];
if (!out) {
  console.error("usage: node build.mjs OUTDIR");
  process.exit(2);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "assets"), { recursive: true });

const made = await build({
  entryPoints: [join(here, "src/main.tsx"), join(here, "src/style.css")],
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  entryNames: "[name]-[hash]",
  outdir: join(out, "assets"),
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
});
const names = Object.keys(made.metafile.outputs).map((path) => basename(path));
const script = names.find((name) => name.endsWith(".js"));
const style = names.find((name) => name.endsWith(".css"));

const icon = readFileSync(join(here, "src/icon.svg"));
const iconName = `icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
writeFileSync(join(out, "assets", iconName), icon);

const page = readFileSync(join(here, "src/index.html"), "utf8")
  .replace("{{script}}", `/assets/${script}`)
  .replace("{{style}}", `/assets/${style}`)
  .replace("{{icon}}", `/assets/${iconName}`);
writeFileSync(join(out, "index.html"), page);

const { gzipSync } = await import("node:zlib");
const size = names.reduce((sum, name) => sum + gzipSync(readFileSync(join(out, "assets", name))).length, 0);
if (size > MOST_GZIPPED) {
  console.error(`the dashboard has ${size} bytes gzipped; ${MOST_GZIPPED} are allowed`);
  process.exit(1);
}
