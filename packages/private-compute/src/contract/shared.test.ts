import { generateKey, publicJwk, softwareSigner } from '@shugu/evidence';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasThird } from '../engines/engine.ts';
import type { Plan } from '../shares/plan.ts';
import { requireSharesTerms, sharesDigest } from '../shares/terms.ts';
import {
  computeAlone,
  endingOf,
  opensAsAgreed,
  type PartStatement,
  planDigest,
  readPart,
  type SharedQuery,
  sharedFault,
  sharesTermsOf,
  signPart,
} from './shared.ts';
import { computationTrust } from './terms.ts';

const plan: Plan = {
  align: { first: 'id', second: 'id' },
  filters: { first: [], second: [] },
  compared: [],
  groups: null,
  outputs: [{ name: 'n', of: 'rows' }],
  atLeast: 3,
};
const columns = [{ name: 'id', rule: 'join' as const }];
const keys = [generateKey('intl'), generateKey('intl')] as const;
const hex = (digit: string): string => digit.repeat(64);
const terms: SharedQuery = {
  form: 'shugu/computation/1',
  id: 'cpc_1',
  title: '样例',
  purpose: '样例',
  mode: 'shares',
  trust: computationTrust.shares,
  dataSets: [
    {
      ...{ owner: 'A', table: 'a', commitment: hex('a'), channelKey: hex('1') },
      ...{ signingKey: publicJwk(keys[0].publicKey), columns },
    },
    {
      ...{ owner: 'B', table: 'b', commitment: hex('b'), channelKey: hex('2') },
      ...{ signingKey: publicJwk(keys[1].publicKey), columns },
    },
  ],
  recipients: ['A'],
  query: { sql: '', digest: planDigest(plan), parameters: [] },
  plan,
  release: { entitiesMin: 3 },
  decimals: 2,
  rowsMax: 10,
  helper: hex('3'),
  output: [{ name: 'n', type: 'decimal' }],
  uses: 2,
  from: '2026-07-01T00:00:00.000Z',
  until: '2026-07-02T00:00:00.000Z',
  priceFen: '0',
};

const part = (at: 0 | 1, change: Partial<PartStatement> = {}): PartStatement => ({
  form: 'shugu/computation-part/1',
  contract: terms.id,
  digest: `sha256:${hex('0')}`,
  use: 'cpu_00000000000000000000000000',
  owner: at === 0 ? 'A' : 'B',
  outcome: 'done',
  commitment: terms.dataSets[at]!.commitment,
  peerCommitment: terms.dataSets[1 - at]!.commitment,
  rows: 1,
  result: at === 0 ? `sha256:${hex('9')}` : null,
  resultRows: at === 0 ? 1 : null,
  ...change,
});
const untouched = { outcome: 'untouched', commitment: null, peerCommitment: null, result: null, resultRows: null };

it('each use has terms of its own, of which all three make the same digest', () => {
  const one = sharesTermsOf(terms, 'cpu_00000000000000000000000000');
  requireSharesTerms(one);
  expect(one.recipient).toBe('first');
  expect(sharesTermsOf({ ...terms, recipients: ['B'] }, one.job).recipient).toBe('second');
  expect(sharesTermsOf({ ...terms, recipients: ['B', 'A'] }, one.job).recipient).toBe('both');
  const other = sharesTermsOf(terms, 'cpu_00000000000000000000000001');
  expect(sharesDigest(other)).not.toEqual(sharesDigest(one));
  expect(sharedFault(terms)).toBeUndefined();
  expect(sharedFault({ ...terms, recipients: ['C'] })).toMatchObject({ fault: 'recipientNoOwner' });
  const twice = terms.dataSets.map((set) => ({ ...set, columns: [...columns, ...columns] }));
  expect(sharedFault({ ...terms, dataSets: twice })).toMatchObject({ fault: 'nameTwice' });
});

it('opens nothing by a plan that goes beyond its rules, or where it has none', () => {
  expect(opensAsAgreed(terms)).toBe(true);
  const { atLeast: _, ...unbounded } = plan;
  const { release: __, ...old } = terms;
  const bare = terms.dataSets.map(({ columns: ___, ...set }) => set);
  for (const wrong of [
    { ...terms, plan: unbounded },
    { ...terms, plan: { ...plan, atLeast: 2 } },
    { ...terms, release: { entitiesMin: 2 } },
    { ...terms, release: { entitiesMin: 4 } },
    { ...terms, plan: { ...plan, align: { first: 'other', second: 'id' } } },
    old,
    { ...terms, dataSets: bare },
  ])
    expect(opensAsAgreed(wrong as SharedQuery), JSON.stringify(wrong)).toBe(false);
  expect(sharedFault({ ...terms, plan: unbounded })).toMatchObject({ fault: 'opensMore' });
});

it('with a dealer it is another computation, which needs the exchange’s key and is this program’s own', () => {
  const dealt: SharedQuery = { ...terms, protocol: 'dealer' };
  const use = 'cpu_00000000000000000000000000';
  expect(sharesDigest(sharesTermsOf(dealt, use))).not.toEqual(sharesDigest(sharesTermsOf(terms, use)));
  expect(sharedFault(dealt)).toBeUndefined();
  expect([computeAlone(terms), computeAlone(dealt), hasThird(dealt)]).toEqual([false, true, true]);
  expect(() => sharedFault({ ...dealt, helper: null })).toThrow(/cannot be used/);
  const engine = { name: 'secretflow', version: '0.9.5' } as const;
  expect(sharedFault({ ...dealt, engine })).toMatchObject({ fault: 'engineProtocol' });
  // An engine without a third has no key of one to sign.
  expect(sharedFault({ ...terms, engine, helper: null })).toBeUndefined();
});

it('what is stated is read under its own key alone, and not with a bit changed', async () => {
  const { text, signature } = await signPart(part(0), softwareSigner(keys[0], { level: 'customer' }));
  expect(readPart(text, signature, terms.dataSets[0]!.signingKey)).toEqual(part(0));
  expect(readPart(text, signature, terms.dataSets[1]!.signingKey)).toBeUndefined();
  fc.assert(
    fc.property(fc.nat({ max: text.length - 1 }), (at) => {
      const changed = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
      expect(readPart(changed, signature, terms.dataSets[0]!.signingKey)).toBeUndefined();
    }),
  );
});

it('a use ends by what both state, and is untouched only where both say so and nobody saw them meet', () => {
  expect(endingOf(terms, [part(0), part(1)], true)).toEqual({ kind: 'done', result: `sha256:${hex('9')}`, rows: 1 });
  expect(endingOf(terms, [part(0, untouched), part(1, untouched)], false)).toEqual({ kind: 'untouched' });
  expect(endingOf(terms, [part(0, untouched), part(1, untouched)], true)).toEqual({ kind: 'differs' });
  const gone = part(1, { outcome: 'compute.peerGone' });
  expect(endingOf(terms, [part(0), gone], true)).toEqual({ kind: 'failed', code: 'compute.peerGone' });
  for (const [a, b] of [
    [{}, untouched],
    [{ commitment: hex('c') }, {}],
    [{}, { peerCommitment: hex('c') }],
    [{ result: null }, {}],
    [{}, { result: `sha256:${hex('8')}`, resultRows: 1 }],
  ] as const)
    expect(endingOf(terms, [part(0, a), part(1, b)], true)).toEqual({ kind: 'differs' });
});
