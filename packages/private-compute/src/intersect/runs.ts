import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tagWords } from './tags.ts';

const parts = 256;
const recordWords = 4;
const chunkRecords = 1024;
/** Records of 16 bytes kept in memory before they go to files: half a gigabyte. */
export const heldRecordsMax = 2 ** 25;

/** Distinct tags in ascending order, as three words each, and for each record in that order its row. */
export interface Run {
  tags: Uint32Array;
  rows: Uint32Array;
  /** 1 where a record has the tag of the one before it. */
  again: Uint8Array;
}

/**
 * Tags with their rows, put in order of tag part by part. Tags look random, so their order says nothing about that of the rows: this is
 * the shuffle, and it takes duplicates out on the way. Needs memory for `heldMax` records and one part; the rest waits in files that
 * only this user can read, in a folder of its own under `folder`.
 */
export class Runs {
  #full: Uint32Array[][] = Array.from({ length: parts }, () => []);
  #open: Uint32Array[] = Array.from({ length: parts }, () => new Uint32Array(chunkRecords * recordWords));
  #filled = new Uint32Array(parts);
  #held = 0;
  #spill: string | undefined;
  readonly #folder: string;
  readonly #heldMax: number;
  records = 0;

  constructor(folder: string, heldMax = heldRecordsMax) {
    this.#folder = folder;
    this.#heldMax = heldMax;
  }

  add(t0: number, t1: number, t2: number, row: number): void {
    const part = t0 >>> 24;
    let at = this.#filled[part]!;
    if (at === chunkRecords * recordWords) {
      this.#full[part]!.push(this.#open[part]!);
      this.#open[part] = new Uint32Array(chunkRecords * recordWords);
      this.#held += chunkRecords;
      at = 0;
    }
    const chunk = this.#open[part]!;
    chunk[at] = t0;
    chunk[at + 1] = t1;
    chunk[at + 2] = t2;
    chunk[at + 3] = row;
    this.#filled[part] = at + recordWords;
    this.records++;
  }

  /** To be awaited now and then while adding: puts full chunks on disk once too many are held. */
  async relieve(): Promise<void> {
    if (this.#held < this.#heldMax) return;
    this.#spill ??= await mkdtemp(join(this.#folder, 'runs-'));
    for (let part = 0; part < parts; part++) {
      const chunks = this.#full[part]!;
      if (chunks.length === 0) continue;
      await appendFile(this.#fileOf(part), Buffer.concat(chunks.map(bytesOf)), { mode: 0o600 });
      this.#full[part] = [];
    }
    this.#held = 0;
  }

  /** Each part once, in ascending order; a part's memory is given back before the next. */
  async *sorted(): AsyncGenerator<Run> {
    for (let part = 0; part < parts; part++) {
      const chunks = this.#full[part]!;
      const tail = this.#open[part]!.subarray(0, this.#filled[part]);
      const before = this.#spill === undefined ? [] : await this.#spilled(part);
      this.#full[part] = [];
      this.#open[part] = new Uint32Array(0);
      yield sortRecords([...before, ...chunks, tail]);
    }
  }

  async close(): Promise<void> {
    if (this.#spill !== undefined) await rm(this.#spill, { recursive: true, force: true });
  }

  #fileOf(part: number): string {
    return join(this.#spill!, String(part));
  }

  async #spilled(part: number): Promise<Uint32Array[]> {
    const bytes = await readFile(this.#fileOf(part)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    return [new Uint32Array(Uint8Array.from(bytes).buffer)];
  }
}

export const bytesOf = (words: Uint32Array): Buffer => Buffer.from(words.buffer, words.byteOffset, words.byteLength);

/** One bucket for about two records, since tags spread evenly; then few moves are left for the insertion sort. */
const sortRecords = (chunks: readonly Uint32Array[]): Run => {
  const count = chunks.reduce((sum, one) => sum + one.length / recordWords, 0);
  const bits = Math.max(1, Math.min(24, 31 - Math.clz32(count + 1)));
  const shift = 24 - bits;
  const ends = new Uint32Array((1 << bits) + 1);
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += recordWords) ends[((chunk[at]! & 0xffffff) >>> shift) + 1]! += 1;
  }
  for (let n = 1; n < ends.length; n++) ends[n]! += ends[n - 1]!;
  const sorted = new Uint32Array(count * recordWords);
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += recordWords) {
      const to = ends[(chunk[at]! & 0xffffff) >>> shift]!++ * recordWords;
      sorted[to] = chunk[at]!;
      sorted[to + 1] = chunk[at + 1]!;
      sorted[to + 2] = chunk[at + 2]!;
      sorted[to + 3] = chunk[at + 3]!;
    }
  }
  insertionSort(sorted);
  return distinct(sorted, count);
};

const insertionSort = (records: Uint32Array): void => {
  for (let at = recordWords; at < records.length; at += recordWords) {
    const t0 = records[at]!;
    const t1 = records[at + 1]!;
    const t2 = records[at + 2]!;
    let to = at;
    while (to > 0 && isBelow(t0, t1, t2, records, to - recordWords)) to -= recordWords;
    if (to === at) continue;
    const row = records[at + 3]!;
    records.copyWithin(to + recordWords, to, at);
    records[to] = t0;
    records[to + 1] = t1;
    records[to + 2] = t2;
    records[to + 3] = row;
  }
};

const isBelow = (t0: number, t1: number, t2: number, records: Uint32Array, at: number): boolean => {
  const u0 = records[at]!;
  if (t0 !== u0) return t0 < u0;
  const u1 = records[at + 1]!;
  if (t1 !== u1) return t1 < u1;
  return t2 < records[at + 2]!;
};

const distinct = (sorted: Uint32Array, count: number): Run => {
  const tags = new Uint32Array(count * tagWords);
  const rows = new Uint32Array(count);
  const again = new Uint8Array(count);
  let unique = 0;
  for (let n = 0; n < count; n++) {
    const at = n * recordWords;
    rows[n] = sorted[at + 3]!;
    const same =
      n > 0 && sorted[at] === sorted[at - 4] && sorted[at + 1] === sorted[at - 3] && sorted[at + 2] === sorted[at - 2];
    if (same) {
      again[n] = 1;
      continue;
    }
    const to = unique++ * tagWords;
    tags[to] = sorted[at]!;
    tags[to + 1] = sorted[at + 1]!;
    tags[to + 2] = sorted[at + 2]!;
  }
  return { tags: tags.subarray(0, unique * tagWords), rows, again };
};
