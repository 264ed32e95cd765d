/** Asks whose log it is, judges, and keeps what was found. Nothing else changes: a foreign right is entered nowhere. */
import { digestText, publicKeyFromJwk } from '@shugu/evidence';
import * as wire from '@shugu/wire/nodes';
import { audit } from '../../kernel/audit.ts';
import { dayOf } from '../../kernel/calendar/calendar.ts';
import type { Actor, Database } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { Problem } from '../../kernel/problem.ts';
import { peerOf } from '../hub/peers.ts';
import { nodeOfOrigin } from '../hub/store.ts';
import type { NodesDeps, Peer } from '../model.ts';
import { problems } from '../problems.ts';
import type { HubLine } from '../uplink/hub.ts';
import { latestUplink } from '../uplink/store.ts';
import { claimedOrigin, type Judged, judge } from './judge.ts';
import { insertRecognition, type RecognitionRow } from './store.ts';

/** A hub knows its nodes; a node asks its hub, whose signed word is about this very question. */
const findPeer = async (deps: NodesDeps, line: HubLine, origin: string): Promise<Peer | null> => {
  const { database } = deps;
  if (deps.settings.kind === 'hub' || (await nodeOfOrigin(database, origin))) return peerOf(deps, database, origin);
  const hub = await latestUplink(database);
  if (hub?.state !== 'active') throw problems.noPeers();
  const { signer } = await deps.identity(database);
  const words = { kind: 'enquiry', to: publicKeyFromJwk(hub.hub_key).keyId, origin };
  return line.say(wire.tell, { url: hub.hub_url, key: hub.hub_key }, signer, words).then(
    ({ peer }) => peer,
    (error: Error) => {
      throw error instanceof Problem ? error : problems.hubAway({ detail: error.message.slice(0, 300) });
    },
  );
};

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const rowOf = (at: Date, digest: string, peer: Peer | null, { outcome, report }: Judged): RecognitionRow => {
  const document = (report?.ok ? report.document : {}) as Record<string, unknown>;
  const registrar = document.registrar as { name?: unknown } | undefined;
  return {
    id: newId('rec', at),
    at,
    outcome,
    digest,
    number: textOf(document.code),
    data_name: textOf(document.dataName),
    last_day: textOf(document.validLastDay),
    registrar: textOf(registrar?.name),
    peer: peer && { id: peer.id, name: peer.name, kind: peer.kind, origin: peer.origin },
    witnesses: report?.asOf?.witnesses ?? [],
    checks: report?.checks ?? [],
  };
};

export const recognise = async (
  deps: NodesDeps,
  line: HubLine,
  actor: Actor,
  file: string,
): Promise<RecognitionRow> => {
  const { database } = deps;
  const bytes = Buffer.from(file, 'utf8');
  const origin = claimedOrigin(bytes);
  const ownLog = origin !== undefined && (await deps.ownLog(database, origin));
  const peer = origin === undefined || ownLog ? null : await findPeer(deps, line, origin);
  const judged = await judge(bytes, {
    ownLog,
    peer,
    witnesses: await deps.witnesses(database),
    quorum: deps.settings.peerQuorum,
    today: dayOf(deps.now()),
  });
  return keep(database, actor, (at) => rowOf(at, digestText(deps.settings.suite, bytes), peer, judged));
};

const keep = (database: Database, actor: Actor, rowAt: (at: Date) => RecognitionRow): Promise<RecognitionRow> =>
  database.tx(actor, async (tx) => {
    const row = rowAt(tx.now);
    await insertRecognition(tx, row);
    const { outcome, number, peer, digest } = row;
    await audit(tx, {
      action: 'nodes.recognition.check',
      subject: row.id,
      data: { outcome, number, peer: peer?.id, digest },
    });
    return row;
  });
