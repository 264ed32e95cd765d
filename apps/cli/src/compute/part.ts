/**
 * An owner's part of one use of a contract whose data stay with their owners, beside its data: what was signed is checked here and not believed, the table is played
 * by a process of its own, and what became of it is stated under the owner's key.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { canonicalBytes, type Json, type Trust } from '@shugu/evidence';
import {
  type AgreedEngine,
  type AtOwners,
  alignOf,
  type Computation,
  ComputeError,
  computeAlone,
  type EngineJob,
  type EnginePart,
  type EngineReport,
  engines,
  hasThird,
  type Intersecting,
  intersectionDigest,
  intersectionFault,
  isConfirmed,
  type KusciaSettings,
  kusciaEngine,
  localEngine,
  meetsDirectly,
  type OwnerReport,
  openingPlan,
  opensAsAgreed,
  type PartStatement,
  type PartyCost,
  type PartyEngine,
  partyFingerprint,
  partyTermsOf,
  placeIn,
  planDigest,
  planOf,
  type QueryReport,
  roleAt,
  type ScqlSettings,
  sameFingerprint,
  scqlEngine,
  secretflowEngine,
  signPart,
  tableCommitment,
} from '@shugu/private-compute';
import type { CallOutput, Client } from '@shugu/wire';
import { comeToUse, getComputation, getParts, runComputation, statePart } from '@shugu/wire/compute';
import { tooMany } from './counted.ts';
import type { PartyFolder, Played } from './folder.ts';
import { isOfShares, type Opened, openedOf, rowsAt, statedResult } from './opening.ts';
import { treeOf } from './plaintext.ts';
import { signedByAll, trustOf } from './signatures.ts';

export interface PartAsked {
  client: Client;
  folder: PartyFolder;
  contract: string;
  /** The owner's file. */
  input: string;
  /** Whose keys owners sign contracts with; as the exchange says where it is left out. */
  trust?: Trust | undefined;
  /** The other owner's fingerprint, as it told it by another way; that of `compute confirm` where it is left out. */
  peer?: string;
  /** Takes a use, as a recipient; else one that is open is waited for. */
  take?: boolean;
  /** Only as this organisation. */
  as?: string;
  /** This use and no other. */
  use?: string;
  /** Where the second owner's process listens, and under which host the first finds it. */
  listen: { host: string; port: number; address: string };
  waitSeconds: number;
  /** A Python, by its whole path, that has the engine which the contract names. */
  python?: string;
  /** The owner's own SCQLBroker, where the contract names SCQL. */
  scql?: ScqlSettings;
  /** The owner's own Kuscia node, where the contract names Kuscia. */
  kuscia?: KusciaSettings;
  /** How long the other owner may say nothing, where that engine asks. */
  silenceMs?: number;
  /** Between two looks at how far the others are. */
  lookMilliseconds?: number;
  tell?: (step: PartStep) => void;
  /** Ends it where it stands, without a statement. */
  signal?: AbortSignal;
}

export type PartStep = 'checked' | 'waiting' | 'came' | 'started' | 'stated';

export interface PartOutcome {
  use: string;
  owner: string;
  statement: PartStatement;
  /** As the exchange tells the use once it has ended. */
  ended: CallOutput<typeof getParts>['use'];
  /** Null where it did not come to an end here. */
  report: QueryReport | null;
  /** The same of rows or a count of an intersection. */
  found: OwnerReport | null;
  /** Of the process that played it. */
  cost: PartyCost | null;
  opened: Opened;
  terms: AtOwners;
  fault: ComputeError | undefined;
}

/** Why an owner's process will not play, whatever the exchange says. */
export type Refused =
  | 'mode'
  | 'digest'
  | 'changed'
  | 'notAnOwner'
  | 'signatures'
  | 'peer'
  | 'peerUnconfirmed'
  | 'query'
  | 'input'
  | 'uses'
  | 'period'
  | 'played'
  | 'late'
  | 'engineMissing'
  | 'engineDiffers'
  | 'link';
export class PartRefused extends Error {
  readonly why: Refused;
  readonly detail: string;
  constructor(why: Refused, detail = '') {
    super(why);
    this.why = why;
    this.detail = detail;
  }
}

type Shown = CallOutput<typeof getComputation>;

interface Own {
  terms: AtOwners;
  digest: string;
  owner: string;
  place: number;
  engine: PartyEngine;
}

/** The engine of the contract as it is installed here, before a use is taken. */
const engineFor = async (asked: PartAsked, terms: AtOwners): Promise<PartyEngine> => {
  const { engine: agreed } = terms;
  const { listen } = asked;
  if (!agreed) return localEngine;
  const wanted = `${engines[agreed.name].package} ${agreed.version}`;
  const engine = engineHere(agreed.name, asked);
  const version = await engine?.version?.();
  if (!engine || version === undefined) throw new PartRefused('engineMissing', wanted);
  if (version !== agreed.version) throw new PartRefused('engineDiffers', `${version} ≠ ${agreed.version}`);
  // Its own connection is neither encrypted nor proven: it does not leave the machine.
  if (engine.ownLink && !(isLoopback(listen.host) && isLoopback(listen.address)))
    throw new PartRefused('link', listen.address);
  return engine;
};

const engineHere = (
  name: AgreedEngine['name'],
  { python, scql, kuscia }: Pick<PartAsked, 'python' | 'scql' | 'kuscia'>,
): PartyEngine | undefined => {
  if (name === 'scql') return scql && scqlEngine(scql);
  if (name === 'kuscia') return kuscia && kusciaEngine(kuscia);
  if (name !== 'secretflow') throw new PartRefused('mode');
  return python === undefined ? undefined : secretflowEngine(python);
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** The signed terms as this party takes them: of the digest that it knows, with the plan that its own parser makes of the query. */
export const readTerms = async ({
  client,
  folder,
  contract,
  as,
}: Pick<PartAsked, 'client' | 'folder' | 'contract' | 'as'>) => {
  const shown = await client.call(getComputation, { params: { id: contract } });
  const { document, digest } = shown;
  if (`sha256:${createHash('sha256').update(document).digest('hex')}` !== digest) throw new PartRefused('digest');
  const known = await folder.journal(contract);
  if (known && known.digest !== digest) throw new PartRefused('changed');
  const terms = JSON.parse(document) as Computation;
  if (terms.mode === 'cleanRoom' || terms.id !== contract) throw new PartRefused('mode');
  const place = terms.dataSets.findIndex(({ channelKey }) => channelKey === folder.channelKey);
  if (place < 0) throw new PartRefused('notAnOwner');
  const { owner } = terms.dataSets[place]!;
  if (as !== undefined && as !== owner) throw new PartRefused('notAnOwner');
  if (!(await saysWhatRuns(terms))) throw new PartRefused('query');
  return { shown, known, terms, place, owner };
};

const checkTerms = async (asked: PartAsked): Promise<Own> => {
  const { client, folder, contract, input } = asked;
  const { shown, known, terms, place, owner } = await readTerms(asked);
  const { digest } = shown;
  const { commitment } = terms.dataSets[place]!;
  const peer = asked.peer ?? known?.peer;
  if (peer !== undefined) requirePeer(shown, terms.dataSets[1 - place]!, peer);
  if (!signedByAll(shown, terms, asked.trust ?? (await trustOf(client)))) throw new PartRefused('signatures');
  const read = await tableCommitment(input, folder.salt, { align: alignOf(terms) }, roleAt(place));
  if (read !== commitment) throw new PartRefused('input');
  const engine = await engineFor(asked, terms);
  if (!known) await folder.save(contract, { digest, uses: {}, ...(peer !== undefined && { peer }) });
  return { terms, digest, owner, place, engine };
};

/**
 * Whom this owner means, whatever the exchange says: the keys are those whose fingerprint the other told it, and by them the other has
 * confirmed this very text.
 */
const requirePeer = ({ document, shares }: Shown, other: AtOwners['dataSets'][number], peer: string): void => {
  if (!sameFingerprint(peer, other)) throw new PartRefused('peer', partyFingerprint(other));
  const { confirmed } = shares!.parts.find(({ owner }) => owner === other.owner) ?? {};
  if (!confirmed || !isConfirmed(document, confirmed.signature, other.signingKey))
    throw new PartRefused('peerUnconfirmed');
};

/** Whether what the contract says is what would run: its plan by this party's own parser and its own look at what opens, or what it says of an intersection. */
const saysWhatRuns = async (terms: AtOwners): Promise<boolean> => {
  if (terms.mode === 'psi') return intersectionDigest(terms) === terms.query.digest && !intersectionFault(terms);
  if (!opensAsAgreed(terms)) return false;
  const plan = openingPlan(
    planOf(await treeOf(terms.query.sql), [terms.dataSets[0]!.table, terms.dataSets[1]!.table]),
    terms,
  );
  if ('code' in plan) return false;
  const same = Buffer.compare(canonicalBytes(plan as unknown as Json), canonicalBytes(terms.plan as unknown as Json));
  return same === 0 && planDigest(plan) === terms.query.digest;
};

const until = async <T>(asked: PartAsked, look: () => Promise<T | undefined>): Promise<T> => {
  const end = performance.now() + asked.waitSeconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    asked.signal?.throwIfAborted();
    if (performance.now() > end) throw new PartRefused('late');
    await pause(asked.lookMilliseconds ?? 500, undefined, { signal: asked.signal });
  }
};

/** The use that is meant, and whether something of it was done here before. */
const findUse = async (asked: PartAsked, own: Own): Promise<string> => {
  const { terms, digest } = own;
  const { client, contract, folder } = asked;
  const { uses = {}, times = {} } = (await folder.journal(contract)) ?? {};
  if (asked.use !== undefined) return asked.use;
  const many = tooMany({ uses, times }, terms, Date.now());
  if (many) throw new PartRefused(many);
  if (asked.take) {
    const { id } = await client.call(runComputation, {
      params: { id: contract },
      body: { query: terms.query.digest, values: {} },
    });
    return id;
  }
  asked.tell?.('waiting');
  return until(asked, async () => {
    const now = await client.call(getComputation, { params: { id: contract } });
    if (now.digest !== digest) throw new PartRefused('changed');
    return now.history.findLast(({ id, endedAt }) => endedAt === null && !(id in uses))?.id;
  });
};

/** The others start their processes when they hear where this one is. */
const meetMilliseconds = 120_000;

export const playPart = async (asked: PartAsked): Promise<PartOutcome> => {
  const own = await checkTerms(asked);
  asked.tell?.('checked');
  const use = await findUse(asked, own);
  const { folder, contract } = asked;
  const journal = (await folder.journal(contract))!;
  const before = journal.uses[use];
  if (before === 'stated' || before === 'returned') throw new PartRefused('played');
  const many = before === undefined && tooMany(journal, own.terms, Date.now());
  if (many) throw new PartRefused(many);
  const note = (played: Played) => {
    journal.uses[use] = played;
    if (played === 'came') journal.times = { ...journal.times, [use]: new Date().toISOString() };
    return folder.save(contract, journal);
  };
  // What was begun here before and not ended is not begun again: this says what it had come to.
  const played =
    before === undefined
      ? await play(asked, own, use, note)
      : {
          report: null,
          cost: null,
          outcome: before === 'came' ? 'untouched' : 'compute.interrupted',
          fault: undefined,
        };
  if (before !== undefined) await rm(rowsAt(folder, use), { force: true });
  const opened = openedOf(played.report, rowsAt(folder, use));
  const statement = {
    ...statementOf(own, contract, use, played),
    ...(await statedResult(own.terms, opened, folder, use)),
  };
  const signed = await signPart(statement, folder.signer);
  await asked.client.call(statePart, {
    params: { id: use },
    body: { statement: signed.text, signature: signed.signature },
  });
  await note('stated');
  asked.tell?.('stated');
  const ended = await until(asked, async () => {
    const { use: now } = await asked.client.call(getParts, { params: { id: use } });
    return now.endedAt === null ? undefined : now;
  });
  if (ended.state === 'returned' && statement.outcome === 'untouched') await note('returned');
  const { report, fault, cost } = played;
  const told = report === null || isOfShares(report) ? { report, found: null } : { report: null, found: report };
  return { use, owner: own.owner, statement, ended, ...told, cost, opened, terms: own.terms, fault };
};

interface Outcome {
  report: EngineReport | null;
  cost: PartyCost | null;
  outcome: string;
  fault: ComputeError | undefined;
  job?: EngineJob | undefined;
}

const statementOf = (
  own: Own,
  contract: string,
  use: string,
  { report, outcome, job }: Outcome,
): Omit<PartStatement, 'result' | 'resultRows'> => ({
  form: 'shugu/computation-part/1',
  ...(own.terms.engine && { engine: own.terms.engine }),
  ...(job && { job }),
  contract,
  digest: own.digest,
  use,
  owner: own.owner,
  outcome,
  commitment: report?.commitment ?? null,
  peerCommitment: report?.peerCommitment ?? null,
  // Of an intersection: how many are side by side, or how many of which are common, is nothing for the record.
  rows: own.terms.mode === 'shares' && report ? report.rows : null,
});

const play = async (
  asked: PartAsked,
  own: Own,
  use: string,
  note: (played: Played) => Promise<void>,
): Promise<Outcome> => {
  const { client } = asked;
  const { ownLink, brokered } = own.engine;
  const [third, direct] = [hasThird(own.terms), !brokered && meetsDirectly(own.terms)];
  // An engine that connects by itself is told where both are before it begins.
  const port = asked.listen.port || (ownLink ? await freePort(asked.listen.host) : 0);
  await note('came');
  const address = ownLink ? addressOf(asked, port) : null;
  let now = await client.call(comeToUse, { params: { id: use }, body: { address } });
  asked.tell?.('came');
  const look = async () => {
    now = await client.call(getParts, { params: { id: use } });
    return now.use.endedAt !== null || now.parts.some(({ stated }) => stated) ? 'over' : undefined;
  };
  const untouched: Outcome = { report: null, cost: null, outcome: 'untouched', fault: undefined };
  const ready = await until(asked, async () => {
    if ((await look()) === 'over') return 'over';
    const begun = third ? now.helper !== null : now.use.state === 'running';
    const there = ownLink
      ? now.parts.every((one) => one.address !== null)
      : own.place === 1 || !direct || now.parts[1]!.address !== null;
    return begun && there ? 'ready' : undefined;
  }).catch((error: unknown) => {
    if (error instanceof PartRefused) return 'over' as const;
    throw error;
  });
  if (ready === 'over') return untouched;
  const peer = now.parts[1 - own.place]!.address;
  if (ownLink && !isLoopback(placeIn(peer!).host))
    return { ...untouched, fault: new ComputeError('compute.peerUnproven', `${peer} is no loopback address`) };
  const scratch = await mkdtemp(join(asked.folder.path, 'use-'));
  try {
    await note('started');
    const party = own.engine.start(partOf(asked, own, use, now, scratch, port));
    const { job } = party;
    asked.tell?.('started');
    const abort = () => void party.child.kill('SIGKILL');
    asked.signal?.addEventListener('abort', abort, { once: true });
    if (computeAlone(own.terms)) void watch(asked, use, party, (ownLink ?? brokered)?.lastMs);
    if (!ownLink && own.place === 1 && direct)
      await party.port.then(
        (at) => client.call(comeToUse, { params: { id: use }, body: { address: addressOf(asked, at) } }),
        () => undefined,
      );
    return await party.outcome.then(
      ({ report, cost }): Outcome => ({ report, cost, outcome: 'done', fault: undefined, job }),
      (error: unknown): Outcome => {
        if (!(error instanceof ComputeError)) throw error;
        asked.signal?.throwIfAborted();
        return { report: null, cost: null, outcome: party.hasMet() ? error.code : 'untouched', fault: error, job };
      },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

const addressOf = ({ listen }: PartAsked, port: number): string =>
  `${listen.address.includes(':') ? `[${listen.address}]` : listen.address}:${port}`;

/** Between two looks. */
const watchMilliseconds = 1_000;

/** Where no third party is there to end it for both: a contract that is revoked, or an owner that left `lastMs` ago, ends what is under way. */
const watch = async (
  { client, contract }: PartAsked,
  use: string,
  { child, outcome }: ReturnType<PartyEngine['start']>,
  lastMs: number | undefined,
): Promise<void> => {
  let over = false;
  const ended = outcome.then(
    () => undefined,
    () => undefined,
  );
  void ended.then(() => {
    over = true;
  });
  let left: number | undefined;
  while (!over) {
    await Promise.race([ended, pause(watchMilliseconds)]);
    // An exchange that is away for a moment ends nothing.
    const now = await client.call(getParts, { params: { id: use } }).catch(() => undefined);
    if (now?.parts.some(({ stated }) => stated)) left ??= performance.now();
    const { state } = (await client.call(getComputation, { params: { id: contract } }).catch(() => undefined)) ?? {};
    const late = left !== undefined && lastMs !== undefined && performance.now() - left > lastMs;
    if (state === 'revoked' || (now && now.use.endedAt !== null) || late) child.kill('SIGKILL');
  }
};

/** The engine binds it a moment later: another program of this machine would have to take just this one. */
const freePort = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const partOf = (
  { folder, input: path, listen, silenceMs }: PartAsked,
  { terms, place }: Own,
  use: string,
  { helper, parts }: CallOutput<typeof getParts>,
  scratch: string,
  port: number,
): EnginePart => {
  const agreed = partyTermsOf(terms, use);
  const input = { path, salt: folder.salt.toString('hex'), folder: scratch };
  const keyed = () => ({ column: (terms as Intersecting).dataSets[place]!.key, out: rowsAt(folder, use) });
  return {
    terms: agreed,
    role: roleAt(place),
    secret: folder.channelSecret,
    ...{ host: listen.host, port, peer: parts[1 - place]!.address, helper, meetMs: meetMilliseconds },
    ...(silenceMs === undefined ? {} : { silenceMs }),
    input: agreed.mode === 'shares' ? input : { ...input, ...keyed() },
    agreed: { own: terms.dataSets[place]!.commitment, peer: terms.dataSets[1 - place]!.commitment },
  };
};
