import { type Identity, identityOf } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { dial, listen } from '../channel/meet.ts';
import type { Role } from '../intersect/agree.ts';
import type { AgreedInputs } from '../intersect/terms.ts';
import { ComputeError } from '../problem.ts';
import { Additive } from './additive.ts';
import { type Aligned, alignHelper, alignOwner, readsWithKeys } from './align.ts';
import { dealTo, takeDeal } from './dealer.ts';
import { answered, execute, ownOf, recipientsOf, tellSizes } from './execute.ts';
import { type Mesh, meetInMesh, type Place, Wires } from './mesh.ts';
import { replicated } from './protocol.ts';
import { readTable } from './table.ts';
import type { Answer } from './targets.ts';
import { requireSharesTerms, type SharesTerms, sharesDigest } from './terms.ts';

/** What one party of a query on shares is told to do: plain JSON. The helper is come to by both, the second owner by the first. */
export interface SharesJob {
  terms: SharesTerms;
  role: Role | 'helper';
  /** The X25519 private key, in hex. */
  secret: string;
  /** Where to listen, and whom to dial where `hosts` does not say otherwise. */
  host: string;
  hosts?: Partial<Record<Role | 'helper', string>> | undefined;
  /** Where to listen; any free port where it is left out. Of the helper and the second owner. */
  port?: number;
  /** Where to dial. Of owners. */
  helperPort?: number;
  /** Of the first owner. */
  secondPort?: number;
  silenceMs?: number;
  meetMs?: number;
  /** How long a broken connection may take to come back; see `linkLimits`. */
  resumeMs?: number;
  /** Of owners; salt in hex. */
  input?: { path: string; salt: string; folder: string };
  /** At the helper of both owners, in their order. */
  agreed?: AgreedInputs;
}

export interface SharesReport {
  /** Side by side, over which was computed (or for which was dealt); distinct keys of the payload’s owner where matches stay hidden. */
  rows: number;
  /** In the table; null at the helper. */
  rowsRead: number | null;
  answer: Answer | null;
  commitment: string | null;
  peerCommitment: string | null;
  /** Of frames within the encrypted channel, to and from both others, while computing on shares, or dealing for that. */
  bytes: { sent: number; received: number };
  /** Reading the table where that is done apart, putting rows side by side, and computing on shares up to the opened result. */
  milliseconds: Stages;
  /** Of this process, for the same. */
  cpuSeconds: Stages;
}

export interface Stages {
  read: number;
  align: number;
  compute: number;
}

interface Moment {
  wall: number;
  cpu: number;
}
const now = (): Moment => {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1e6 };
};
const stagesOf = (moments: readonly Moment[], told: (from: Moment, until: Moment) => number): Stages => {
  const [read, align, compute] = moments.slice(1).map((until, at) => told(moments[at]!, until));
  return { read: read!, align: align!, compute: compute! };
};

const places: Record<SharesJob['role'], Place> = { first: 0, second: 1, helper: 2 };
const keyOf = (hex: string): Buffer => Buffer.from(hex, 'hex');

/**
 * Plays one party from meeting the others to its result. `listening` hears the port of a party that others come to, `met` is told when all
 * are there: the table is not read before.
 */
export const playShares = async (
  job: SharesJob,
  listening: (port: number) => void,
  met: () => void = () => {},
): Promise<SharesReport> => {
  const { terms, role } = job;
  requireSharesTerms(terms);
  const own = identityOf(keyOf(job.secret));
  if (own.publicKey.toString('hex') !== terms[role]) {
    throw new ComputeError('compute.termsDiffer', 'the terms name another key for this party');
  }
  if (role !== 'helper' && !job.input) throw new ComputeError('compute.range', 'an owner brings a table');
  const links = await meetOthers(job, own, listening);
  met();
  try {
    const report = await compute(job, own, links);
    await Promise.all(links.map((link) => link?.close()));
    return report;
  } catch (error) {
    // All are told the reason, whoever caused it.
    await Promise.all(links.map((link) => link?.close(error)));
    throw error;
  }
};

/** Links by place. */
type Links = readonly (Link | undefined)[];

const meetOthers = async (job: SharesJob, own: Identity, listening: (port: number) => void): Promise<Links> => {
  const { terms, role, host, port, helperPort, secondPort, silenceMs, meetMs, resumeMs } = job;
  const meeting = { own, job: sharesDigest(terms), host, silenceMs, meetMs, resumeMs };
  if (terms.helper === null) throw new ComputeError('compute.range', 'the terms name no third party');
  const [first, second, helper] = [keyOf(terms.first), keyOf(terms.second), keyOf(terms.helper)];
  const dialled = (whom: 'second' | 'helper', at: number | undefined): Promise<Link> => {
    if (at === undefined) throw new ComputeError('compute.range', 'this party dials, and needs a port');
    return dial({ ...meeting, host: job.hosts?.[whom] ?? host, peer: whom === 'helper' ? helper : second, port: at });
  };
  if (role === 'first') {
    return [undefined, ...(await bothOrNone([dialled('second', secondPort), dialled('helper', helperPort)]))];
  }
  const door = await listen({ ...meeting, port, peers: role === 'helper' ? [first, second] : [first] });
  listening(door.port);
  if (role === 'helper') return door.met;
  try {
    const [[atFirst], atHelper] = await Promise.all([door.met, dialled('helper', helperPort)]);
    return [atFirst, undefined, atHelper];
  } catch (error) {
    door.close();
    throw error;
  }
};

const bothOrNone = async (dialling: readonly Promise<Link>[]): Promise<Link[]> => {
  const met = await Promise.allSettled(dialling);
  const failed = met.find((one) => one.status === 'rejected');
  if (!failed) return met.map((one) => (one as PromiseFulfilledResult<Link>).value);
  for (const one of met) if (one.status === 'fulfilled') await one.value.close(failed.reason);
  throw failed.reason;
};

/** What one party has come to, and when it had read, aligned and computed. */
interface Played extends Omit<Aligned, 'table'> {
  answer?: Answer | undefined;
  aligned: Moment;
}

/** Between the owners alone, with what the dealer left; or, as the dealer, that. */
const playDealt = async (
  { terms, role }: SharesJob,
  links: Links,
  wires: Wires,
  align: () => Promise<Aligned>,
): Promise<Played> => {
  if (role === 'helper') {
    const aligned = now();
    return { ...(await dealTo(wires, terms)), commitments: undefined, aligned };
  }
  const beside = await align();
  const aligned = now();
  const own = ownOf(wires, terms, beside);
  wires.watch();
  const sizes = await tellSizes(wires, terms, own);
  const take = await takeDeal(wires, links[2]!, terms, sizes);
  return { ...beside, aligned, answer: await answered(new Additive(wires, take), terms, own, sizes) };
};

const playThree = async ({ terms }: SharesJob, mesh: Mesh, align: () => Promise<Aligned>): Promise<Played> => {
  const beside = await align();
  const aligned = now();
  mesh.watch();
  return { ...beside, aligned, answer: await execute(replicated(mesh), terms, beside) };
};

const compute = async (job: SharesJob, own: Identity, links: Links): Promise<SharesReport> => {
  const { terms, role } = job;
  const place = places[role];
  const begun = now();
  const input = job.input && { ...job.input, salt: keyOf(job.input.salt), agreed: job.agreed };
  const isLater = role === 'helper' || readsWithKeys(terms.plan, role);
  const table = isLater ? undefined : await readTable(input!.path, terms.plan, role, terms.decimals);
  const read = now();
  const aligning = (wires: Wires) => () =>
    role === 'helper'
      ? alignHelper(wires, [links[0]!, links[1]!], terms, job.agreed)
      : alignOwner(wires, links, terms, role, own, input!, table);
  let wires: Wires;
  let played: Played;
  if (terms.protocol === 'dealer') {
    wires = new Wires(place, links, undefined, place === 2 ? [0, 1] : [place === 0 ? 1 : 0]);
    played = await playDealt(job, links, wires, aligning(wires));
  } else {
    const mesh = await meetInMesh(place, links);
    wires = mesh;
    played = await playThree(job, mesh, aligning(mesh));
  }
  const { rows, rowsRead, commitments, answer, aligned } = played;
  if (recipientsOf(terms).includes(place) !== (answer !== undefined)) throw new Error('the result went astray');
  const moments = [begun, read, aligned, now()];
  const sumOf = (bytes: readonly number[]) => bytes.reduce((all, one) => all + one, 0);
  return {
    rows,
    rowsRead: rowsRead ?? table?.rows ?? null,
    answer: answer ?? null,
    commitment: commitments?.[0] ?? null,
    peerCommitment: commitments?.[1] ?? null,
    bytes: { sent: sumOf(wires.sent), received: sumOf(wires.got) },
    milliseconds: stagesOf(moments, (from, until) => Math.round(until.wall - from.wall)),
    cpuSeconds: stagesOf(moments, (from, until) => Math.round((until.cpu - from.cpu) * 1000) / 1000),
  };
};
