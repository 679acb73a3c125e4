import { defineConfig } from "vitest/config";

const resolve = { conditions: ["@airlock/source"] };
const ssr = { resolve };

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: ["*/src/**/*.test.ts", "services/*/src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["**/*.host.test.ts", "**/node_modules/**"],
          // Generous: machines are shared, and no test is about speed.
          testTimeout: 60_000,
        },
      },
      {
        // Real containers, namespaces and kernel programs: one at a time, as root.
        resolve,
        ssr,
        test: {
          name: "host",
          include: ["**/*.host.test.ts"],
          // In .airlock a test image may be half built, with a /proc of its own mounted.
          exclude: ["**/node_modules/**", "**/dist/**", ".airlock/**"],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
