import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fault } from './fault.ts';
import type { NegotiationState, TransferState } from './messages.ts';
import { isNegotiationOver, type NegotiationAct, negotiate, negotiationStates } from './negotiation.ts';
import type { Side } from './protocol.ts';
import { isTransferOver, type TransferAct, type TransferStanding, transfer, transferStates } from './transfer.ts';

const sides: Side[] = ['consumer', 'provider'];
const acts: NegotiationAct[] = ['request', 'offer', 'accept', 'agree', 'verify', 'finalize', 'terminate'];
const transferActs: TransferAct[] = ['request', 'start', 'suspend', 'complete', 'terminate'];
const isFault = (found: unknown): found is Fault => typeof found === 'object' && found !== null && 'code' in found;

/** The specification's transitions, written down a second time: from, to, C and P for who may cause it. */
const negotiations = `- REQUESTED C
- OFFERED P
REQUESTED OFFERED P
REQUESTED AGREED P
OFFERED REQUESTED C
OFFERED ACCEPTED C
ACCEPTED AGREED P
AGREED VERIFIED C
VERIFIED FINALIZED P
REQUESTED TERMINATED CP
OFFERED TERMINATED CP
ACCEPTED TERMINATED CP
AGREED TERMINATED CP
VERIFIED TERMINATED CP`;
const transfers = `- REQUESTED C
REQUESTED STARTED P
REQUESTED TERMINATED CP
STARTED SUSPENDED CP
STARTED COMPLETED CP
STARTED TERMINATED CP
SUSPENDED STARTED CP
SUSPENDED TERMINATED CP`;
const triples = (text: string) =>
  text.split('\n').flatMap((line) => {
    const [from, to, who] = line.split(' ') as [string, string, string];
    return sides.filter((side) => who.includes(side === 'consumer' ? 'C' : 'P')).map((side) => `${from} ${to} ${side}`);
  });

test('negotiations move as the specification says, and in no other way', () => {
  const found = [null, ...negotiationStates].flatMap((state) =>
    sides.flatMap((side) =>
      acts.flatMap((act) => {
        const to = negotiate(state, act, side);
        return isFault(to) ? [] : [`${state ?? '-'} ${to} ${side}`];
      }),
    ),
  );
  expect(found.sort()).toEqual(triples(negotiations).sort());
});

test('transfers move as the specification says; only who suspended resumes', () => {
  const standings: (TransferStanding | null)[] = [
    null,
    ...transferStates.flatMap((state): TransferStanding[] =>
      state === 'SUSPENDED' ? sides.map((suspendedBy) => ({ state, suspendedBy })) : [{ state, suspendedBy: null }],
    ),
  ];
  const found = standings.flatMap((standing) =>
    sides.flatMap((side) =>
      transferActs.flatMap((act) => {
        const to = transfer(standing, act, side);
        return isFault(to) ? [] : [`${standing?.state ?? '-'} ${to.state} ${side}`];
      }),
    ),
  );
  expect([...new Set(found)].sort()).toEqual(triples(transfers).sort());
  for (const suspendedBy of sides)
    for (const side of sides)
      expect(transfer({ state: 'SUSPENDED', suspendedBy }, 'start', side)).toMatchObject(
        side === suspendedBy ? { state: 'STARTED' } : { code: 'notResumable' },
      );
});

test('whatever both sides send, what has ended stays ended, and what is refused changes nothing', () => {
  const sent = fc.array(fc.tuple(fc.constantFrom(...acts), fc.constantFrom(...sides)), { maxLength: 40 });
  fc.assert(
    fc.property(sent, (all) => {
      let state: NegotiationState | null = null;
      for (const [act, side] of all) {
        const next = negotiate(state, act, side);
        if (state !== null && isNegotiationOver(state)) expect(isFault(next)).toBe(true);
        if (!isFault(next)) state = next;
      }
    }),
  );
  const sentTransfers = fc.array(fc.tuple(fc.constantFrom(...transferActs), fc.constantFrom(...sides)), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(sentTransfers, (all) => {
      let standing: TransferStanding | null = null;
      for (const [act, side] of all) {
        const next: TransferStanding | Fault = transfer(standing, act, side);
        const state: TransferState | undefined = standing?.state;
        if (state && isTransferOver(state)) expect(isFault(next)).toBe(true);
        if (!isFault(next)) {
          expect(next.suspendedBy === null).toBe(next.state !== 'SUSPENDED');
          standing = next;
        }
      }
    }),
  );
});

test('an act of the other side is told as such', () => {
  expect(negotiate('VERIFIED', 'finalize', 'consumer')).toMatchObject({ code: 'sideForbids' });
  expect(negotiate('OFFERED', 'verify', 'consumer')).toMatchObject({ code: 'stateForbids' });
  expect(negotiate('REQUESTED', 'accept', 'provider')).toMatchObject({ code: 'sideForbids' });
  expect(transfer({ state: 'REQUESTED', suspendedBy: null }, 'start', 'consumer')).toMatchObject({
    code: 'sideForbids',
  });
});
