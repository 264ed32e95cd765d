/** Parties that lie, keep silent or die: a clear reason for the honest ones, and nothing opened. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { secretOf } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { dial, listen } from '../channel/meet.ts';
import { kind } from './mesh.ts';
import type { Plan } from './plan.ts';
import { playShares, type SharesReport } from './play.ts';
import { requireSharesTerms, type SharesTerms, sharesDigest } from './terms.ts';
import { codeOf, host, identities, termsFor } from './testing.ts';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-shares-'));
  path = join(folder, 'a.csv');
  await writeFile(path, 'x\n1\n2\n3\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const plan: Plan = {
  align: 'place',
  filters: { first: [], second: [{ kind: 'compare', column: 'x', by: '>', constant: { number: '1' } }] },
  compared: [],
  groups: null,
  outputs: [{ name: 's', of: 'sum', column: { owner: 'first', name: 'x' } }],
};

interface Second {
  first: Link;
  helper: Link;
}

/** Honest first owner and helper, with a second owner that does as it likes; the result would open to the first. */
const against = async (
  second: (links: Second) => Promise<void>,
  silenceMs?: number,
  protocol: Pick<SharesTerms, 'protocol'> = {},
) => {
  const terms = termsFor({ plan, recipient: 'first', ...protocol });
  const meeting = { own: identities[1]!, job: sharesDigest(terms), host, resumeMs: 0 };
  const common = { terms, host, silenceMs, resumeMs: 0 };
  const heard = Promise.withResolvers<number>();
  const helper = playShares(
    { ...common, role: 'helper', secret: secretOf(identities[2]!).toString('hex') },
    heard.resolve,
  );
  const helperPort = await heard.promise;
  const door = await listen({ ...meeting, peers: [identities[0]!.publicKey] });
  const input = { path, salt: Buffer.alloc(32).toString('hex'), folder };
  const secret = secretOf(identities[0]!).toString('hex');
  const first = playShares({ ...common, role: 'first', secret, helperPort, secondPort: door.port, input }, () => {});
  const codes = Promise.all([first, helper].map((one: Promise<SharesReport>) => codeOf(one)));
  const atHelper = await dial({ ...meeting, peer: identities[2]!.publicKey, port: helperPort });
  const [atFirst] = await door.met;
  await second({ first: atFirst!, helper: atHelper }).catch(() => undefined);
  // Once both have heard of it, or have broken off themselves, this one leaves, too.
  for (const link of [atFirst!, atHelper]) {
    while (await link.next().catch(() => undefined));
    link.drop();
  }
  return codes;
};

/** As an honest one would, up to the shares: keys, how many rows, and a commitment. */
const begin = async ({ first, helper }: Second, rows = 3): Promise<void> => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(rows);
  await first.send(kind.seed, Buffer.alloc(32, 7));
  await helper.receive(kind.seed, 32);
  for (const link of [first, helper]) await link.send(kind.size, size);
  await first.receive(kind.size, 4);
  await first.send(kind.commitment, Buffer.alloc(32));
  await first.receive(kind.commitment, 32);
};

test('a second owner that behaves up to the end, and then tells another share of the result than the helper', async () => {
  const codes = await against(async (links) => {
    await begin(links);
    await links.helper.send(kind.column, Buffer.alloc(4));
    await links.first.send(kind.column, Buffer.alloc(8));
    await links.helper.receive(kind.column, 8);
    await links.first.send(kind.column, Buffer.alloc(8, 9));
    await links.first.next();
  });
  expect(codes[0]).toBe('compute.peerMalformed');
});

test.each<[string, (links: Second) => Promise<void>, string]>([
  ['a key of wrong length', ({ first }) => first.send(kind.seed, Buffer.alloc(31)), 'compute.peerMalformed'],
  ['another number of rows', (links) => begin(links, 4), 'compute.input'],
  [
    'a column too short',
    async (links) => {
      await begin(links);
      await links.helper.send(kind.column, Buffer.alloc(16));
      await links.helper.next();
    },
    'compute.peerMalformed',
  ],
  [
    'a message of another kind',
    async (links) => {
      await begin(links);
      await links.helper.send(99, Buffer.alloc(24));
      await links.helper.next();
    },
    'compute.peerMalformed',
  ],
  [
    'somebody who dies in the middle',
    async (links) => {
      await begin(links);
      links.first.drop();
      links.helper.drop();
    },
    'compute.peerGone',
  ],
])('%s', async (_, second, code) => {
  expect(await against(second)).toEqual([code, code]);
});

test('somebody who hangs: not even a beat comes', async () => {
  expect(
    await against(async (links) => {
      await begin(links);
      await links.first.next();
      await links.first.next();
    }, 400),
  ).toEqual(['compute.peerSilent', 'compute.peerSilent']);
});

/** As an honest one would beside a dealer, until that has left. */
const beginDealt = async ({ first, helper }: Second): Promise<void> => {
  const word = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  await first.send(kind.size, word(3));
  await first.receive(kind.size, 4);
  await first.send(kind.commitment, Buffer.alloc(32));
  await first.receive(kind.commitment, 32);
  await helper.send(kind.sizes, Buffer.concat([word(3), word(0)]));
  while ((await helper.next()).type !== kind.dealt);
};

test.each<[string, (links: Second) => Promise<void>, string]>([
  ['a column too short', ({ first }) => first.send(kind.column, Buffer.alloc(2)), 'compute.peerMalformed'],
  ['a message of another kind', ({ first }) => first.send(99, Buffer.alloc(4)), 'compute.peerMalformed'],
  ['somebody who dies in the middle', async ({ first }) => first.drop(), 'compute.peerGone'],
])('after a dealer, %s', async (_, second, code) => {
  const ended = against(
    async (links) => {
      await beginDealt(links);
      await second(links);
      await links.first.next();
    },
    undefined,
    { protocol: 'dealer' },
  );
  // The dealer had left, and knows nothing of it.
  expect(await ended).toEqual([code, 'went well']);
});

test('terms that cannot be meant', () => {
  const terms = termsFor({ plan, recipient: 'first' });
  expect(() => requireSharesTerms(terms)).not.toThrow();
  const deep = (depth: number): Plan['filters']['first'][number] =>
    depth === 0 ? { kind: 'null', column: 'x' } : { kind: 'not', of: deep(depth - 1) };
  const wrong: Partial<SharesTerms>[] = [
    { decimals: 10 },
    { rowsMax: 0 },
    { rowsMax: 2 ** 25 },
    { recipient: 'helper' as 'first' },
    { helper: terms.first },
    { job: 'x' },
    { plan: { ...plan, outputs: [] } },
    { plan: { ...plan, outputs: Array.from({ length: 17 }, () => plan.outputs[0]!) } },
    { plan: { ...plan, filters: { first: [deep(40)], second: [] } } },
    { plan: { ...plan, filters: { first: Array.from({ length: 65 }, () => deep(0)), second: [] } } },
  ];
  for (const one of wrong) expect(() => requireSharesTerms({ ...terms, ...one })).toThrow();
});
