import { createRequire } from "node:module";
import { cruise, type ICruiseOptions } from "dependency-cruiser";

/** Fails when a package imports what it may not, and when nothing was looked at: a cruise over 0 modules is a false green. */
const FEWEST_MODULES = 40;
const PACKAGES = ["contracts", "registry", "formats", "sandbox", "signatures", "services/analyzer", "cli"];

const config = createRequire(import.meta.url)("../.dependency-cruiser.cjs") as {
  forbidden: unknown[];
  options: ICruiseOptions;
};
const cruised = await cruise(
  PACKAGES.map((name) => `${name}/src`),
  {
    ...config.options,
    ruleSet: { forbidden: config.forbidden },
    validate: true,
  } as ICruiseOptions,
);
if (typeof cruised.output === "string") throw new Error("the cruiser answered with text");
const { summary } = cruised.output;
for (const violation of summary.violations) {
  console.error(`${violation.rule.name}: ${violation.from} -> ${violation.to}`);
}
console.log(`arrows: ${summary.totalCruised} modules, ${summary.violations.length} violations`);
if (summary.totalCruised < FEWEST_MODULES || summary.violations.length > 0) process.exitCode = 1;
