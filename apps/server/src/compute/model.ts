/** Computation contracts as this room holds them, and what it asks of its neighbours. */
import type { SuiteName } from '@shugu/evidence';
import type { QueryPool, QueryPoolOptions, Sandbox } from '@shugu/gateway';
import type { Decimal, PricePlan } from '@shugu/ledger';
import type {
  AtOwners,
  CleanRoom,
  Computation,
  ContractState,
  EngineName,
  Joint,
  UseState,
} from '@shugu/private-compute';
import type { Text } from '@shugu/wire';
import type { Agreements } from '../agreements/index.ts';
import type { Database, Tx } from '../kernel/db/db.ts';
import type { Keys } from '../kernel/keys.ts';
import type { ObjectStore } from '../kernel/objects.ts';
import type { PublicLog } from '../kernel/publiclog/publiclog.ts';
import type { RuleBook } from '../kernel/rulepack/rulebook.ts';
import type { Members } from '../members/index.ts';
import type { Registry } from '../registry/index.ts';
import type { Trino } from './engines/trino-client.ts';

/** What the gate found in the query, kept so that nobody has to ask it again. */
export interface Shape {
  reads: Readonly<Record<string, readonly string[]>>;
  joint: Pick<Joint, 'groups' | 'sums' | 'joins' | 'filters'> & Partial<Pick<Joint, 'selected'>>;
  /** The query without the least number of entities, and whose; left out with noise, and of contracts before there was this. */
  threshold?: { sql: string; sources: Joint['sources']; aggregated?: Joint['aggregated'] };
}

export interface Contract {
  id: string;
  participant: string;
  title: string;
  state: ContractState;
  document: string;
  /** The document, read. */
  terms: Computation;
  digest: string;
  shape: Shape;
  usesTotal: number;
  usesTaken: number;
  /** Of the last use, in the calendar of the contract; '' before there was one, and where there is no such limit. */
  periodKey: string;
  /** In that period, without those that were given back. */
  periodTaken: number;
  from: Date;
  until: Date;
  createdAt: Date;
  endedAt: Date | null;
  endReason: string;
}

/** In which this node computes on what it holds; in the other kind data stay with their owners, whom it helps as the third party or not at all. */
export type RoomContract = Contract & { terms: CleanRoom };
export type OwnersContract = Contract & { terms: AtOwners };

/** An owner's side of a use on shares. */
export interface Part {
  participant: string;
  /** host:port, of the second owner once it listens. */
  address: string | null;
  statement: string | null;
  signature: string | null;
  at: Date;
  statedAt: Date | null;
}

/** What this node, as the third of a use on shares, knows of it. */
export interface Third {
  /** host:port; null before it plays. */
  address: string | null;
  /** 'done', or the code of what went wrong; null before it has ended. */
  outcome: string | null;
  met: boolean;
}

/** An owner's account for the entities of one resource; rho as decimals. */
export interface Budget {
  id: string;
  participant: string;
  resource: string;
  entity: string;
  limit: string;
  spent: string;
}

export interface Signature {
  participant: string;
  keyId: string;
  level: string;
  signature: string;
  at: Date;
}

export type MoneyState = 'freezing' | 'frozen' | 'owed' | 'paid' | 'released';

/** What a use costs, under settlement's order for it alone. */
export interface UseMoney {
  order: string;
  fen: bigint;
  state: MoneyState;
  statement: string | null;
}

/** The price of one use: what the taker pays, and who gets which part of it after the exchange's fee. */
export interface Price {
  fen: bigint;
  legs: { party: string; role: string; share: Decimal }[];
}

/** Settlement, which stands after this room and is given its functions. */
export interface Money {
  /** In the transaction that takes the use. @throws settlement.fundsShort, settlement.accountMissing */
  freezeOrder(
    tx: Tx,
    draft: Price & { order: string; contract: string; title: string; buyer: string; taxRate: string; plan: PricePlan },
  ): Promise<void>;
  settleOrder(
    tx: Tx,
    draft: {
      order: string;
      periodKey: string;
      from: Date;
      until: Date;
      usage: { title: string; calls: bigint }[];
      final: boolean;
    },
  ): Promise<{ id: string }>;
  releaseOrder(tx: Tx, draft: { order: string; reason: string }): Promise<void>;
}

/** What stands around the engine's process: name spaces without network or files, or its own locks alone. */
export type Isolation = 'bubblewrap' | 'process';

/** A foreign program that an organisation has sent, to be named in contracts. */
export interface Module {
  digest: string;
  participant: string;
  name: string;
  bytes: number;
  at: Date;
}

/** What a module gave, until every owner has looked at it. */
export interface HeldOutput {
  use: string;
  text: string;
  /** A commitment, under the salt beside it. */
  digest: string;
  /** Hex; null of those that waited before there was one, whose digest is their own. */
  salt: string | null;
  rows: number;
  until: Date;
}

/** What an owner said of an output. */
export interface OutputAnswer {
  use: string;
  participant: string;
  digest: string;
  approved: boolean;
  reason: string;
  at: Date;
}

/**
 * Milliseconds of what stands around a computation: contract, counter and price; the use begun; query and versions held against the contract;
 * the files against their digests; the result put into its form; evidence signed, logged and settled. The computation itself has none, nor has a
 * step whose time noise or a foreign program decides.
 */
export interface Timings {
  reserve?: number;
  begin?: number;
  check?: number;
  data?: number;
  release?: number;
  end?: number;
}

export interface Use {
  id: string;
  contract: string;
  number: number;
  participant: string;
  values: Record<string, string>;
  state: UseState;
  reason: Text | null;
  job: string | null;
  result: string | null;
  resultDigest: string | null;
  /** Hex, where that is a commitment; of none that opened elsewhere. */
  resultSalt: string | null;
  rows: number | null;
  money: UseMoney | null;
  isolation: Isolation | null;
  timings: Timings;
  third: Third;
  at: Date;
  endedAt: Date | null;
}

export interface ComputeDeps {
  database: Database;
  now: () => Date;
  objects: Pick<ObjectStore, 'folder' | 'local' | 'put' | 'bytes' | 'read' | 'size'>;
  keys: Pick<Keys, 'signer' | 'find'>;
  publicLog: Pick<PublicLog, 'publish' | 'inclusion'>;
  suite: SuiteName;
  members: Pick<Members, 'displayNames'>;
  resource: Registry['resource'];
  contents: Registry['readyContents'];
  signText: Agreements['signText'];
  ruleBook: Pick<RuleBook, 'current'>;
  money: Money;
  /** As the third party of computations on shares; `ports`: the first and the last, or none for any. */
  third: { secret: Buffer; host: string; address: string; ports: readonly number[] };
  /** Besides this program's own: versions of SecretFlow, of SCQL and of the PSI on Kuscia that contracts may name, the Python that has Spark, or '', and Trino, with '' for its address where there is none. */
  engines: {
    secretflow: readonly string[];
    scql: readonly string[];
    kuscia: readonly string[];
    sparkPython: string;
    trino: Trino;
  };
  queryPool?: Pick<QueryPoolOptions, 'processesMax' | 'memoryMB'>;
}

/** What an engine computes in the clean room: SQL that the gate wrote, over files whose digests were signed. */
export interface RoomJob {
  contract: RoomContract;
  /** The contract's, or what decides and gives the same of these very data. */
  sql: string;
  tables: { name: string; path: string }[];
  values: Readonly<Record<string, string>>;
  rowsMax: number;
  signal: AbortSignal;
}
export type Cell = string | number | boolean | null;

/** The same before anybody has signed: tables without rows. */
export interface RoomCheck {
  sql: string;
  tables: { name: string; columns: { name: string; type: string }[] }[];
  values: Readonly<Record<string, string>>;
}

/** Computes in the clean room of this node. */
export interface RoomEngine {
  readonly name: EngineName;
  /** How long it may take, whatever bound it has itself. */
  readonly seconds: number;
  /** Of what is installed here; undefined where nothing is. This program's own has none of its own. */
  version?(): Promise<string | undefined>;
  /** What of a query it does not take, in its words; undefined where it takes it. Left out where there is nothing to ask. */
  check?(job: RoomCheck): Promise<string | undefined>;
  /** Rows of the contract's output columns. Throws QueryEnded with how it ended. */
  run(job: RoomJob): Promise<Record<string, Cell>[]>;
}

/** With the room's own clean-room processes, made with their first use. */
export interface Room extends ComputeDeps {
  /** Milliseconds that go on whatever the calendar says. */
  timer(): number;
  queries(): Promise<QueryPool>;
  sandbox(): Promise<Sandbox>;
  isolation(): Promise<Isolation>;
  engine(name: EngineName): RoomEngine | undefined;
}
