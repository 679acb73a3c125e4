import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileRuleSet } from "./compile.ts";
import { listSignatures } from "./list.ts";
import { loadSignatures, readSignatures } from "./load.ts";
import { hashRuleSet } from "./rule-set-hash.ts";
import { ruleText, signaturesFrom } from "./testing/make-signature.ts";

const detection = "{a: {Image: /bin/x}, condition: a}";
const good = ruleText(detection);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "airlock-load-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function problemsOf(text: string): Promise<{ line: number; reason: string }[]> {
  const rules = await mkdtemp(join(folder, "rules-"));
  await writeFile(join(rules, "rule-name.yml"), text);
  return (await readSignatures({ packs: null, folders: [rules] })).problems;
}

describe("loading", () => {
  it("names a signature by its file, or by its folder when the file is rule.yml", async () => {
    const rules = await mkdtemp(join(folder, "names-"));
    await mkdir(join(rules, "deep", "my-slug"), { recursive: true });
    await writeFile(join(rules, "deep", "my-slug", "rule.yml"), good);
    await writeFile(join(rules, "public_rule.yml"), good);
    await writeFile(join(rules, "readme.md"), "no rule");
    await symlink("/etc", join(rules, "link"));
    const loaded = await loadSignatures({ packs: null, folders: [rules] });
    expect(loaded.map(({ id, source, file }) => [id, source, file])).toEqual([
      ["my-slug", "user", "deep/my-slug/rule.yml"],
      ["public_rule", "user", "public_rule.yml"],
    ]);
  });

  it("tells tags from techniques, and replaces revoked ones", async () => {
    const tags = "tags: [attack.persistence, attack.t1053.003, attack.t1562.001, attack.g0020, cve.2021-1]\n";
    const [signature] = await signaturesFrom({ "r.yml": good + tags });
    expect(signature).toMatchObject({
      techniques: ["T1053.003", "T1685"],
      tactics: ["TA0002", "TA0003", "TA0004", "TA0112"],
      level: "medium",
      uuid: "",
    });
  });

  it.each([
    ["file_placement", ["file_event", "file_rename"]],
    ["file_erasure", ["file_delete", "file_change"]],
    ["file_opening", ["file_access", "file_event"]],
    ["sent_data", ["payload", "proxy"]],
    ["file_create", ["file_event"]],
  ])("sees all of %s", async (category, expected) => {
    const [signature] = await signaturesFrom({ "r.yml": ruleText(detection, { category }) });
    expect(signature?.categories).toEqual(expected);
  });

  it.each<[string, string, number, RegExp]>([
    ["no YAML", "title: [", 1, /./],
    ["a key twice", "title: a\ntitle: b\n", 2, /unique/],
    ["no title", "logsource: {category: output}\ndetection: {a: [x], condition: a}\n", 1, /title/],
    ["a wrong level", good.replace("level: medium", "level: grave"), 3, /level/],
    ["no condition", ruleText("{a: {Image: x}}"), 4, /condition/],
    ["a condition that names nothing", ruleText("  a: {Image: x}\n  condition: b"), 6, /"b"/],
    ["an unknown modifier", ruleText("  a:\n    Image|has: x\n  condition: a"), 6, /has/],
    ["a malformed expression", ruleText("  a:\n    CommandLine|re: '('\n  condition: a"), 6, /malformed/],
    ["a nested value", ruleText("  a:\n    Image:\n      - [x]\n  condition: a"), 7, /value/],
    ["an empty search", ruleText("{a: {}, condition: a}"), 4, /empty/],
    ["an alias bomb", `a: &a [${"x,".repeat(100)}]\nb: &b [${"*a,".repeat(20)}]\nc: [${"*b,".repeat(20)}]\n`, 1, /./],
    ["a text", "only words\n", 1, /./],
    ["nothing", "", 1, /./],
    ["a file of megabytes", `# ${"x".repeat(600_000)}\n${good}`, 1, /longer/],
  ])("says where %s is wrong", async (_what, text, line, reason) => {
    const problems = await problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ line, reason: expect.stringMatching(reason) });
  });

  it("fails whole when one rule is wrong, naming file and line", async () => {
    const failed = signaturesFrom({ "good.yml": good, "bad.yml": `${good}status: new\n` });
    await expect(failed).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
      message: expect.stringMatching(/bad\.yml:5: status/),
    });
  });

  it("refuses two rules of one name or one id, and a folder that isn't there", async () => {
    const id = "id: 5f0a4c1e-6f3b-4b52-9f0e-0a1d6c1f7b11\n";
    const twice = { "a.yml": good + id, "b.yml": good + id.toUpperCase().replace("ID", "id") };
    await expect(signaturesFrom(twice)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
    await expect(loadSignatures({ folders: [join(folder, "missing")] })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
  });

  it.each<[string, string, RegExp]>([
    ["another product", good.replace("product: linux", "product: windows"), /windows/],
    ["a category that isn't recorded", ruleText(detection, { category: "registry_set" }), /registry_set/],
    ["a category named like a method", ruleText(detection, { category: "constructor" }), /constructor/],
    ["audit records", good.replace("category: process_creation", "service: auditd"), /field Image/],
    ["fields of log lines", good.replace("category: process_creation", "service: sshd"), /Image/],
    ["look-around", ruleText("{a: {CommandLine|re: '(?=x)'}, condition: a}"), /linear/],
    ["a deprecated rule", `${good}status: deprecated\n`, /deprecated/],
  ])("keeps a rule on %s and says why it doesn't apply", async (_what, text, reason) => {
    const [listed] = listSignatures(await signaturesFrom({ "r.yml": text }));
    expect(listed).toMatchObject({ applies: false, reason: expect.stringMatching(reason) });
  });
});

describe("the hash of a rule set", () => {
  it("knows content and nothing of order, comments or place", async () => {
    const other = ruleText("{a: {Image: /bin/y}, condition: a}");
    const one = await signaturesFrom({ "a.yml": good, "b.yml": other });
    const two = await signaturesFrom({ "b.yml": `# note\n${other}`, "a.yml": good });
    expect(hashRuleSet(two)).toBe(hashRuleSet(one));
    expect(hashRuleSet(one.toReversed())).toBe(hashRuleSet(one));
    const changed = await signaturesFrom({ "a.yml": good, "b.yml": other.replace("/bin/y", "/bin/z") });
    expect(hashRuleSet(changed)).not.toBe(hashRuleSet(one));
    expect(hashRuleSet(one)).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});

const publicRules =
  process.env["AIRLOCK_SIGMA_RULES"] ?? fileURLToPath(new URL("../../../shared/sigma-linux", import.meta.url));

// The public rules are not ours to ship: whoever has them runs this, and the skip is counted by the runner.
describe.skipIf(!existsSync(publicRules))(`public Linux rules (AIRLOCK_SIGMA_RULES)`, () => {
  it("all load unmodified, and each applies or says why not", async () => {
    const { signatures, problems } = await readSignatures({ packs: null, folders: [publicRules] });
    expect(problems).toEqual([]);
    expect(signatures.length).toBeGreaterThan(200);
    for (const { applies, reason } of listSignatures(signatures)) expect(applies).toBe(reason === null);
    expect(compileRuleSet(signatures).categories.get("process_creation")?.rules.length).toBeGreaterThan(100);
  });

  it("load beside the shipped ones", async () => {
    const both = await loadSignatures({ folders: [publicRules] });
    expect(new Set(both.map(({ source }) => source))).toEqual(new Set(["shipped", "user"]));
  });
});
