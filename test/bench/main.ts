/** `npm run bench -- NAME`: a table for people, then one JSON object as the last line. */
const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<Record<string, unknown>> }>>> = {
  startup: () => import("./startup.ts"),
};

const name = process.argv[2] ?? "";
const load = BENCHES[name];
if (load === undefined) {
  console.error(`airlock: no benchmark "${name}"; there are: ${Object.keys(BENCHES).join(", ")} [USAGE]`);
  process.exit(1);
}
const bench = await load();
console.log(JSON.stringify(await bench.run()));
