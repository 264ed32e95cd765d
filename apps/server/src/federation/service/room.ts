/** What every part of federation works with. */
import type { Outgoing } from '@shugu/gateway';
import type { Logger } from 'pino';
import type { Actor, Database, Reader, Tx } from '../../kernel/db/db.ts';
import type { Seal } from '../../kernel/seal.ts';
import type { Dids } from '../claims/dids.ts';
import type { IdentityProvider } from '../identity/identity.ts';
import type { Connector, Message, Process } from '../model.ts';
import type { SpaceCatalogue } from '../nested.ts';
import { connectorNamed } from '../reads.ts';
import type { Records } from '../records/model.ts';
import type { Proofs } from '../renewal/proof.ts';
import type { FlowGateway } from '../serving/model.ts';
import type { Discover } from './discovery.ts';

/** A message whose present try is this server's alone until `due_at`. */
export interface Claimed {
  connector: Connector;
  process: Process;
  message: Message;
}

export interface Room {
  database: Database;
  now(): Date;
  log: Logger;
  identity: IdentityProvider;
  proofs: Proofs;
  dids: Dids;
  /** Whether a member of this node may not trade for now: nothing new is begun with it. */
  suspended(read: Reader, participant: string): Promise<boolean>;
  /** Data spaces in which an organisation of this node stands: what is for their members alone is shown to it. */
  spacesOf(read: Reader, participant: string): Promise<readonly string[]>;
  /** Catalogues of the spaces that an organisation of this node operates, to whoever stands in the spaces named. */
  catalogues(read: Reader, participant: string, standsIn: readonly string[]): Promise<readonly SpaceCatalogue[]>;
  records: Records;
  seal: Pick<Seal, 'seal' | 'open'>;
  outgoing: Outgoing;
  discover: Discover;
  publicUrl(): string;
  /** How long an access token lives that is renewed. */
  accessSeconds: number;
  /** The next access token of a transfer that runs; undefined where there is none to be given any more. */
  renewAccess(tx: Tx, process: Process, of: { seconds: number; again: boolean }): Promise<string | undefined>;
  /** After commit: there is something to send in this process. */
  wake(process: string, dueAt: Date): void;
  /** Carries data flows that control planes outside steer. */
  gateway: FlowGateway;
  /** Whether an organisation is the buyer of a contract in force. */
  holdsContract(read: Reader, participant: string, contract: string): Promise<boolean>;
  /** Names of people and organisations of this node, by id. */
  namesOf(read: Reader, ids: readonly string[]): Promise<Map<string, string>>;
  /** After commit: there is something to tell control planes outside. */
  wakeNotices(): void;
  /** After commit: there is something to tell the data plane of this transfer. */
  wakeFlow(process: string): void;
  /** After commit: there is this to send now. */
  send(one: Claimed): void;
  /** After commit: the counter-party of this process, who told us something, is not answered before so many milliseconds. */
  spare(process: string, milliseconds: number): void;
  /** A message of the counter-party's is being taken: it may tell that ours has arrived. */
  taking(process: string, work: Promise<unknown>): void;
}

export const PATH = '/2025-1';

export const rootOf = (room: Pick<Room, 'publicUrl'>, participant: string): string =>
  `${room.publicUrl()}/dsp/${participant}`;

/** Base of a participant's endpoints, in both roles: what stands in `callbackAddress`. */
export const addressOf = (room: Pick<Room, 'publicUrl'>, participant: string): string =>
  `${rootOf(room, participant)}${PATH}`;

export const actorOf = ({ participant }: Pick<Connector, 'participant'>): Actor => ({
  kind: 'system',
  id: 'system:federation',
  participant,
  name: 'federation',
});

/** Those in which a counter-party stands; members of data spaces are organisations of this node. */
export const spacesOfCounterparty = async (
  { dids, spacesOf }: Pick<Room, 'dids' | 'spacesOf'>,
  read: Reader,
  name: string,
): Promise<readonly string[]> => {
  const participant = await connectorNamed(read, name, dids.participantOf(name));
  return participant === undefined ? [] : spacesOf(read, participant);
};

/** Id of a connector as the service of its data sets: the same wherever the node is reached. */
export const serviceOf = (participant: string): string => `urn:shugu:connector:${participant}`;
