import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ColumnRule, type Disclosure, disclosures, meet, permits, ruleFor } from './disclosure.ts';
import {
  type ContractMove,
  type ContractState,
  contractMoves,
  nextContractState,
  nextUseState,
  refusalOf,
  type UseState,
  useMoves,
} from './life.ts';
import { moduleFault } from './module.ts';
import { type Computation, computationFault, computationText, computationTrust, queryDigest } from './terms.ts';

const rule = fc.constantFrom<Disclosure[]>(...disclosures);
const places = ['show', 'join', 'aggregate'] as const;

describe('rules of disclosure', () => {
  it('form a lattice under meet, and the stricter never permits what one of the two refuses', () => {
    fc.assert(
      fc.property(rule, rule, rule, (a, b, c) => {
        expect(meet(a, b)).toBe(meet(b, a));
        expect(meet(a, meet(b, c))).toBe(meet(meet(a, b), c));
        expect(meet(a, a)).toBe(a);
        expect(meet(a, 'open')).toBe(a);
        expect(meet(a, 'hidden')).toBe('hidden');
        for (const place of places) expect(permits(meet(a, b), place)).toBe(permits(a, place) && permits(b, place));
      }),
    );
  });

  it('hold for all recipients at once: the strictest of what each may be told', () => {
    const column: ColumnRule = {
      name: 'city',
      type: 'string',
      rule: 'open',
      except: [{ party: 'b', rule: 'aggregate' }],
    };
    expect(ruleFor(column, ['a'])).toBe('open');
    expect(ruleFor(column, ['a', 'b'])).toBe('aggregate');
    expect(ruleFor({ ...column, rule: 'join' }, ['a', 'b'])).toBe('hidden');
    expect(ruleFor(column, [])).toBe('hidden');
  });
});

const contract: Computation = {
  form: 'shugu/computation/1',
  id: 'cpc_1',
  title: '联合核查',
  purpose: '贷前核查',
  mode: 'cleanRoom',
  trust: computationTrust.cleanRoom,
  dataSets: [
    {
      owner: 'bank',
      table: 'loans',
      resource: 'res_1',
      version: `sha256:${'0'.repeat(64)}`,
      entity: 'person',
      columns: [
        { name: 'person', type: 'string', rule: 'join' },
        { name: 'city', type: 'string', rule: 'open' },
      ],
    },
  ],
  recipients: ['agency'],
  query: { sql: 'SELECT 1', digest: queryDigest('SELECT 1'), parameters: [] },
  output: [{ name: 'n', type: 'BIGINT' }],
  release: { entitiesMin: 5, rowsMax: 100, rho: null },
  uses: 3,
  from: '2026-07-01T00:00:00.000Z',
  until: '2026-08-01T00:00:00.000Z',
  priceFen: '10000',
};

describe('what is signed', () => {
  it('is one text whatever order it was written in, and another when anything in it is another', () => {
    const { text, digest } = computationText(contract);
    const turned = Object.fromEntries(Object.entries(contract).reverse()) as unknown as Computation;
    expect(computationText(turned)).toEqual({ text, digest });
    expect(digest).toBe('sha256:eb8d92460e419315ebb6443a2a85371b36e8ae127fad00c72fdd529325d16ebb');
    for (const other of [
      { ...contract, uses: 4 },
      { ...contract, id: 'cpc_2' },
      { ...contract, recipients: ['agency', 'bank'] },
      { ...contract, release: { ...contract.release, entitiesMin: 4 } },
      { ...contract, dataSets: [{ ...contract.dataSets[0]!, version: `sha256:${'1'.repeat(64)}` }] },
    ])
      expect(computationText(other).digest).not.toBe(digest);
  });

  it.each([
    [{ recipients: ['a', 'A'] }, 'recipients'],
    [{ dataSets: [contract.dataSets[0]!, { ...contract.dataSets[0]!, table: 'LOANS' }] }, 'dataSets'],
    [{ dataSets: [{ ...contract.dataSets[0]!, entity: 'nobody' }] }, 'dataSets.0.entity'],
    [{ until: contract.from }, 'until'],
    [{}, undefined],
  ])('is sound in itself: %j', (change, path) => {
    expect(computationFault({ ...contract, ...change })?.path).toBe(path);
  });
});

describe('a contract with a module', () => {
  const [loans] = contract.dataSets;
  const open = {
    ...contract,
    dataSets: [{ ...loans!, columns: loans!.columns.map((one) => ({ ...one, rule: 'open' as const })) }],
  };
  const columns = (change: object) => ({
    dataSets: [{ ...loans!, columns: [{ ...open.dataSets[0]!.columns[0]!, ...change }] }],
  });
  it.each([
    [{}, undefined],
    [{ dataSets: contract.dataSets }, 'dataSets.0.columns.0.rule'],
    [columns({ except: [{ party: 'agency', rule: 'aggregate' }] }), 'dataSets.0.columns.0.rule'],
    [columns({ except: [{ party: 'agency', rule: 'hidden' }] }), 'dataSets.0.columns'],
    [columns({ rule: 'hidden' }), 'dataSets.0.columns'],
    [{ release: { ...contract.release, rho: '0.1' } }, 'release.rho'],
    [{ output: [...contract.output, ...contract.output] }, 'module.output'],
  ])('promises nothing that nobody can see to: %#', (change, path) => {
    expect(moduleFault({ ...open, ...(change as object) })?.path).toBe(path);
  });
});

const ends: readonly ContractState[] = ['expired', 'revoked'];
const day = (n: number) => new Date(Date.UTC(2026, 6, n));

describe('the life of a contract', () => {
  it('never takes more uses than signed, none outside its term, none unsigned, and no end is left again', () => {
    const step = fc.record({
      move: fc.constantFrom<ContractMove[]>(...contractMoves.map((one) => one.move)),
      at: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, usesTotal) => {
        let [state, usesTaken, bound] = ['draft' as ContractState, 0, false];
        for (const { move, at } of steps) {
          const now = day(at);
          const standing = { state, usesTaken, usesTotal, from: day(5), until: day(25) };
          const next = nextContractState(state, move);
          if (ends.includes(state)) expect(next).toBeUndefined();
          if (move === 'reserve') {
            if (refusalOf(standing, now) === undefined) {
              expect([next, bound, now >= day(5), now < day(25)]).toEqual(['active', true, true, true]);
              usesTaken += 1;
            }
          } else if (next) {
            bound ||= move === 'bind';
            state = next;
          }
          expect(usesTaken).toBeLessThanOrEqual(usesTotal);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('says why a use is refused', () => {
    const standing = { state: 'active' as ContractState, usesTaken: 0, usesTotal: 1, from: day(5), until: day(25) };
    const why = (change: object, at = 10) => refusalOf({ ...standing, ...change }, day(at));
    expect([why({}), why({}, 4), why({}, 25), why({ usesTaken: 1 }), why({ state: 'draft' })]).toEqual([
      undefined,
      'notYet',
      'expired',
      'exhausted',
      'unsigned',
    ]);
    const used = (taken: number) => ({ period: { taken, most: 2 } });
    expect([why(used(1)), why(used(2)), why({ ...used(2), usesTaken: 1 }), why(used(2), 4)]).toEqual([
      undefined,
      'periodUsed',
      'exhausted',
      'notYet',
    ]);
    expect([why({ state: 'signed' }), why({ state: 'revoked' }, 26), why({ state: 'exhausted' })]).toEqual([
      'notYet',
      'revoked',
      'exhausted',
    ]);
  });

  it('ends each use once, released or failed', () => {
    for (const state of ['released', 'failed'] as UseState[])
      for (const { move } of useMoves) expect(nextUseState(state, move)).toBeUndefined();
    expect(nextUseState('reserved', 'release')).toBeUndefined();
    expect(nextUseState('running', 'run')).toBeUndefined();
    expect(nextUseState('running', 'release')).toBe('released');
    expect([nextUseState('running', 'hold'), nextUseState('held', 'release'), nextUseState('held', 'run')]).toEqual([
      'held',
      'released',
      undefined,
    ]);
  });
});
