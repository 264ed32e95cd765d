/** What a party sees depends on its own input, the result and the sizes, and on nothing else of the others. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Frame } from '../channel/frames.ts';
import { identityOf } from '../channel/keys.ts';
import { help } from './merge.ts';
import { kind } from './messages.ts';
import { ownWithHelper } from './owner.ts';
import type { Reveal } from './terms.ts';
import { castOf, type Folder, makeFolder, meetAtHelper, people, recorded, shapesOf } from './testing.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

/** Keys of the run are fixed, so that what could differ is what the tables make differ. */
const fixed = (byte: number) => identityOf(Buffer.alloc(32, byte));
const cast = (reveal: Reveal) => {
  const one = castOf('helper', reveal);
  const identities = { first: fixed(1), second: fixed(2), helper: fixed(3) };
  const hex = (byte: number) => fixed(byte).publicKey.toString('hex');
  return {
    terms: { ...one.terms, job: 'a-job-of-the-test', first: hex(1), second: hex(2), helper: hex(3) },
    identities,
  };
};

const run = async (a: readonly string[], b: readonly string[], reveal: Reveal) => {
  const { terms, identities } = cast(reveal);
  const links = await meetAtHelper({ terms, identities });
  const seen = { first: recorded(links.first), second: recorded(links.second) };
  const side = async (role: 'first' | 'second', rows: readonly string[], byte: number) => {
    const path = await folder.table(`${role}.csv`, rows, 'id');
    const input = { path, column: 'id', salt: Buffer.alloc(32, byte), folder: folder.path };
    await ownWithHelper(links[role], terms, role, identities[role], input, undefined, fixed(byte));
    await links[role].close();
  };
  await Promise.all([side('first', a, 11), side('second', b, 12), help(links.helper, terms)]);
  return seen;
};

const itemsOf = (frames: readonly Frame[]) => frames.filter(({ type }) => type === kind.items);

test('what an owner sends does not depend on what the other has', async () => {
  const one = await run(people(0, 500), people(250, 750), 'both');
  const other = await run(people(0, 500), people(9000, 9003), 'both');
  expect(other.first.sent).toEqual(one.first.sent);
});

test('nor on the order of its rows, or how often a key comes', async () => {
  const one = await run(people(0, 500), people(0, 9), 'both');
  const shuffled = await run(
    [...people(250, 500), ...people(0, 250).reverse(), ...people(0, 100)],
    people(0, 9),
    'both',
  );
  expect(itemsOf(shuffled.first.sent)).toEqual(itemsOf(one.first.sent));
  expect(itemsOf(one.first.sent).reduce((sum, { body }) => sum + body.length, 0)).toBe(500 * 12);
});

test('an owner that is to learn nothing gets the same bytes whatever the other has, but for its commitment', async () => {
  const one = await run(people(0, 500), people(250, 750), 'first');
  const other = await run(people(700, 701), people(250, 750), 'first');
  const open = ({ got }: typeof one.second) => got.filter(({ type }) => type !== kind.peerInput);
  expect(open(other.second)).toEqual(open(one.second));
  expect(shapesOf(other.second.got)).toEqual(shapesOf(one.second.got));
});

test('with the number alone, both get a number and nothing that says which', async () => {
  const one = await run(people(0, 500), people(250, 750), 'size');
  const other = await run(people(0, 500), [...people(0, 250), ...people(800, 1050)], 'size');
  const open = ({ got }: typeof one.first) => got.filter(({ type }) => type !== kind.peerInput);
  expect(open(other.first)).toEqual(open(one.first));
  expect(
    open(one.first)
      .find(({ type }) => type === kind.size)!
      .body.readUInt32LE(0),
  ).toBe(250);
});

test('who has the result gets the bits of its own keys', async () => {
  const one = await run(people(0, 500), people(250, 750), 'both');
  const again = await run(people(0, 500), [...people(600, 850), ...people(250, 500)], 'both');
  expect(again.first.got.filter(({ type }) => type === kind.bits)).toEqual(
    one.first.got.filter(({ type }) => type === kind.bits),
  );
});
