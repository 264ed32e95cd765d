/**
 * Kuscia as the engine of an intersection between two owners without a third, by each owner's own node. Both show that they are there by data of
 * a name that their terms and commitments make; the first owner's node begins a job, and the second's approves it where it is the one that
 * both work out. Written by Kuscia's published API and never run against a running one.
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { learnsRows, type OwnerReport } from '../intersect/result.ts';
import { requireTerms, termsDigest } from '../intersect/terms.ts';
import type { PartyOutcome } from '../party/start.ts';
import { ComputeError } from '../problem.ts';
import type { PartyEngine } from './engine.ts';
import { isOfKeys, type KeysPart, keysReport, type OwnKeys, ownKeys } from './keys.ts';
import { type KusciaSettings, kusciaCode, kusciaOf } from './kuscia-client.ts';
import {
  inputName,
  isJob,
  type KusciaJob,
  kusciaColumns,
  kusciaData,
  kusciaDigest,
  kusciaJob,
  kusciaLimits,
  outputName,
} from './kuscia-plan.ts';
import {
  listIn,
  partIn,
  quoted,
  type Service,
  type ServiceHooks,
  type Services,
  serviceAt,
  servicesFor,
  versionShape,
} from './service.ts';

interface State {
  met: boolean;
  /** Whether the job was made, or approved, by this owner. */
  ran: boolean;
  /** Whether it was put to this owner, and not yet answered. */
  asked: boolean;
  done: boolean;
}

/** What both mean, by the terms alone. */
interface Meant {
  part: KeysPart;
  settings: KusciaSettings;
  job: KusciaJob;
  /** Names of data. */
  own: string;
  theirs: string;
}

const meant = (part: KeysPart, settings: KusciaSettings): Meant => {
  const { terms, role, agreed } = part;
  const { node, peer, image } = settings;
  const first = role === 'first';
  const nodes = first ? { first: node, second: peer } : { first: peer, second: node };
  const commitments = first ? { first: agreed.own, second: agreed.peer } : { first: agreed.peer, second: agreed.own };
  return {
    ...{ part, settings, job: kusciaJob(terms, { nodes, commitments, image }) },
    own: kusciaData(terms, role, agreed.own),
    theirs: kusciaData(terms, first ? 'second' : 'first', agreed.peer),
  };
};

/** Own data by their name, and that the other may use them; what the name stands for is written later. */
const share = async (kuscia: Service, { own, settings }: Meant): Promise<void> => {
  const { node, peer } = settings;
  await kuscia.ask('/api/v1/domaindata/create', {
    ...{ domaindata_id: own, name: own, type: 'table', relative_uri: inputName(own), domain_id: node },
    ...{ columns: kusciaColumns, vendor: 'manual', file_format: 'CSV' },
  });
  await kuscia.ask('/api/v1/domaindatagrant/create', {
    ...{ domaindatagrant_id: own, domaindata_id: own, grant_domain: peer, domain_id: node },
  });
};

/** The other's data as they come to this node once it has granted them. */
const theirData = (kuscia: Service, { theirs, settings, part }: Meant): Promise<true> =>
  kuscia.until('the other owner', part.meetMs, async () => {
    const asked = { data: { domain_id: settings.node, domaindata_id: theirs } };
    const { code, told } = await kuscia.ask('/api/v1/domaindata/query', asked, [kusciaCode.noData]);
    if (code !== kusciaCode.ok) return undefined;
    const found = partIn(told, 'data');
    if (found.author !== settings.peer || found.relative_uri !== inputName(theirs))
      throw new ComputeError('compute.peerUnproven', 'data of that name are not the other owner’s');
    return true;
  });

interface Seen {
  state: string;
  why: string;
  /** By nodes that have. */
  approved: readonly string[];
}

/** The job as this owner's node has it; undefined before it came there. It is this one at each look, or none goes on. */
const look = async (kuscia: Service, { job }: Meant): Promise<Seen | undefined> => {
  const { code, told } = await kuscia.ask('/api/v1/job/query', { job_id: job.job_id }, [kusciaCode.noJob]);
  if (code !== kusciaCode.ok) return undefined;
  const found = partIn(told, 'data');
  if (!isJob(found, job)) throw new ComputeError('compute.termsDiffer', 'the job is not the one of the contract');
  const status = partIn(found, 'status');
  const approved = listIn(status, 'approve_status_list').filter(({ state }) => state === 'JobAccepted');
  return {
    ...{ state: String(status.state), why: quoted(status.err_msg) },
    approved: approved.map(({ domain_id: node }) => String(node)),
  };
};

const endedOtherwise: readonly string[] = ['Failed', 'ApprovalReject', 'Cancelled', 'Suspended'];
const requireGoing = ({ state, why }: Seen): void => {
  if (endedOtherwise.includes(state)) throw new ComputeError('compute.engineFailed', `the job ended: ${state} ${why}`);
};

/** Until the job is put to this owner. One that begins, or counts as approved, without that is not taken part in. */
const untilAsked = async (kuscia: Service, one: Meant, state: State, ms: number): Promise<void> => {
  await kuscia.until('the job', ms, async () => {
    const seen = await look(kuscia, one).catch((error: unknown) => {
      state.asked = true;
      throw error;
    });
    if (!seen) return undefined;
    state.asked = true;
    requireGoing(seen);
    if (['Running', 'Succeeded'].includes(seen.state) || seen.approved.includes(one.settings.node))
      throw new ComputeError('compute.peerUnproven', 'the job was not put to this owner: approval is off at its node');
    return seen.state === 'AwaitingApproval' || undefined;
  });
};

const approve = (kuscia: Service, { job }: Meant, yes: boolean, reason: string) =>
  kuscia.ask('/api/v1/job/approve', {
    ...{ job_id: job.job_id, result: yes ? 'APPROVE_RESULT_ACCEPT' : 'APPROVE_RESULT_REJECT', reason },
  });

const untilDone = (kuscia: Service, one: Meant): Promise<true> =>
  kuscia.until('the end of the job', kusciaLimits.playSeconds * 1000, async () => {
    const seen = await look(kuscia, one);
    if (!seen) throw new ComputeError('compute.engineFailed', 'the job is gone');
    requireGoing(seen);
    if (seen.state !== 'Succeeded') return undefined;
    if (!seen.approved.includes(one.job.tasks[0]!.parties[1]!.domain_id))
      throw new ComputeError('compute.peerUnproven', 'the job ran without the second owner’s approval');
    return true;
  });

/** First rows of the common keys: each one of this owner's, and once. */
const commonIn = async (path: string, { first }: OwnKeys): Promise<Uint32Array> => {
  const wrong = (what: string) => new ComputeError('compute.engineFailed', `what came out of the job ${what}`);
  const bytes = await stat(path).then(
    ({ size }) => size,
    () => {
      throw wrong('is not there');
    },
  );
  if (bytes > (first.size + 1) * kusciaLimits.lineBytes) throw wrong('is more than went in');
  const lines = (await readFile(path, 'utf8')).replaceAll('"', '').split(/\r?\n/);
  const names = lines[0]!.split(',');
  const at = names.indexOf('row');
  if (at < 0 || !names.includes('key')) throw wrong('has other columns');
  const rows = new Set<number>();
  for (const line of lines.slice(1)) {
    if (line === '') continue;
    const text = line.split(',')[at] ?? '';
    const row = Number(text);
    if (!/^\d{1,10}$/.test(text) || !first.has(row) || rows.has(row)) throw wrong('are not rows of this owner');
    rows.add(row);
  }
  return Uint32Array.from(rows);
};

const play = async (
  one: Meant,
  { while: kuscia, after }: Services,
  state: State,
  silenceMs: number,
): Promise<PartyOutcome<OwnerReport>> => {
  const { part, settings, job, own } = one;
  const { terms, role, agreed } = part;
  const [into, out] = [join(settings.folder, inputName(own)), join(settings.folder, outputName(own))];
  const [begun, cpu] = [performance.now(), process.cpuUsage()];
  try {
    await share(kuscia, one);
    await theirData(kuscia, one);
    state.met = true;
    if (role === 'second') await untilAsked(kuscia, one, state, silenceMs);
    const read = await ownKeys(part, into, `${termsDigest(terms).toString('hex')}\n`);
    state.ran = true;
    if (role === 'first') await kuscia.ask('/api/v1/job/create', job);
    else {
      await approve(kuscia, one, true, 'as signed');
      state.asked = false;
    }
    await untilDone(kuscia, one);
    state.done = true;
    const common = learnsRows(terms, role) ? await commonIn(out, read) : null;
    const report = await keysReport(part, read, common, agreed.peer);
    const used = process.cpuUsage(cpu);
    return {
      report,
      // Of this process; Kuscia and what it starts tell none.
      cost: {
        milliseconds: Math.round(performance.now() - begun),
        cpuSeconds: Math.round((used.user + used.system) / 1000) / 1000,
        peakBytes: process.resourceUsage().maxRSS * 1024,
      },
    };
  } finally {
    // Nothing is left to run, of this owner's data or in its folder; the job's description stays for both to look at.
    const quietly = (asked: Promise<unknown>) => asked.catch(() => undefined);
    if (state.asked) await quietly(approve(after, one, false, 'not as signed'));
    if (state.ran && !state.done) await quietly(after.ask('/api/v1/job/stop', { job_id: job.job_id, reason: 'ended' }));
    await rm(into, { force: true });
    await rm(out, { force: true });
    const named = { domain_id: settings.node };
    await quietly(after.ask('/api/v1/domaindatagrant/delete', { ...named, domaindatagrant_id: own }));
    await quietly(after.ask('/api/v1/domaindata/delete', { ...named, domaindata_id: own }));
  }
};

/** Of the PSI that the node has under that name; undefined where it has none, or does not answer. */
const versionAt = async (asking: Parameters<typeof serviceAt>[0], image: string): Promise<string | undefined> => {
  const { told } = await serviceAt(asking).ask('/api/v1/appimage/query', { name: image });
  const { tag } = partIn(partIn(told, 'data'), 'image');
  return typeof tag === 'string' && versionShape.test(tag) ? tag : undefined;
};

export const kusciaEngine = (settings: KusciaSettings, hooks: ServiceHooks = {}): PartyEngine => {
  const { patienceMs = kusciaLimits.patienceMs, lookMs = kusciaLimits.lookMs } = hooks;
  const asking = { ...kusciaOf(settings), patienceMs, lookMs };
  return {
    name: 'kuscia',
    brokered: { lastMs: kusciaLimits.lastMs },
    version: () =>
      versionAt({ ...asking, signal: new AbortController().signal }, settings.image).catch(() => undefined),
    start: (given) => {
      if (!isOfKeys(given)) throw new ComputeError('compute.query', 'this engine takes intersections by KKRT');
      requireTerms(given.terms);
      const state: State = { met: false, ran: false, asked: false, done: false };
      const one = meant(given, settings);
      const { services, started } = servicesFor(asking, kusciaLimits);
      const silenceMs = hooks.silenceMs ?? given.silenceMs ?? kusciaLimits.silenceMs;
      return {
        ...started(play(one, services, state, silenceMs)),
        port: Promise.resolve(given.port),
        hasMet: () => state.met,
        job: kusciaDigest(one.job),
      };
    },
  };
};
