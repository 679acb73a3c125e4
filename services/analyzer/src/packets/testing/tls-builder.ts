export interface HelloFields {
  readonly ciphers: readonly number[];
  /** Type and body as hex, in order; null leaves the block out. */
  readonly extensions: readonly (readonly [number, string])[] | null;
  readonly version?: number;
}

/** A ClientHello in one record, with an eight byte session id. */
export function buildClientHello({ ciphers, extensions, version = 0x0303 }: HelloFields): Buffer {
  return wrap(1, [
    number16(version),
    Buffer.alloc(32, 0x77),
    Buffer.from([8]),
    Buffer.alloc(8),
    number16(ciphers.length * 2),
    ...ciphers.map(number16),
    Buffer.from([1, 0]),
    extensions === null ? Buffer.alloc(0) : extensionBlock(extensions),
  ]);
}

/** A ServerHello that chooses `chosen` by extension, if given. */
export function buildServerHello(version: number, chosen?: number): Buffer {
  const extensions = chosen === undefined ? [] : [[43, number16(chosen).toString("hex")] as const];
  const tail = Buffer.from([0, 0x13, 0x01, 0]);
  return wrap(2, [number16(version), Buffer.alloc(32, 0x55), tail, extensionBlock(extensions)]);
}

/** The same handshake bytes in records of at most `size` bytes. */
export function splitRecords(record: Buffer, size: number): Buffer {
  const handshake = record.subarray(5);
  const parts: Buffer[] = [];
  for (let offset = 0; offset < handshake.length; offset += size) {
    const part = handshake.subarray(offset, offset + size);
    parts.push(Buffer.from([22, 3, 1]), number16(part.length), part);
  }
  return Buffer.concat(parts);
}

function wrap(kind: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const handshake = Buffer.concat([Buffer.from([kind, 0]), number16(body.length), body]);
  return Buffer.concat([Buffer.from([22, 3, 1]), number16(handshake.length), handshake]);
}

function extensionBlock(extensions: readonly (readonly [number, string])[]): Buffer {
  const parts = extensions.map(([type, hex]) => {
    const body = Buffer.from(hex, "hex");
    return Buffer.concat([number16(type), number16(body.length), body]);
  });
  const block = Buffer.concat(parts);
  return Buffer.concat([number16(block.length), block]);
}

function number16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
