/** Registers are 64 bits wide; where a call takes an int, the kernel reads the lower half and its sign. */
export function toInt(value: bigint | undefined): number {
  return Number(BigInt.asIntN(32, value ?? 0n));
}

export function toHex(value: bigint | undefined): string {
  return `0x${BigInt.asUintN(64, value ?? 0n).toString(16)}`;
}
