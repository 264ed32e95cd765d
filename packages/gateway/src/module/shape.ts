/**
 * Memories and tables that a module declares, read from its bytes (WebAssembly core specification, 5.5): JavaScript's interface tells
 * of imports and exports, not of limits. What this does not know is told as undefined and refused; whether the rest is valid is the
 * engine's to say.
 */
export interface Bounds {
  least: number;
  /** Undefined where none is declared, or the memory is shared or of 64 bits. */
  most: number | undefined;
}
export interface Shape {
  memories: Bounds[];
  tables: Bounds[];
}

const SECTION = { table: 4, memory: 5 } as const;
const REFERENCES = [0x70, 0x6f];

class Bytes {
  private at: number;
  private readonly all: Uint8Array;
  readonly end: number;
  constructor(all: Uint8Array, at: number, end: number) {
    this.all = all;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.done) throw new RangeError('cut off');
    return this.all[this.at++]!;
  }

  /** LEB128, of 32 bits. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('too long a number');
  }

  part(length: number): Bytes {
    const end = this.at + length;
    if (end > this.end) throw new RangeError('cut off');
    const part = new Bytes(this.all, this.at, end);
    this.at = end;
    return part;
  }
}

const bounds = (from: Bytes): Bounds => {
  const flags = from.byte();
  const least = from.number();
  if (flags === 0) return { least, most: undefined };
  if (flags === 1) return { least, most: from.number() };
  throw new RangeError('limits of another kind');
};

const many = (from: Bytes, one: (from: Bytes) => Bounds): Bounds[] => {
  const count = from.number();
  // Each takes two bytes at the least.
  if (count > from.end) throw new RangeError('cut off');
  return Array.from({ length: count }, () => one(from));
};

const table = (from: Bytes): Bounds => {
  if (!REFERENCES.includes(from.byte())) throw new RangeError('a table of another kind');
  return bounds(from);
};

/** Undefined where a section cannot be read: cut off, or of a kind that came later. */
export function moduleShape(module: Uint8Array): Shape | undefined {
  const shape: Shape = { memories: [], tables: [] };
  try {
    // After the magic word and the version.
    const all = new Bytes(module, 8, module.length);
    while (!all.done) {
      const section = all.byte();
      const content = all.part(all.number());
      if (section === SECTION.memory) shape.memories.push(...many(content, bounds));
      if (section === SECTION.table) shape.tables.push(...many(content, table));
    }
    return shape;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
