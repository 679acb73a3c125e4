import { describe, expect, it } from "vitest";
import { judgeKernel, judgeSpace } from "./host-checks.ts";
import { judgeRunc } from "./runc-version.ts";
import { isOlder } from "./version.ts";

describe("versions", () => {
  it("compares numbers, not letters", () => {
    expect(isOlder("5.10.0-21-amd64", "5.8")).toBe(false);
    expect(isOlder("4.19.0", "5.8")).toBe(true);
    expect(isOlder("6.18.44-fc", "6.18.44")).toBe(false);
    expect(isOlder("28.0.4", "28.1")).toBe(true);
  });

  it.each([
    ["1.1.11", "fail"],
    ["1.0.0~rc93+ds1-5+deb11u3", "fail"],
    // Debian fixed the leak without raising the number.
    ["1.1.5+ds1-1+deb12u1", "warn"],
    ["1.1.5+ds1-1", "fail"],
    ["1.1.12", "warn"],
    ["1.2.7", "warn"],
    ["1.2.8", "ok"],
    ["1.3.2", "warn"],
    ["1.3.3", "ok"],
    ["1.4.0", "ok"],
    ["", "warn"],
  ])("judges runc %s as %s", (version, status) => {
    expect(judgeRunc(version).status).toBe(status);
  });

  it.each([
    ["5.4.0-150-generic", "fail"],
    ["5.10.0-30-amd64", "warn"],
    ["6.1.0-18-amd64", "ok"],
  ])("judges kernel %s as %s", (version, status) => {
    expect(judgeKernel(version).status).toBe(status);
  });

  it("measures the space of the file system that holds a folder", () => {
    expect(judgeSpace("/").measured).toMatch(/^\d+\.\d GiB free in \/$/);
  });
});
