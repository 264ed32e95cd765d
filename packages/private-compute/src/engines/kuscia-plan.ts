/** A contract's intersection as a job of Kuscia: names, data and the one task, which both owners work out from what they signed. Pure. */
import { createHash } from 'node:crypto';
import type { Role } from '../intersect/agree.ts';
import { learnsRows } from '../intersect/result.ts';
import { type Terms, termsDigest } from '../intersect/terms.ts';
import type { EngineJob } from './engine.ts';
import { listIn, malformed, type Told } from './service.ts';

export const kusciaLimits = {
  answerBytes: 4 * 2 ** 20,
  patienceMs: 60_000,
  afterMs: 10_000,
  lookMs: 1000,
  /** Until the other owner has done its next step. */
  silenceMs: 600_000,
  playSeconds: 3600,
  lastMs: 20_000,
  /** Of a line of what came out: a hash, a row, quotes. */
  lineBytes: 90,
} as const;

/** Where Kuscia keeps files of a node and shows them to what it starts. */
const storage = '/home/kuscia/var/storage/data';
/** What an owner's file has. */
export const kusciaColumns = [
  { name: 'key', type: 'str' },
  { name: 'row', type: 'int' },
] as const;

const both = ['first', 'second'] as const;
const named = (digest: Buffer, what: string): string =>
  `shugu-${createHash('sha256').update(digest).update(`\n${what}`).digest('hex').slice(0, 40)}`;

/** Says which file was signed for and under which terms: an owner that means other ones has data of another name. */
export const kusciaData = (terms: Terms, role: Role, commitment: string): string =>
  named(termsDigest(terms), `${role}\n${commitment}`);
export const inputName = (data: string): string => `${data}.csv`;
export const outputName = (data: string): string => `${data}-common.csv`;

/** Nodes of the owners, commitments to their files, and the program (an AppImage) by its name there. */
export interface KusciaAsked {
  nodes: Readonly<Record<Role, string>>;
  commitments: Readonly<Record<Role, string>>;
  image: string;
}

/**
 * One task of SecretFlow's PSI, KKRT, the first owner its receiver. Of each owner it is given a hash of each distinct key and a row; what
 * comes out are such lines, in any order.
 */
const configOf = (terms: Terms, { nodes, commitments }: KusciaAsked): string => {
  const of = (role: Role) => {
    const data = kusciaData(terms, role, commitments[role]);
    return {
      psi_config: {
        protocol_config: {
          protocol: 'PROTOCOL_KKRT',
          role: role === 'first' ? 'ROLE_RECEIVER' : 'ROLE_SENDER',
          broadcast_result: learnsRows(terms, 'second'),
        },
        input_config: { type: 'IO_TYPE_FILE_CSV', path: `${storage}/${inputName(data)}` },
        output_config: { type: 'IO_TYPE_FILE_CSV', path: `${storage}/${outputName(data)}` },
        keys: ['key'],
        disable_alignment: true,
      },
      link_config: { recv_timeout_ms: 120_000, http_timeout_ms: 120_000 },
    };
  };
  return JSON.stringify({ sf_psi_config_map: Object.fromEntries(both.map((role) => [nodes[role], of(role)])) });
};

/** As Kuscia is asked to make it. The first owner's node begins it. */
export const kusciaJob = (terms: Terms, asked: KusciaAsked) => {
  const id = named(termsDigest(terms), 'job');
  const parties = both.map((role) => ({ domain_id: asked.nodes[role], role: '' }));
  const task = {
    ...{ app_image: asked.image, parties, alias: 'psi', task_id: `${id}-psi`, dependencies: [] },
    task_input_config: configOf(terms, asked),
  };
  return { job_id: id, initiator: asked.nodes.first, max_parallelism: 1, tasks: [task] };
};
export type KusciaJob = ReturnType<typeof kusciaJob>;

/** What goes into the owners' statements. */
export const kusciaDigest = (job: KusciaJob): EngineJob => ({
  id: job.job_id,
  digest: `sha256:${createHash('sha256').update(JSON.stringify(job)).digest('hex')}`,
});

const textIn = (told: Told, name: string): string => {
  const found = told[name] ?? '';
  if (typeof found !== 'string') throw malformed(name);
  return found;
};
const isEmpty = (found: unknown): boolean => found == null || (Array.isArray(found) && found.length === 0);

/** Whether a job that a node tells of is this one and does nothing else; what is left out is empty. */
export const isJob = (told: Told, job: KusciaJob): boolean => {
  const [wanted] = job.tasks;
  const tasks = listIn(told, 'tasks');
  const [task] = tasks;
  if (!task || tasks.length !== 1) return false;
  const parties = listIn(task, 'parties');
  const same = parties.every(
    (one, at) =>
      textIn(one, 'domain_id') === wanted!.parties[at]?.domain_id &&
      textIn(one, 'role') === '' &&
      isEmpty(one.bandwidth_limits),
  );
  return (
    textIn(told, 'job_id') === job.job_id &&
    textIn(told, 'initiator') === job.initiator &&
    told.max_parallelism === job.max_parallelism &&
    textIn(task, 'app_image') === wanted!.app_image &&
    textIn(task, 'alias') === wanted!.alias &&
    textIn(task, 'task_id') === wanted!.task_id &&
    textIn(task, 'task_input_config') === wanted!.task_input_config &&
    isEmpty(task.dependencies) &&
    isEmpty(task.schedule_config) &&
    parties.length === both.length &&
    same
  );
};
