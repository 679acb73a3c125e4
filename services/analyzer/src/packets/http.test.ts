import { expect, test } from "vitest";
import { readHttpStatuses, readHttpRequests as readLazily } from "./http.ts";
import { buildConnection } from "./testing/capture-builder.ts";
import { decodeFrames, PEER, SAMPLE } from "./testing/decoding.ts";

const readHttpRequests = (content: Buffer) => [...readLazily(content)];
const bytes = (text: string) => Buffer.from(text, "latin1");

test("reads pipelined requests with their answers' statuses", async () => {
  const { http, flows } = await decodeFrames(
    buildConnection(SAMPLE, PEER, [
      {
        by: "client",
        bytes:
          "GET /a?x=1&y HTTP/1.1\r\nHost: c2.example:8080\r\nUser-Agent: curl/8\r\nReferer: http://r/\r\nCookie: id=1\r\n\r\n" +
          "POST /up HTTP/1.1\r\nhost: c2.example\r\nContent-Length: 9\r\n\r\nuser=root" +
          "HEAD / HTTP/1.0\n\n",
      },
      { by: "server", bytes: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody" },
      { by: "server", bytes: "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" },
      { by: "server", bytes: "HTTP/1.1 302 Found\r\nContent-Length: 10\r\n\r\n" },
    ]),
  );
  expect(flows[0]).toMatchObject({ application: "http", destinationPort: 443, initiatedBySample: true });
  expect(http).toMatchObject([
    {
      flow: 0,
      method: "GET",
      uri: "/a?x=1&y",
      query: "x=1&y",
      host: "c2.example:8080",
      userAgent: "curl/8",
      referrer: "http://r/",
      cookie: "id=1",
      status: 200,
      contentLength: null,
      requestBodyHead: "",
    },
    { method: "POST", uri: "/up", host: "c2.example", status: 404, contentLength: 9, requestBodyHead: "user=root" },
    { method: "HEAD", uri: "/", host: "", userAgent: "", status: 302, bytes: 17 },
  ]);
});

test("joins the chunks of a request's body and goes on behind the trailers", () => {
  const requests = readHttpRequests(
    bytes(
      "PUT /x HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n4;ext=1\r\nWiki\r\n5\r\npedia\r\n0\r\nT: 1\r\n\r\nGET /next HTTP/1.1\r\n\r\n",
    ),
  );
  expect(requests.map(({ uri, bodyHead }) => [uri, bodyHead])).toEqual([
    ["/x", "Wikipedia"],
    ["/next", ""],
  ]);
});

test("reads what there is of a cut head or body", () => {
  const [cutHead] = readHttpRequests(bytes("GET /half HTTP/1.1\r\nHost: c2.example\r\nUser-Ag"));
  expect(cutHead).toMatchObject({ uri: "/half", host: "c2.example", userAgent: "" });
  const [cutBody] = readHttpRequests(bytes("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\npart"));
  expect(cutBody).toMatchObject({ contentLength: 1_000_000, bodyHead: "part", bytes: 48 });
  expect(readHttpRequests(bytes("GET /no-line-end HTTP/1.1"))).toEqual([]);
});

test("takes the host of an absolute target, and leaves a tunnel's content alone", () => {
  expect(readHttpRequests(bytes("GET http://proxy.example:81/p?q HTTP/1.1\r\n\r\n"))[0]).toMatchObject({
    host: "proxy.example:81",
    query: "q",
  });
  const tunnel = bytes("CONNECT c2.example:443 HTTP/1.1\r\n\r\nGET /inside HTTP/1.1\r\n\r\n");
  expect(readHttpRequests(tunnel).map((request) => request.uri)).toEqual(["c2.example:443"]);
  expect(readHttpStatuses(bytes("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 500 No\r\n\r\n"), ["CONNECT", "GET"])).toEqual([200]);
});

test("makes hostile fields printable and bounds them", () => {
  const [request] = readHttpRequests(
    bytes(`GET /\u001b[31m\xff HTTP/1.1\r\nUser-Agent: ${"A".repeat(9000)}\r\nCookie: a\0b\r\n\r\n`),
  );
  expect(request?.uri).toBe("/\\x1b[31m\ufffd");
  expect(request?.userAgent).toHaveLength(4095);
  expect(request?.cookie).toBe("a\\x00b");
});

test("does not read lengths that are no numbers, nor statuses that are none", () => {
  const [request] = readHttpRequests(bytes("POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nGET"));
  expect(request).toMatchObject({ contentLength: null, bytes: 39 });
  expect(readHttpStatuses(bytes("HTTP/1.1 2000 OK\r\n\r\n"), ["GET"])).toEqual([]);
  expect(readHttpStatuses(bytes("SSH-2.0-x\r\n"), ["GET"])).toEqual([]);
});

test("says the time of each request of a long connection", async () => {
  const frames = buildConnection(SAMPLE, PEER, [
    { by: "client", bytes: "GET /1 HTTP/1.1\r\n\r\n" },
    { by: "server", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
    { by: "client", bytes: "GET /2 HTTP/1.1\r\n\r\n" },
  ]);
  const { http } = await decodeFrames(frames);
  expect(http.map((request) => request.time - 1_700_000_000_000_000_000n)).toEqual([3_000_000n, 5_000_000n]);
  expect(http.map((request) => request.status)).toEqual([200, null]);
});
