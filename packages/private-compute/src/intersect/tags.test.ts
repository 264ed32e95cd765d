import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Runs } from './runs.ts';
import { Tagger } from './tags.ts';

const tagsOf = (key: Buffer, messages: readonly Buffer[]): string[] => {
  const found: string[] = [];
  const tagger = new Tagger(key, (t0, t1, t2, row) => {
    const bytes = Buffer.alloc(12);
    [t0, t1, t2].forEach((word, at) => {
      bytes.writeUInt32LE(word, at * 4);
    });
    found[row] = bytes.toString('hex');
  });
  messages.forEach((message, row) => {
    tagger.add(message, message.length, row);
  });
  tagger.end();
  return found;
};

// NIST SP 800-38B, appendix D, and RFC 4493, section 4: message lengths 0, 16, 40 and 64.
const message = Buffer.from(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  'hex',
);
const lengths = [0, 16, 40, 64];
test.each([
  [
    '2b7e151628aed2a6abf7158809cf4f3c',
    ['bb1d6929e95937287fa37d12', '070a16b46b4d4144f79bdd9d', 'dfa66747de9ae63030ca3261', '51f0bebf7e3b9d92fc497417'],
  ],
  [
    '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    ['028962f61b7bf89efc6b551f', '28a7023f452e8f82bd4bf28d', 'aaf3d8f1de5640c232f5b169', 'e1992190549f6ed5696a2c05'],
  ],
])('AES-CMAC under %s', (key, wanted) => {
  const messages = lengths.map((length) => message.subarray(0, length));
  expect(tagsOf(Buffer.from(key, 'hex'), messages)).toEqual(wanted);
});

test('batches of many lengths give what one at a time gives', () => {
  const key = randomBytes(32);
  const messages = Array.from({ length: 5000 }, (_, at) => Buffer.from(String(at).repeat(1 + (at % 50))));
  const alone = messages.filter((_, at) => at % 97 === 0).map((one) => tagsOf(key, [one])[0]);
  expect(tagsOf(key, messages).filter((_, at) => at % 97 === 0)).toEqual(alone);
});

type Tag = readonly [number, number, number];
const compare = (a: Tag, b: Tag): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

const sortedBy = async (runs: Runs): Promise<{ tags: Tag[]; rows: number[][] }> => {
  const [tags, rows]: [Tag[], number[][]] = [[], []];
  for await (const run of runs.sorted()) {
    let at = 0;
    for (const [n, row] of run.rows.entries()) {
      if (run.again[n]) rows.at(-1)!.push(row);
      else {
        tags.push([run.tags[at]!, run.tags[at + 1]!, run.tags[at + 2]!]);
        rows.push([row]);
        at += 3;
      }
    }
    expect(at).toBe(run.tags.length);
  }
  return { tags, rows };
};

const word = fc.oneof(fc.constantFrom(0, 1, 0xffffff, 0x1000000, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff }));

test('tags come out in order, each once, with all of its rows', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(word, word, word), { maxLength: 200 }), async (given) => {
      const runs = new Runs(tmpdir());
      given.forEach((tag, row) => {
        runs.add(...tag, row);
      });
      const { tags, rows } = await sortedBy(runs);
      const wanted = [...new Map(given.map((tag) => [tag.join(), tag])).values()].sort(compare);
      expect(tags).toEqual(wanted);
      const rowsOf = (tag: Tag) => given.flatMap((one, row) => (one.join() === tag.join() ? [row] : []));
      expect(rows).toEqual(wanted.map(rowsOf));
    }),
  );
});

test('what does not fit in memory waits in files, comes out the same, and is gone afterwards', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-runs-'));
  const bytes = randomBytes(12 * 300_000);
  const fill = async (runs: Runs) => {
    for (let row = 0; row < 300_000; row++) {
      runs.add(bytes.readUInt32LE(row * 12) % 8_000_000, bytes.readUInt32LE(row * 12 + 4), 7, row);
      if (row % 10_000 === 0) await runs.relieve();
    }
    return runs;
  };
  const small = await fill(new Runs(folder, 50_000));
  expect(await readdir(folder)).toHaveLength(1);
  const digestOf = async (runs: Runs) => {
    const { tags, rows } = await sortedBy(runs);
    return {
      tags: tags.join(';').length,
      last: tags.at(-1),
      rows: rows.flat().reduce((sum, row, at) => sum + row * (at % 1009), 0),
    };
  };
  expect(await digestOf(small)).toEqual(await digestOf(await fill(new Runs(folder))));
  await small.close();
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});
