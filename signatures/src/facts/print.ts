import { FACTS } from "./index.ts";

// `npm run facts`: the closed list with all fields, for people who write rules.
for (const { name, meaning, fields } of FACTS) {
  process.stdout.write(`${name}\n  ${meaning}\n`);
  for (const [field, text] of Object.entries(fields)) process.stdout.write(`    ${field.padEnd(24)} ${text}\n`);
}
