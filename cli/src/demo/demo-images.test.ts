import { packImage } from "@airlock/sandbox";
import { expect, it } from "vitest";
import { packDemoImages } from "./demo-images.ts";

it("packs one image that should be harmless and one that should not, the same bytes each time", async () => {
  const [first, second] = [await packDemoImages(), await packDemoImages()];
  expect(first.map(({ expected }) => expected)).toEqual(["benign", "malicious"]);
  const digests = async (images: typeof first) =>
    Promise.all(images.map(async ({ image }) => (await packImage(image)).configDigest));
  expect(await digests(first)).toEqual(await digests(second));
  expect(new Set(await digests(first)).size).toBe(2);
});
