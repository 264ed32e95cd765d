import type { Grant } from '../grants.ts';
import type { Lease, SliceStatement, SliceWish } from '../slices.ts';
import type { TracesSettings } from '../tracing/tracing.ts';

/** What passes between the exchange and a gateway of its own process; README.md tells the order. JSON throughout. */

export type StartAsk = { life: string; version: string };
export type StartAnswer = {
  session: string;
  gateway: string;
  source: string;
  suite: 'intl' | 'sm';
  /** Base64; keys of receipts, addresses and masks come from it. Kept in memory only. */
  secret: string;
  graceMs: number;
  beatMs: number;
  /** ms, the exchange's clock. */
  time: number;
  /** Folder of point stores, for a gateway on the same machine. */
  storesFolder: string;
  allowedUpstreams: string[];
  /** Null where the operator wants no traces. */
  traces: TracesSettings | null;
};

/** Lines of the push stream, each with the number after the one before. */
export type Push = { seq: number } & (
  | { type: 'grant'; line: Grant }
  | { type: 'gone'; id: string }
  /** All that differed from what the gateway said it holds has been sent. */
  | { type: 'ready' }
  | { type: 'beat' }
  /** So many gateways serve now, among whom the rates of contracts are divided. */
  | { type: 'share'; among: number }
  | { type: 'recall'; grant: string }
  /** A recall that this gateway waits for is over. */
  | { type: 'wake' }
  | { type: 'forget'; secret: string }
  /** Seal and ship what is recorded. */
  | { type: 'flush'; id: number }
);

export type SyncAsk = {
  session: string;
  /** Grows within a session: what comes late is refused. */
  turn: number;
  life: string;
  /** Last record of the lives before this one. */
  lifeFrom: number;
  /** Public key (JWK) that signs this gateway’s segments; with the first turn of a session. */
  key?: object;
  acknowledged: number;
  slices: SliceStatement[];
  wishes: SliceWish[];
  recalled: string[];
  flushed?: number;
};
export type SyncAnswer = Lease & {
  /** Last number of the push stream when this was answered: whoever has seen it knows all there was to know. Null: no stream. */
  pushed: number | null;
  time: number;
};

/** The exchange holds records up to `sequence` and sealed segments up to `segment`. */
export type ShipAnswer = { sequence: number; segment: number };
