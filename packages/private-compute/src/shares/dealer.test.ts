/** A dealer, or an owner beside one, that does otherwise than agreed: a reason for the honest ones, and nothing of a value sent. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { secretOf } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { dial, listen } from '../channel/meet.ts';
import { correctionBytes } from './correlations.ts';
import { kind } from './mesh.ts';
import { type Plan, sumPlan } from './plan.ts';
import { playShares, type SharesReport } from './play.ts';
import { demandsOf } from './tally.ts';
import { requireSharesTerms, sharesDigest } from './terms.ts';
import { codeOf, host, identities, termsFor } from './testing.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-dealer-'));
  await writeFile(join(folder, 'a.csv'), 'x\n1\n-2\n3\n');
  await writeFile(join(folder, 'b.csv'), 'x\n5\n0\n3\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Looks at 16 places, and sums up what holds. */
const plan: Plan = {
  align: 'place',
  filters: { first: [], second: [] },
  compared: [{ left: { owner: 'first', name: 'x' }, by: '<', right: { owner: 'second', name: 'x' } }],
  groups: null,
  outputs: [{ name: 's', of: 'sum', column: { owner: 'first', name: 'x' } }],
};
const terms = () => termsFor({ plan, recipient: 'first', decimals: 0, protocol: 'dealer' });
const sizes = { rows: 3, widths: [16 as const], groups: null };

const secret = (place: number) => secretOf(identities[place]!).toString('hex');
const input = (name: string) => ({ path: join(folder, name), salt: Buffer.alloc(32).toString('hex'), folder });

/** Honest owners, whose dealer does as it likes; what each ended with, and why. */
const dealtBy = async (dealer: (links: [Link, Link]) => Promise<void>, silenceMs?: number) => {
  const agreed = terms();
  const meeting = { own: identities[2]!, job: sharesDigest(agreed), host, resumeMs: 0 };
  const door = await listen({ ...meeting, peers: [identities[0]!.publicKey, identities[1]!.publicKey] });
  const common = { terms: agreed, host, silenceMs, resumeMs: 0, helperPort: door.port };
  const heard = Promise.withResolvers<number>();
  const second = playShares({ ...common, role: 'second', secret: secret(1), input: input('b.csv') }, heard.resolve);
  const secondPort = await heard.promise;
  const first = playShares(
    { ...common, role: 'first', secret: secret(0), secondPort, input: input('a.csv') },
    () => {},
  );
  const ended = Promise.allSettled([first, second]);
  const links = (await door.met) as [Link, Link];
  await dealer(links).catch(() => undefined);
  for (const link of links) {
    while (await link.next().catch(() => undefined));
    link.drop();
  }
  const told = (one: PromiseSettledResult<SharesReport>) =>
    one.status === 'fulfilled' ? 'went well' : `${(one.reason as { code?: string }).code}: ${one.reason.message}`;
  return (await ended).map(told);
};

/** As an honest one would, up to the corrections: 8 bytes of sizes and a width from each, a seed to each. */
const begin = async (links: readonly Link[]): Promise<void> => {
  for (const link of links) await link.receive(kind.sizes, 12);
  for (const [at, link] of links.entries()) await link.send(kind.seed, Buffer.alloc(32, at));
};
/** Corrections of the right lengths, as many steps as are dealt for. */
const correct = async (link: Link, steps = Number.POSITIVE_INFINITY): Promise<void> => {
  let left = steps;
  for (const one of await demandsOf(terms(), sizes)) {
    if (left-- <= 0) return;
    const column = correctionBytes([one], 1) / (one.of === 'digits' || one.of === 'pairs' ? 2 : 1);
    await link.send(kind.column, Buffer.alloc(column));
    if (one.of === 'digits' || one.of === 'pairs') await link.send(kind.column, Buffer.alloc(column));
  }
};

test('too little, too much, a piece cut short, twice, and of another kind: all are told', async () => {
  const cases: [(links: [Link, Link]) => Promise<void>, RegExp][] = [
    // The end comes where a correction is due.
    [
      async ([first, second]) => {
        await first.send(kind.dealt, Buffer.alloc(0));
        await correct(second, 2);
        await second.send(kind.dealt, Buffer.alloc(0));
        await second.next();
      },
      /a message of kind 70 came where 66 was due/,
    ],
    [
      async ([, second]) => {
        await correct(second);
        await correct(second, 1);
        await second.next();
      },
      /a message of kind 66 came where 70 was due/,
    ],
    [
      async ([, second]) => {
        await second.send(kind.column, Buffer.alloc(8));
        await second.next();
      },
      /wrong length/,
    ],
    [
      async ([first]) => {
        await first.send(kind.seed, Buffer.alloc(32));
        await first.next();
      },
      /a message of kind 64 came where 70 was due/,
    ],
  ];
  for (const [dealer, why] of cases) {
    const told = await dealtBy(async (links) => {
      await begin(links);
      await dealer(links);
    });
    expect(told.filter((one) => /^compute\.peerMalformed/.test(one) && why.test(one)).length).toBeGreaterThan(0);
    expect(told).not.toContain('went well');
  }
});

test('a dealer that dies before it has dealt, and one that hangs', async () => {
  const dead = await dealtBy(async (links) => {
    await begin(links);
    await correct(links[1], 1);
    for (const link of links) link.drop();
  });
  for (const one of dead) expect(one).toMatch(/^compute\.peerGone/);
  const silent = await dealtBy(async (links) => {
    await begin(links);
    // Read on, so that only its own silence is left.
    await Promise.all(links.map((link) => link.next()));
  }, 400);
  expect(silent.some((one) => /^compute\.peer(Silent|Gone)/.test(one))).toBe(true);
  expect(silent).not.toContain('went well');
});

test('a dealer is gone once it has dealt: the owners end well without it, and it saw sizes alone', async () => {
  const seen: number[] = [];
  const told = await dealtBy(async (links) => {
    for (const link of links) {
      const next = link.next.bind(link);
      link.next = async () => {
        const frame = await next();
        seen.push(frame.body.length);
        return frame;
      };
    }
    await begin(links);
    await correct(links[1]);
    for (const link of links) await link.send(kind.dealt, Buffer.alloc(0));
    await Promise.all(links.map((link) => link.close()));
  });
  // Corrections of nought are none: what comes out is not the sum, and nobody could tell.
  expect(told).toEqual(['went well', 'went well']);
  expect(seen).toEqual([12, 12]);
});

/** An honest dealer, told sizes by two who may differ. */
const dealing = async (told: readonly [Buffer, Buffer], change: Partial<ReturnType<typeof terms>> = {}) => {
  const agreed = { ...terms(), ...change };
  const heard = Promise.withResolvers<number>();
  const dealer = playShares({ terms: agreed, host, resumeMs: 0, role: 'helper', secret: secret(2) }, heard.resolve);
  const ended = codeOf(dealer);
  const port = await heard.promise;
  const meeting = { job: sharesDigest(agreed), host, port, peer: identities[2]!.publicKey };
  const links = await Promise.all([0, 1].map((place) => dial({ ...meeting, own: identities[place]! })));
  for (const [at, link] of links.entries()) await link.send(kind.sizes, told[at]!);
  for (const link of links) {
    while (await link.next().catch(() => undefined));
    link.drop();
  }
  return ended;
};
const sizesOf = (...words: number[]) => {
  const body = Buffer.alloc(words.length * 4);
  for (const [at, word] of words.entries()) body.writeUInt32LE(word, at * 4);
  return body;
};

test('the dealer deals for sizes that both tell, that can be, and that the terms allow', async () => {
  const both = (...words: number[]) => [sizesOf(...words), sizesOf(...words)] as const;
  expect(await dealing(both(3, 0, 16))).toBe('went well');
  expect(await dealing([sizesOf(3, 0, 16), sizesOf(4, 0, 16)])).toBe('compute.input');
  expect(await dealing(both(3, 0, 17))).toBe('compute.peerMalformed');
  expect(await dealing(both(3, 2, 16))).toBe('compute.peerMalformed');
  expect(await dealing(both(3, 0))).toBe('compute.peerMalformed');
  expect(await dealing(both(1001, 0, 16))).toBe('compute.sizeCap');
  const groups = { owner: 'second' as const, columns: ['city'] };
  const some: Plan = {
    ...plan,
    groups,
    outputs: [{ name: 'city', of: 'group', column: 'city' }, ...plan.outputs],
    atLeast: 2,
  };
  expect(await dealing(both(3, 5, 16), { plan: some })).toBe('compute.peerMalformed');
  const first: Plan = { ...some, top: { output: 1, descending: true, count: 3 } };
  expect(await dealing(both(2000, 1026, 16), { plan: first, rowsMax: 3000 })).toBe('compute.sizeCap');
});

test('matches that stay hidden, and a dealer that is nobody, cannot be meant', () => {
  const hidden = sumPlan({ first: 'x', second: 'x', payload: 'second', sum: 'y', atLeast: 5 });
  expect(() => requireSharesTerms(terms())).not.toThrow();
  expect(() => requireSharesTerms({ ...terms(), plan: hidden })).toThrow(/hidden matches/);
  expect(() => requireSharesTerms({ ...terms(), helper: null })).toThrow(/cannot be used/);
  expect(() => requireSharesTerms({ ...terms(), protocol: 'other' as 'dealer' })).toThrow(/cannot be used/);
});
