import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { contentFor, type HttpQuestion } from "./http-content.ts";

const PROGRAM = Buffer.from("\x7fELF");
const ask = (question: Partial<HttpQuestion>) =>
  contentFor({ method: "GET", host: "c2.test", path: "/", accept: "", userAgent: "", ...question }, PROGRAM);

it.each([
  ["script", { path: "/x.sh" }],
  ["script", { path: "/install", userAgent: "curl/8", accept: "*/*" }],
  ["script", { path: "/", host: "get.docker.test", userAgent: "curl/8" }],
  ["script", { path: "/a.py", accept: "text/html" }],
  ["program", { path: "/stage2.bin" }],
  ["program", { path: "/mirai.arm7" }],
  ["program", { path: "/xmrig", userAgent: "Wget/1.21", accept: "*/*" }],
  ["program", { path: "/download", accept: "application/octet-stream" }],
  ["json", { path: "/v1/config.json" }],
  ["json", { path: "/v1/config", accept: "application/json" }],
  ["json", { path: "/collect", method: "POST" }],
  ["html", { path: "/", userAgent: "curl/8" }],
  ["html", { path: "/deep/page", accept: "text/html,*/*" }],
  ["text", { path: "/", host: "api.ipify.org", userAgent: "curl/8" }],
  ["archive", { path: "/tools.tar.gz" }],
] as const)("gives %s for %j", (kind, question) => {
  expect(ask(question).kind).toBe(kind);
});

it("gives archives that open", () => {
  expect(gunzipSync(ask({ path: "/a.tgz" }).body)).toHaveLength(0);
});

it("has an answer to everything", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (path, accept, userAgent) => {
      expect(ask({ path: `/${path}`, accept, userAgent }).body.length).toBeGreaterThan(0);
    }),
  );
  for (const path of ["/x.constructor", "/x.__proto__", "/x.toString"]) expect(ask({ path }).kind).toBe("program");
});
