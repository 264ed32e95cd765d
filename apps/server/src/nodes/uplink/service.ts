/** The node's side: it applies once, then says that it lives, answers what the hub asks of it and sends what is new. */
import { randomBytes } from 'node:crypto';
import { publicJwk, publicKeyFromJwk, type Signer } from '@shugu/evidence';
import * as wire from '@shugu/wire/nodes';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { Problem } from '../../kernel/problem.ts';
import type { Answer, Application, Message, NodesDeps, Technical } from '../model.ts';
import { problems } from '../problems.ts';
import { hasEnded, restSeconds } from '../rules.ts';
import { heldAttachments, nameAttachments, sendAttachments, termsOf } from './attachments.ts';
import { publishAll } from './changes.ts';
import { takeDemands } from './demands.ts';
import { type HubLine, HubRefused } from './hub.ts';
import { rosterIsOld, takeRoster } from './roster.ts';
import * as store from './store.ts';

const actor = systemActor('nodes');
/** Turns of one beat: what the hub asks for next, and batches of changes; more wait for the next beat. */
const turnsMax = 200;

export interface JoinDraft {
  hub?: string | undefined;
  name?: string | undefined;
  connectorType: 0 | 1;
  technical?: Technical | undefined;
}

/** As it is signed: what is not given is not said. */
const saidOf = (technical: Technical | undefined): { technical?: Technical } => {
  const given = JSON.parse(JSON.stringify(technical ?? {}).normalize('NFC')) as Technical;
  return Object.keys(given).length > 0 ? { technical: given } : {};
};

const away = (error: unknown): Problem =>
  error instanceof Problem ? error : problems.hubAway({ detail: (error as Error).message.slice(0, 300) });

/** An application whose answer was lost stands at the hub already: under the same key it is taken up as it stands. */
const apply = (
  line: HubLine,
  hub: { url: string; key: unknown },
  signer: Signer,
  words: Application,
): Promise<Answer> =>
  line.say(wire.register, hub, signer, words).catch((error) => {
    if (!(error instanceof HubRefused && error.code === 'nodes.registered')) throw error;
    const { to, origin } = words;
    return line.say(wire.tell, hub, signer, { kind: 'enquiry', to, origin } satisfies Message);
  });

/** Applies at the hub and keeps its key. The hub is asked before anything is written: a refusal leaves nothing behind. */
export const joinHub = async (deps: NodesDeps, line: HubLine, draft: JoinDraft): Promise<void> => {
  const url = draft.hub || deps.settings.hubUrl;
  if (!url) throw problems.noHub({ field: 'body.hub' });
  const { database } = deps;
  const before = await store.latestUplink(database);
  if (before && !hasEnded(before.state)) throw problems.joined({ detail: before.state });
  const refused = line.fault(url);
  if (refused) throw problems.hubAddress({ field: 'body.hub', detail: refused });
  const operator = await deps.members.operatorOf(database);
  const { signer, origin } = await deps.identity(database);
  const name = draft.name || operator.name.slice(0, wire.nodeLimits.nameCharactersMax);
  const hub = await line.self(url).catch((error) => {
    throw away(error);
  });
  const held = await heldAttachments(database);
  const words: Application = {
    kind: 'application',
    to: hub.keyId,
    nonce: randomBytes(16).toString('base64url'),
    key: publicJwk(signer.publicKey),
    origin,
    name: name.normalize('NFC'),
    nodeKind: deps.settings.kind,
    connectorType: draft.connectorType,
    operator: { name: operator.name.normalize('NFC'), creditCode: operator.creditCode },
    url: new URL(deps.publicUrl()).origin,
    ...saidOf(draft.technical),
    ...(held.length > 0 ? { attachments: held.map(termsOf) } : {}),
  };
  const said = await apply(line, { url, key: hub.key }, signer, words).catch((error) => {
    throw away(error);
  });
  await database.tx({ ...actor, participant: operator.id }, async (tx) => {
    const id = newId('upl', tx.now);
    await store.insertUplink(tx, {
      id,
      participant: operator.id,
      hub_url: url,
      hub_name: hub.name,
      hub_key: hub.key,
      key_id: signer.keyId,
      name,
      kind: deps.settings.kind,
      beat_seconds: said.beatSeconds,
    });
    await nameAttachments(tx, id, held);
    await store.saveAnswer(tx, id, said);
    await audit(tx, { action: 'nodes.uplink.join', subject: id, participant: operator.id, data: { hub: url } });
    await emit(tx, { type: 'nodes.uplink.joined', subject: id, participant: operator.id, data: { hub: url } });
  });
};

const write = <T>(deps: NodesDeps, run: (tx: Tx) => Promise<T>): Promise<T> => deps.database.tx(actor, run);

/** The hub holds what this node never said, or wants what it held before and this node no longer has. */
const cannotGoOn = async (tx: Tx, one: store.Uplink, said: Answer): Promise<boolean> => {
  if (said.generation > one.generation) return true;
  const held = said.generation === one.generation ? said.held : 0;
  const last = await store.lastChange(tx, one);
  return held > last || (held < last && !(await store.isKept(tx, one, held + 1)));
};

const keep = (deps: NodesDeps, one: store.Uplink, said: Answer): Promise<void> =>
  write(deps, async (tx) => {
    const before = await store.lockUplink(tx, one.id);
    await store.saveAnswer(tx, one.id, said);
    await takeDemands(tx, before, said);
    if (before.state !== said.state)
      await emit(tx, {
        type: 'nodes.uplink.moved',
        subject: one.id,
        participant: one.participant,
        data: { state: said.state },
      });
    // One of the two went back in time: everything is said anew.
    const anew = await cannotGoOn(tx, before, said);
    if (anew) await store.beginGeneration(tx, one.id, Math.max(said.generation, before.generation) + 1);
    // A hub that is brought up to date hears where suppliers' connectors are.
    const learnt = before.roster_named === null && said.roster !== null;
    if (said.state === 'active' && (anew || learnt || before.state !== 'active')) await publishAll(deps, tx, one.id);
  });

/** What is due to be said, most pressing first; undefined: nothing more for now. */
const nextWords = async (deps: NodesDeps, one: store.Uplink, beaten: boolean): Promise<Message | undefined> => {
  const { database } = deps;
  const to = publicKeyFromJwk(one.hub_key).keyId;
  const number = () => write(deps, (tx) => store.nextNumber(tx, one.id));
  if (!beaten)
    return {
      kind: 'heartbeat',
      to,
      number: await number(),
      generation: one.generation,
      last: await store.lastChange(database, one),
      url: new URL(deps.publicUrl()).origin,
      demands: one.relayed,
    };
  if (one.state === 'certifying') {
    const checkpoint = await deps.checkpoint((await deps.identity(database)).origin);
    if (checkpoint === undefined) return undefined;
    return { kind: 'certification', to, number: await number(), software: deps.settings.software, checkpoint };
  }
  if (one.state === 'activating') return { kind: 'activation', to, number: await number() };
  if (one.state !== 'active') return undefined;
  const changes = await store.changesAfter(database, one, one.held, wire.nodeLimits.batchEntriesMax);
  if (changes.length === 0) return undefined;
  return { kind: 'changes', to, generation: one.generation, first: one.held + 1, changes };
};

/** A refusal of a number that was heard already tells how far it is. */
const catchUpNumber = (deps: NodesDeps, one: store.Uplink, error: unknown): Promise<unknown> =>
  error instanceof HubRefused && error.code === 'nodes.replayed' && /^\d{1,15}$/.test(error.detail)
    ? write(deps, (tx) => store.nextNumber(tx, one.id, Number(error.detail)))
    : Promise.resolve();

const speak = async (deps: NodesDeps, line: HubLine, signer: Signer, beat: boolean): Promise<void> => {
  for (let turn = 0; turn < turnsMax; turn++) {
    const one = await store.latestUplink(deps.database);
    if (!one || hasEnded(one.state)) return;
    if (rosterIsOld(one)) await takeRoster(deps, line, { one, signer, write: (run) => write(deps, run) });
    const words = await nextWords(deps, one, !beat || turn > 0);
    if (!words) return sendAttachments(deps, line, one);
    try {
      const said = await line.say(wire.tell, { url: one.hub_url, key: one.hub_key }, signer, words);
      await keep(deps, one, said);
    } catch (error) {
      await catchUpNumber(deps, one, error);
      throw error;
    }
  }
};

/** What came of a turn; a moment: it is too early, and nothing is to be said before then. */
export type Turned = 'noHub' | 'said' | 'failed' | Date;

/**
 * One turn with the hub. `beat` begins it with a heartbeat; without one, only what is new is sent, and not while the hub rests
 * after a failure.
 */
export const turn = async (deps: NodesDeps, line: HubLine, beat: boolean): Promise<Turned> => {
  const one = await store.latestUplink(deps.database);
  if (!one || hasEnded(one.state)) return 'noHub';
  const now = deps.now();
  if (beat ? one.next_at > now : one.failures > 0 && one.next_at > now) return one.next_at;
  const { signer } = await deps.identity(deps.database);
  try {
    if (signer.keyId !== one.key_id) throw new Error('the log has another key now: this node must apply anew');
    await speak(deps, line, signer, beat);
    return 'said';
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    deps.log.warn({ err: error, hub: one.hub_url }, 'the hub could not be told');
    const next = new Date(now.getTime() + restSeconds(one.failures + 1) * 1000);
    await write(deps, (tx) => store.saveFailure(tx, one.id, text, next));
    return 'failed';
  }
};
