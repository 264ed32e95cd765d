import { identityOf } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { dial, listen } from '../channel/meet.ts';
import type { Role } from '../intersect/agree.ts';
import { ownByTransfers } from '../intersect/kkrt.ts';
import { type HelperReport, help } from '../intersect/merge.ts';
import { ownWithHelper } from '../intersect/owner.ts';
import { ownInPair } from '../intersect/pair.ts';
import type { OwnerReport } from '../intersect/result.ts';
import { type AgreedInputs, requireTerms, type Terms, termsDigest } from '../intersect/terms.ts';
import { ComputeError } from '../problem.ts';

/** What one party is told to do: plain JSON, so that it can be handed to a process of its own. */
export interface PartyJob {
  terms: Terms;
  role: Role | 'helper';
  /** The X25519 private key, in hex. */
  secret: string;
  host: string;
  /** Where to dial; undefined for the party that the others come to. */
  port?: number;
  silenceMs?: number;
  meetMs?: number;
  /** How long a broken connection may take to come back; see `linkLimits`. */
  resumeMs?: number;
  /** Of owners; salt in hex. */
  input?: { path: string; column: string; salt: string; folder: string; out?: string };
  agreed?: AgreedInputs;
}

export type PartyReport = OwnerReport | HelperReport;

/**
 * Plays one party from meeting the others to its result. `listening` hears the port of a party that others come to, `met` is told when
 * the table is read from then on, or, at the helper, when both owners are there.
 */
export const playParty = async (
  job: PartyJob,
  listening: (port: number) => void,
  met: () => void = () => {},
): Promise<PartyReport> => {
  requireTerms(job.terms);
  const own = identityOf(Buffer.from(job.secret, 'hex'));
  if (own.publicKey.toString('hex') !== job.terms[job.role]) {
    throw new ComputeError('compute.termsDiffer', 'the terms name another key for this party');
  }
  return job.role === 'helper' ? playHelper(job, own, listening, met) : playOwner(job, job.role, own, listening, met);
};

type Own = ReturnType<typeof identityOf>;
const keyOf = (hex: string): Buffer => Buffer.from(hex, 'hex');

const playHelper = async (
  job: PartyJob,
  own: Own,
  listening: (port: number) => void,
  met: () => void,
): Promise<HelperReport> => {
  const { terms, host, port, silenceMs, meetMs, resumeMs } = job;
  const peers = [keyOf(terms.first), keyOf(terms.second)];
  const door = await listen({ own, job: termsDigest(terms), peers, host, port, silenceMs, meetMs, resumeMs });
  listening(door.port);
  const [first, second] = await door.met;
  met();
  const report = await help([first!, second!], terms, undefined, job.agreed);
  await Promise.all([first!.close(), second!.close()]);
  return report;
};

const playOwner = async (
  job: PartyJob,
  role: Role,
  own: Own,
  listening: (port: number) => void,
  met: () => void,
): Promise<OwnerReport> => {
  const { terms, input, agreed } = job;
  if (!input) throw new ComputeError('compute.range', 'an owner brings a table');
  const table = { ...input, salt: keyOf(input.salt), agreed, reading: met };
  const link = await meet(job, role, own, listening);
  const report =
    terms.mode === 'helper'
      ? await ownWithHelper(link, terms, role, own, table, input.out)
      : await (terms.mode === 'kkrt' ? ownByTransfers : ownInPair)(link, terms, role, table, input.out);
  await link.close();
  return { ...report, bytes: link.bytes };
};

/** In a pair the second owner is come to. */
const meet = async (job: PartyJob, role: Role, own: Own, listening: (port: number) => void): Promise<Link> => {
  const { terms, host, port, silenceMs, meetMs, resumeMs } = job;
  const meeting = { own, job: termsDigest(terms), host, silenceMs, meetMs, resumeMs };
  if (terms.mode !== 'helper' && role === 'second') {
    const door = await listen({ ...meeting, peers: [keyOf(terms.first)], port });
    listening(door.port);
    const [link] = await door.met;
    return link!;
  }
  if (port === undefined) throw new ComputeError('compute.range', 'this party dials, and needs a port');
  return dial({ ...meeting, peer: keyOf(terms.helper ?? terms.second), port });
};
