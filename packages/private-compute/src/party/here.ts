import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, type Identity, secretOf } from '../channel/keys.ts';
import type { Role } from '../intersect/agree.ts';
import type { HelperReport } from '../intersect/merge.ts';
import type { OwnerReport } from '../intersect/result.ts';
import type { IntersectMode, Reveal, Terms } from '../intersect/terms.ts';
import type { Apart } from './apart.ts';
import type { PartyJob } from './play.ts';
import { meetHereMs, type PartyCost, type PartyOutcome, readyParties } from './start.ts';

const loopback = '127.0.0.1';
const owners: readonly Role[] = ['first', 'second'];

export interface TableOf {
  path: string;
  column: string;
  out?: string;
}

export interface Intersection {
  mode: IntersectMode;
  reveal: Reveal;
  keysMax: number;
  first: TableOf;
  second: TableOf;
  /** Stands between the parties and counts: gets the port where one listens, answers the port to dial. */
  between?: (role: Role, port: number) => Promise<number>;
  /** Each party in a network of its own; on loopback where it is left out. */
  apart?: Apart;
}

export interface IntersectionOutcome {
  terms: Terms;
  first: OwnerReport & { cost: PartyCost };
  second: OwnerReport & { cost: PartyCost };
  helper: (HelperReport & { cost: PartyCost }) | null;
}

/**
 * A first try on one machine: each party a process of its own with keys and a folder of its own, talking over loopback as they would over
 * a network. What one of them is refused or fails with is thrown; the others are ended.
 */
export const intersectHere = async (asked: Intersection): Promise<IntersectionOutcome> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-parties-'));
  const ready = readyParties(asked.mode === 'helper' ? [...owners, 'helper'] : owners, asked.apart);
  try {
    const identities = { first: generateIdentity(), second: generateIdentity(), helper: generateIdentity() };
    const terms = termsOf(asked, identities);
    const { apart } = asked;
    // One is come to by all who dial.
    const host = apart?.hosts[asked.mode === 'helper' ? 'helper' : 'second'] ?? loopback;
    const jobOf = async (role: Role, port?: number): Promise<PartyJob> => {
      const own = await mkdtemp(join(folder, `${role}-`));
      const input = { ...asked[role], salt: randomBytes(32).toString('hex'), folder: own };
      return { terms, role, secret: secretOf(identities[role]).toString('hex'), host, port, meetMs: meetHereMs, input };
    };
    const dialled = async (role: Role, port: number) => (asked.between ? asked.between(role, port) : port);
    if (asked.mode === 'helper') {
      const helper = ready.begin({
        terms,
        role: 'helper',
        secret: secretOf(identities.helper).toString('hex'),
        host,
        meetMs: meetHereMs,
      });
      const port = await helper.port;
      const first = ready.begin(await jobOf('first', await dialled('first', port)));
      const second = ready.begin(await jobOf('second', await dialled('second', port)));
      const outcomes = await Promise.all([first.outcome, second.outcome, helper.outcome]);
      return outcomeOf(terms, outcomes);
    }
    const second = ready.begin(await jobOf('second'));
    const first = ready.begin(await jobOf('first', await dialled('first', await second.port)));
    return outcomeOf(terms, await Promise.all([first.outcome, second.outcome]));
  } finally {
    ready.end();
    await rm(folder, { recursive: true, force: true });
  }
};

const outcomeOf = (terms: Terms, [a, b, c]: [PartyOutcome, PartyOutcome, PartyOutcome?]): IntersectionOutcome => ({
  terms,
  first: { ...(a.report as OwnerReport), cost: a.cost },
  second: { ...(b.report as OwnerReport), cost: b.cost },
  helper: c ? { ...(c.report as HelperReport), cost: c.cost } : null,
});

const termsOf = (asked: Intersection, identities: Record<Role | 'helper', Identity>): Terms => {
  const { mode, reveal, keysMax } = asked;
  const hex = (identity: Identity) => identity.publicKey.toString('hex');
  return {
    job: randomBytes(16).toString('hex'),
    mode,
    reveal,
    keysMax,
    first: hex(identities.first),
    second: hex(identities.second),
    helper: mode === 'helper' ? hex(identities.helper) : null,
  };
};
