import { Fault } from "@airlock/contracts";
import { describe, expect, it } from "vitest";
import { formatFaultLine } from "./fault-line.ts";

describe("formatFaultLine", () => {
  it("is one line with message, hint and code", () => {
    const fault = new Fault("IMAGE_NOT_FOUND", "there is no such image.", { hint: "`docker images` lists them" });
    expect(formatFaultLine(fault)).toBe(
      "airlock: there is no such image (`docker images` lists them) [IMAGE_NOT_FOUND]\n",
    );
  });

  it("stays one harmless line whatever a registry or an image called itself", () => {
    const line = formatFaultLine(new Fault("REGISTRY_ERROR", "a\nb\u001b[2J\u202e\r", { hint: "x\u0007\ny" }));
    expect(line.match(/\n/g)).toHaveLength(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });
});
