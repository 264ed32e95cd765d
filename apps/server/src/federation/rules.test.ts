/** The states around each message, told from the messages alone, are those that the process went through. */
import type { Side } from '@shugu/dataspace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Act, type Kind, limits, type Message, type State, USER_AGENT } from './model.ts';
import { courtesy, isFault, possible, retold, step } from './rules.ts';

type Said = Parameters<typeof retold>[1][number];

interface Walked {
  said: Said[];
  states: (State | null)[];
}

/** A process as it could go: of what either side may do in each state, the one that was drawn. */
const walk = (kind: Kind, side: Side, draws: readonly number[]): Walked => {
  let standing = { kind, state: null as State | null, suspended_by: null as Side | null };
  const walked: Walked = { said: [], states: [null] };
  const sides: readonly Side[] = ['consumer', 'provider'];
  for (const [place, draw] of draws.entries()) {
    const moves = sides.flatMap((by): [Act, Side][] =>
      standing.state === null
        ? kind === 'transfer'
          ? [['request', 'consumer']]
          : [[by === 'consumer' ? 'request' : 'offer', by]]
        : possible({ ...standing, side: by }).map((act) => [act, by]),
    );
    const move = moves[draw % Math.max(1, moves.length)];
    if (!move) break;
    const [act, by] = move;
    const moved = step(standing, act, by);
    if (isFault(moved)) throw new Error(`${act} by ${by} in ${standing.state}`);
    standing = { kind, ...moved };
    const at = new Date(1_000 * (place + 1));
    const direction = by === side ? 'out' : 'in';
    walked.said.push(message(`m${place}`, act, direction, direction === 'out' ? 'sent' : 'taken', at));
    walked.states.push(standing.state);
  }
  return walked;
};

const message = (
  id: string,
  act: Act,
  direction: Message['direction'],
  state: Message['state'],
  done_at: Date | null,
): Said => ({ id, act, direction, state, created_at: done_at ?? new Date(0), done_at });

test('of any process: each message met the state that the one before it led to, and led to the next', () => {
  const kinds = fc.constantFrom<Kind>('negotiation', 'transfer');
  const sides = fc.constantFrom<Side>('consumer', 'provider');
  const draws = fc.array(fc.nat(59), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(kinds, sides, draws, (kind, side, drawn) => {
      const { said, states } = walk(kind, side, drawn);
      const moves = retold({ kind, side, state: states.at(-1)! }, said);
      expect(said.map(({ id }) => moves.get(id))).toEqual(
        said.map((_, place) => ({ before: states[place], after: states[place + 1] })),
      );
    }),
  );
});

test('what was not taken moved nothing, and what counted later is told later', () => {
  const at = (seconds: number) => new Date(seconds * 1_000);
  const said = [
    message('asked', 'request', 'out', 'sent', at(1)),
    // Written first; its acknowledgement came after the counter-party's word.
    message('late', 'suspend', 'out', 'sent', at(9)),
    message('refused', 'start', 'out', 'dropped', at(2)),
    message('started', 'start', 'in', 'taken', at(3)),
    message('waiting', 'terminate', 'out', 'waiting', null),
  ];
  const process = { kind: 'transfer', side: 'consumer', state: 'SUSPENDED' } as const;
  expect([...retold(process, said)]).toEqual([
    ['asked', { before: null, after: 'REQUESTED' }],
    ['started', { before: 'REQUESTED', after: 'STARTED' }],
    ['late', { before: 'STARTED', after: 'SUSPENDED' }],
  ]);
  expect(retold({ ...process, state: 'COMPLETED' }, said).size, 'nothing is guessed').toBe(0);
});

test('only whoever says that it has written down what it told us is answered at once', () => {
  expect(courtesy(USER_AGENT)).toBe(0);
  for (const other of [undefined, '', 'okhttp/5.1.0', `${USER_AGENT}.1`, `like ${USER_AGENT}`])
    expect(courtesy(other)).toBe(limits.courtesyMilliseconds);
});
