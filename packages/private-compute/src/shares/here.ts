import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, secretOf } from '../channel/keys.ts';
import type { Apart } from '../party/apart.ts';
import { meetHereMs, type PartyCost, readyParties } from '../party/start.ts';
import type { Plan } from './plan.ts';
import type { SharesJob, SharesReport } from './play.ts';
import type { Recipient, SharesProtocol, SharesTerms } from './terms.ts';

const host = '127.0.0.1';

export interface SharesQuery {
  plan: Plan;
  /** Replicated where it is left out; with `dealer` the third only deals. */
  protocol?: SharesProtocol;
  recipient: Recipient;
  decimals: number;
  rowsMax: number;
  /** Paths of the owners' tables. */
  first: string;
  second: string;
  /** Stands between the parties and counts: gets the port where one listens, answers the port to dial. */
  between?: (from: 'first' | 'second', port: number) => Promise<number>;
  /** Each party in a network of its own; on loopback where it is left out. */
  apart?: Apart;
}

export type SharesOutcome = Record<SharesJob['role'], SharesReport & { cost: PartyCost }> & { terms: SharesTerms };

/**
 * A first try on one machine: each of the three a process of its own with keys and a folder of its own, talking over loopback as they
 * would over a network. What one of them is refused or fails with is thrown; the others are ended.
 */
export const queryHere = async (asked: SharesQuery): Promise<SharesOutcome> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-shares-'));
  const ready = readyParties(['first', 'second', 'helper'], asked.apart);
  try {
    const identities = { first: generateIdentity(), second: generateIdentity(), helper: generateIdentity() };
    const hex = (role: SharesJob['role']) => identities[role].publicKey.toString('hex');
    const { plan, protocol, recipient, decimals, rowsMax, apart } = asked;
    const keys = { first: hex('first'), second: hex('second'), helper: hex('helper') };
    const terms: SharesTerms = {
      job: randomBytes(16).toString('hex'),
      mode: 'shares',
      ...(protocol === 'dealer' && { protocol }),
      plan,
      recipient,
      decimals,
      rowsMax,
      ...keys,
    };
    const start = async (role: SharesJob['role'], ports: Partial<SharesJob>) => {
      const job: SharesJob = {
        terms,
        role,
        secret: secretOf(identities[role]).toString('hex'),
        host,
        hosts: apart?.hosts,
        meetMs: meetHereMs,
        ...ports,
      };
      if (apart) job.host = apart.hosts[role];
      if (role !== 'helper') {
        const own = await mkdtemp(join(folder, `${role}-`));
        job.input = { path: asked[role], salt: randomBytes(32).toString('hex'), folder: own };
      }
      return ready.begin(job);
    };
    const dialled = async (from: 'first' | 'second', port: number) =>
      asked.between ? asked.between(from, port) : port;
    const helper = await start('helper', {});
    const helperPort = await helper.port;
    const second = await start('second', { helperPort: await dialled('second', helperPort) });
    const first = await start('first', {
      helperPort: await dialled('first', helperPort),
      secondPort: await dialled('first', await second.port),
    });
    const [a, b, c] = await Promise.all([first.outcome, second.outcome, helper.outcome]);
    const told = ({ report, cost }: typeof a) => ({ ...report, cost });
    return { terms, first: told(a), second: told(b), helper: told(c) };
  } finally {
    ready.end();
    await rm(folder, { recursive: true, force: true });
  }
};
