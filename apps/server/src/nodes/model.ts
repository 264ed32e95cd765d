/** Nouns of nodes, and what the room asks of its neighbours. */
import type { Signer, SuiteName } from '@shugu/evidence';
import type { foreignFormat } from '@shugu/wire/federation-elsewhere';
import type {
  answer,
  application,
  change,
  entryKinds,
  message,
  nodeKinds,
  nodeStates,
  peer,
  rosterNode,
} from '@shugu/wire/nodes';
import type { attachment, connectorTypes, technical } from '@shugu/wire/nodes-application';
import type {
  differenceKinds,
  peerAnswer,
  peerMessage,
  purchaseStates,
  statementDifference,
  statementLine,
  withdrawals,
} from '@shugu/wire/nodes-trade';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Cases } from '../kernel/case/index.ts';
import type { Database, Reader, Tx } from '../kernel/db/db.ts';
import type { Issue } from '../kernel/issue/index.ts';
import type { ObjectStore } from '../kernel/objects.ts';
import type { Market } from '../market/index.ts';
import type { Members } from '../members/index.ts';

export type NodeKind = (typeof nodeKinds)[number];
export type NodeState = (typeof nodeStates)[number];
export type ForeignFormat = z.output<typeof foreignFormat>;
export type EntryKind = (typeof entryKinds)[number];
export type ConnectorType = (typeof connectorTypes)[number];
export type Application = z.output<typeof application>;
export type Technical = z.output<typeof technical>;
export type Attachment = z.output<typeof attachment>;
export type Message = z.output<typeof message>;
export type Changes = Extract<Message, { kind: 'changes' }>;
export type Answer = z.output<typeof answer>;
export type Change = z.output<typeof change>;
export type Content = NonNullable<Change['content']>;
export type Peer = z.output<typeof peer>;
export type RosterNode = z.output<typeof rosterNode>;
export type Credential = Answer['credential'];

export type PeerMessage = z.output<typeof peerMessage>;
export type PeerAnswer = z.output<typeof peerAnswer>;
export type PurchaseState = (typeof purchaseStates)[number];
export type StatementLine = z.output<typeof statementLine>;
export type Difference = z.output<typeof statementDifference>;
export type Withdrawal = (typeof withdrawals)[number];
export type DifferenceKind = (typeof differenceKinds)[number];

/** One statement of an order here whose money another node guarantees. */
export interface OwedStatement {
  order: string;
  number: string;
  from: Date;
  until: Date;
  quantity: bigint;
  fen: bigint;
  final: boolean;
}

/** The key and log by which others know this node. */
export interface Identity {
  signer: Signer;
  origin: string;
}

export interface NodesDeps {
  database: Database;
  log: Logger;
  cases: Pick<Cases, 'register' | 'file' | 'find' | 'keepPaper' | 'move' | 'serve' | 'ruleBook'>;
  objects: Pick<ObjectStore, 'put' | 'bytes'>;
  issue: Pick<Issue, 'paper' | 'withdraw' | 'read'>;
  members: Pick<Members, 'operatorOf' | 'operatorIfAny' | 'organisationByCode' | 'seatsHeld' | 'anyTrader'>;
  market: Pick<Market, 'listed' | 'listedAfter' | 'demand' | 'openDemands'>;
  /** Organisations as participants of the dataspace; that room stands after this one. */
  dataspace: {
    connector(read: Reader, participant: string): Promise<{ participant: string; address: string } | undefined>;
    dataset(
      read: Reader,
      participant: string,
      asked: { counterparty: string; address: string; dataset: string },
    ): Promise<Record<string, unknown> | undefined>;
    /** Types of transfers of a data set that was told so, and how each is received here; undefined: all that can be. */
    formats(read: Reader, participant: string, told: Record<string, unknown> | undefined): Promise<ForeignFormat[]>;
    requestTransfer(
      tx: Tx,
      asked: { agreement: string; address: string; format: string; dataAddress?: unknown },
    ): Promise<{ id: string }>;
  };
  /** What settlement, which stands after this room, holds of orders that are guaranteed elsewhere. */
  owed: {
    statements(read: Reader, orders: readonly string[]): Promise<OwedStatement[]>;
    /** Number of the account here of a node that pays. */
    account(read: Reader, peerDid: string): Promise<string | undefined>;
  };
  identity(read: Reader): Promise<Identity>;
  /** The latest signed checkpoint of a log that can go out. */
  checkpoint(origin: string): Promise<string | undefined>;
  /** Whether this node itself keeps, or kept, a log. */
  ownLog(read: Reader, origin: string): Promise<boolean>;
  /** Keys of witnesses whose word counts here. */
  witnesses(read: Reader): Promise<string[]>;
  publicUrl(): string;
  now(): Date;
  settings: {
    kind: NodeKind;
    /** Codes of GB/T 4754 that an industry's node names. */
    industries: readonly string[];
    /** Credit code of the supplier whose node it is; empty: none is named. */
    supplier: string;
    hubUrl: string;
    /** A file of what goes with the application that this node makes by itself; empty: nothing. */
    applicationFile: string;
    beatSeconds: number;
    privateNodes: readonly string[];
    /** Whether nodes that take part are believed. */
    trustNodes: boolean;
    /** What another node may guarantee to this one at most, and this one to it. */
    exposureFen: bigint;
    /** How many of the witnesses must have cosigned what another node issued. */
    peerQuorum: number;
    suite: SuiteName;
    software: string;
  };
}
