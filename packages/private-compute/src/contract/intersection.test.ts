import { generateKey, publicJwk } from '@shugu/evidence';
import { expect, it } from 'vitest';
import { type Identity, identityOf, secretOf } from '../channel/keys.ts';
import { termsDigest } from '../intersect/terms.ts';
import {
  type Intersecting,
  intersectionDigest,
  intersectionFault,
  intersectionOutput,
  intersectionTrust,
  meetsDirectly,
  openingCommitment,
  openingSalt,
  openingSaltOfBoth,
  partyTermsOf,
} from './intersection.ts';
import { endingOf, type PartStatement } from './shared.ts';

const hex = (digit: string): string => digit.repeat(64);
const set = (owner: string, digit: string) => ({
  ...{ owner, table: owner.toLowerCase(), key: 'id', commitment: hex(digit), channelKey: hex(digit) },
  signingKey: publicJwk(generateKey('intl').publicKey),
});
const sums = { table: 'b', column: 'paid', group: 'city', atLeast: 5, decimals: 2 };
const of = (change: Partial<Intersecting> = {}): Intersecting => {
  const one: Intersecting = {
    ...{ form: 'shugu/computation/1', id: 'cpc_1', title: '样例', purpose: '样例', mode: 'psi' },
    trust: intersectionTrust({ opens: 'rows', protocol: 'helper' }),
    dataSets: [set('A', '1'), set('B', '2')],
    ...{ protocol: 'helper', opens: 'rows', keysMax: 10, helper: hex('3') },
    ...{ recipients: ['A'], uses: 1, priceFen: '0', output: [] },
    query: { sql: '', digest: '', parameters: [] },
    ...{ from: '2026-07-01T00:00:00.000Z', until: '2026-07-02T00:00:00.000Z' },
    ...change,
  };
  return { ...one, query: { ...one.query, digest: intersectionDigest(one) } };
};
const both = ['A', 'B'];
const use = 'cpu_00000000000000000000000000';

it('what opens to whom decides what the protocol reveals, and what it could not keep to is refused', () => {
  const revealed = (change: Partial<Intersecting>) => {
    const terms = partyTermsOf(of(change), use);
    return terms.mode === 'shares' ? terms.recipient : terms.reveal;
  };
  expect(revealed({})).toBe('first');
  expect(revealed({ recipients: both })).toBe('both');
  expect(revealed({ recipients: both, opens: 'count' })).toBe('size');
  expect(revealed({ opens: 'sums', sums, recipients: ['B'] })).toBe('second');
  expect(intersectionOutput({ opens: 'sums', sums }).map(({ name }) => name)).toEqual(['city', 'count', 'sum']);
  for (const sound of [{}, { opens: 'sums', sums }, { protocol: 'kkrt', helper: null }] as const)
    expect(intersectionFault(of(sound as Partial<Intersecting>))).toBeUndefined();
  for (const [change, fault] of [
    [{ recipients: ['B'] }, 'recipientFirst'],
    [{ opens: 'count' }, 'countToBoth'],
    [{ opens: 'count', recipients: both, protocol: 'kkrt' }, 'showsRows'],
    [{ opens: 'sums' }, 'sumsMissing'],
    [{ sums }, 'sumsMissing'],
    [{ opens: 'sums', sums: { ...sums, table: 'c' } }, 'tableUnknown'],
    [{ opens: 'sums', sums, protocol: 'ecdh' }, 'sumsNeedHelper'],
    [{ engine: { name: 'spark', version: '3.5.7' } }, 'engineMode'],
    [{ engine: { name: 'secretflow', version: '0.9.5' } }, 'engineRows'],
  ] as const)
    expect(intersectionFault(of(change as Partial<Intersecting>))).toMatchObject({ fault });
  expect(() => intersectionFault(of({ keysMax: 0 }))).toThrow(/cannot be used/);
});

it('another key, protocol or opening has another digest, and each use other terms', () => {
  const changes: Partial<Intersecting>[] = [
    {},
    { protocol: 'ecdh' },
    { opens: 'count' },
    { keysMax: 11 },
    { opens: 'sums', sums },
    { opens: 'sums', sums: { ...sums, atLeast: 6 } },
    { dataSets: [{ ...set('A', '1'), key: 'other' }, set('B', '2')] },
  ];
  expect(new Set(changes.map((change) => of(change).query.digest)).size).toBe(changes.length);
  const digests = [use, use.replace(/0$/, '1')].map((one) => {
    const terms = partyTermsOf(of(), one);
    return terms.mode === 'shares' ? '' : termsDigest(terms).toString('hex');
  });
  expect(digests[0]).not.toBe(digests[1]);
  expect([of(), of({ protocol: 'ecdh', helper: null }), of({ opens: 'sums', sums })].map(meetsDirectly)).toEqual([
    false,
    true,
    true,
  ]);
});

it('each recipient commits to what opened to it, and the end tells neither how many nor what', () => {
  const digest = Buffer.alloc(32, 7);
  const salts = ['a', 'b'].map((byte) => openingSalt(Buffer.alloc(32, byte), use));
  const [mine, theirs] = salts.map((salt) => openingCommitment(salt, digest)) as [string, string];
  expect(mine).not.toBe(theirs);
  expect(openingSalt(Buffer.alloc(32, 'a'), 'cpu_1')).not.toEqual(salts[0]);
  // One result to both: a salt that these two have, of each use its own.
  const [a, b, c] = [1, 2, 3].map((byte) => identityOf(Buffer.alloc(32, byte)));
  const shared = (own: Identity, peer: Identity, of: string) =>
    openingSaltOfBoth(secretOf(own).toString('hex'), peer.publicKey.toString('hex'), of);
  expect(shared(a!, b!, use)).toEqual(shared(b!, a!, use));
  expect(shared(a!, b!, use)).not.toEqual(shared(c!, b!, use));
  expect(shared(a!, b!, use)).not.toEqual(shared(a!, b!, 'cpu_1'));
  const part = (at: 0 | 1, result: string | null): PartStatement => ({
    ...{ form: 'shugu/computation-part/1', contract: 'cpc_1', digest: `sha256:${hex('0')}`, use },
    ...{ owner: both[at]!, outcome: 'done', rows: null, resultRows: null, result },
    ...{ commitment: hex(at === 0 ? '1' : '2'), peerCommitment: hex(at === 0 ? '2' : '1') },
  });
  expect(endingOf(of(), [part(0, mine), part(1, null)], true)).toEqual({ kind: 'done', result: mine, rows: null });
  const two = endingOf(of({ recipients: both }), [part(0, mine), part(1, theirs)], true);
  expect(two).toMatchObject({ kind: 'done', rows: null });
  expect(endingOf(of(), [part(0, mine), part(1, theirs)], true)).toEqual({ kind: 'differs' });
  expect(endingOf(of(), [part(0, null), part(1, null)], true)).toEqual({ kind: 'differs' });
});
