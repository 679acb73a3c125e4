/** The mining protocols (Stratum v1 and the CryptoNote dialect): jobs that keep a miner busy and lead nowhere. */

const ZERO_HASH = "0".repeat(64);
const CRYPTONOTE_JOB = {
  job_id: "1",
  height: 3_000_000,
  algo: "rx/0",
  target: "b88d0600",
  seed_hash: "5f".repeat(32),
  blob: `1010${"a7".repeat(74)}`,
};

/** Answer to one line, `""` when it is no request. The line is hostile: anything that isn't JSON as expected is passed over. */
export function answerStratum(line: string): string {
  const request = parseRequest(line);
  if (request === null) return "";
  const { id, method } = request;
  switch (method) {
    case "login":
      return lines({ id, jsonrpc: "2.0", error: null, result: { id: "1", job: CRYPTONOTE_JOB, status: "OK" } });
    case "submit":
    case "keepalived":
      return lines({ id, jsonrpc: "2.0", error: null, result: { status: "OK" } });
    case "mining.subscribe":
      return lines({
        id,
        error: null,
        result: [
          [
            ["mining.set_difficulty", "1"],
            ["mining.notify", "1"],
          ],
          "08000002",
          4,
        ],
      });
    case "mining.authorize":
      return lines({ id, error: null, result: true }, difficulty(), notification());
    default:
      return lines({ id, jsonrpc: "2.0", error: null, result: true });
  }
}

function parseRequest(line: string): { id: number | string | null; method: string } | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("method" in value) || typeof value.method !== "string")
      return null;
    const id = "id" in value ? value.id : null;
    const known = typeof id === "number" || (typeof id === "string" && id.length <= 64);
    return { id: known ? id : null, method: value.method };
  } catch {
    return null;
  }
}

function difficulty() {
  return { id: null, method: "mining.set_difficulty", params: [1024] };
}

function notification() {
  const coinbase = "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff";
  return {
    id: null,
    method: "mining.notify",
    params: ["1", ZERO_HASH, coinbase, "ffffffff", [], "20000000", "1d00ffff", "69000000", true],
  };
}

function lines(...messages: object[]): string {
  return messages.map((message) => `${JSON.stringify(message)}\n`).join("");
}
