import { expect, it } from "vitest";
import { NameBook } from "./name-book.ts";

const book = () => new NameBook("Payments-1", ["172.17.0.2", "fd00::2"]);

it("gives each name addresses of its own, the same when asked again", () => {
  const names = book();
  const seen = new Set<string>();
  for (let index = 0; index < 70_000; index++) {
    const [ipv4, ipv6] = names.addresses(`n${index}.test`);
    seen.add(ipv4).add(ipv6);
  }
  expect(seen.size).toBe(140_000);
  expect(names.addresses("n0.test")).toEqual(["198.18.0.1", "2001:db8:5eed::1"]);
  expect(names.addresses("n69999.test")).toEqual(["198.19.17.112", "2001:db8:5eed::1:1170"]);
});

it("finds the name of an address", () => {
  const names = book();
  for (let index = 0; index < 70_000; index++) names.addresses(`n${index}.test`);
  for (const name of ["n0.test", "n255.test", "n69999.test"]) {
    for (const address of names.addresses(name)) expect(names.nameOf(address)).toBe(name);
  }
  expect(names.nameOf("198.19.255.255")).toBeNull();
  expect(names.nameOf("8.8.8.8")).toBeNull();
});

it("keeps to itself what is local", () => {
  const names = book();
  expect(names.addresses("localhost")).toEqual(["127.0.0.1", "::1"]);
  expect(names.addresses("payments-1")).toEqual(["172.17.0.2", "fd00::2"]);
  expect(names.nameOf("172.17.0.2")).toBe("payments-1");
});

it("does not grow beyond its bound", () => {
  const names = book();
  for (let index = 0; index < 100_000; index++) names.addresses(`n${index}.test`);
  expect(names.addresses("late.test")).toEqual(names.addresses("later.test"));
  expect(names.nameOf(names.addresses("late.test")[0])).toBeNull();
});
