/** The arrows between packages (ARCHITECTURE.md). Whatever is not allowed here is refused. */
const may = (from, ...to) => ({
  name: `${from.replaceAll("/", "-")}-reaches-only-what-it-may`,
  severity: "error",
  from: { path: `^${from}/src` },
  to: {
    path: "^(contracts|registry|store|formats|sandbox|signatures|services|cli|test)/",
    pathNot: [from, ...to].map((name) => `^${name}/`),
  },
});

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "nothing-unresolved",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^@?pcap-parser" },
    },
    {
      name: "engine-client-only-under-sandbox-docker",
      severity: "error",
      from: { pathNot: "^sandbox/src/docker/" },
      to: { path: "node_modules/dockerode" },
    },
    may("contracts"),
    may("registry", "contracts"),
    may("formats", "contracts"),
    may("signatures", "contracts"),
    may("sandbox", "contracts"),
    may("services/analyzer", "contracts", "registry", "signatures", "sandbox"),
    may("cli", "contracts", "formats", "sandbox", "signatures", "services/analyzer"),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|build)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      conditionNames: ["@airlock/source", "import", "types", "default"],
      exportsFields: ["exports"],
    },
  },
};
