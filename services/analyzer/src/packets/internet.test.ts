import { expect, test } from "vitest";
import { decodeIpv4, decodeIpv6, formatAddress } from "./internet.ts";
import { decodeLink } from "./link-layer.ts";
import { buildEthernet, buildIp } from "./testing/capture-builder.ts";

const payload = Buffer.from("payload");
const ipv4 = buildIp({ source: "10.0.0.2", destination: "10.0.0.1", protocol: 17, payload });
const ipv6 = buildIp({ source: "fd00::2", destination: "fd00::1", protocol: 17, payload });

test("takes off VLAN tags, cooked and loopback headers", () => {
  const tagged = decodeLink("ethernet", buildEthernet(0x0800, ipv4, [5, 7]));
  expect(tagged).toEqual({ etherType: 0x0800, payload: ipv4 });
  const sll = Buffer.concat([Buffer.from("00000001000602000000000a0000".padEnd(28, "0"), "hex"), Buffer.from([8, 0])]);
  expect(decodeLink("sll", Buffer.concat([sll, ipv4]))).toEqual({ etherType: 0x0800, payload: ipv4 });
  const sll2 = Buffer.concat([Buffer.from([0x86, 0xdd]), Buffer.alloc(18), ipv6]);
  expect(decodeLink("sll2", sll2)).toEqual({ etherType: 0x86dd, payload: ipv6 });
  expect(decodeLink("loopback", Buffer.concat([Buffer.alloc(4), ipv6]))?.etherType).toBe(0x86dd);
  expect(decodeLink("raw", ipv4)?.etherType).toBe(0x0800);
});

test("is null for a frame or header that is not all there", () => {
  for (const linkType of ["ethernet", "sll", "sll2", "loopback", "raw"] as const) {
    expect(decodeLink(linkType, Buffer.alloc(0))).toBeNull();
    expect(decodeLink(linkType, Buffer.alloc(3))).toBeNull();
  }
  for (let length = 0; length < 20; length++) expect(decodeIpv4(ipv4.subarray(0, length))).toBeNull();
  for (let length = 0; length < 40; length++) expect(decodeIpv6(ipv6.subarray(0, length))).toBeNull();
});

test("leaves link padding out of an IPv4 payload and honours options", () => {
  const padded = Buffer.concat([ipv4, Buffer.alloc(12)]);
  expect(decodeIpv4(padded)?.payload.toString()).toBe("payload");
  const options = Buffer.concat([ipv4.subarray(0, 20), Buffer.alloc(8), payload]);
  options[0] = 0x47;
  options.writeUInt16BE(options.length, 2);
  expect(decodeIpv4(options)?.payload.toString()).toBe("payload");
});

test("walks IPv6 extension headers, and refuses a packet of nothing else", () => {
  const extended = (headers: number) => {
    const chain = Array.from({ length: headers }, (_, index) => {
      const header = Buffer.alloc(8);
      header[0] = index === headers - 1 ? 17 : 60;
      return header;
    });
    const packet = Buffer.concat([ipv6.subarray(0, 40), ...chain, payload]);
    packet[6] = 60;
    packet.writeUInt16BE(packet.length - 40, 4);
    return decodeIpv6(packet);
  };
  expect(extended(3)).toMatchObject({ protocol: 17, payload });
  expect(extended(9)).toBeNull();
});

test("writes addresses in their short form", () => {
  const texts = ["fd00::2", "::1", "::", "2001:db8::1:0:0:1", "1:0:2:3:4:5:6:7", "fe80::"];
  for (const text of texts) {
    const packet = buildIp({ source: text, destination: "::1", protocol: 17, payload });
    expect(formatAddress(packet.subarray(8, 24))).toBe(text);
  }
  expect(formatAddress(Buffer.from([198, 51, 100, 7]))).toBe("198.51.100.7");
});
