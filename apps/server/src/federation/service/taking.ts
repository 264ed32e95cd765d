/** A message that came: who, which process, may it be, what follows; one transaction. */
import { checkMessage, type Fault, type Side } from '@shugu/dataspace';
import type { Sent, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { withPlainAddress } from '../address.ts';
import { nameTowards } from '../claims/dids.ts';
import { gatewayFormats, servedFormats } from '../formats.ts';
import type { Attested } from '../identity/identity.ts';
import { type Door, digestOf, type ErrorTold, errorOf, standingOf } from '../messages.ts';
import {
  type Act,
  type AgreementBody,
  type Connector,
  type Json,
  type Kind,
  limits,
  type Message,
  type OfferBody,
  type Process,
} from '../model.ts';
import { planesOf } from '../planes/store.ts';
import { keptPrices, listedPrices } from '../prices.ts';
import { findAgreement, findDataset, messagesOf, processOfTheirs, waitingOf, waitingWith } from '../reads.ts';
import { courtesy, isFault, type Moved, sideOf, step } from '../rules.ts';
import { insertMessage, insertProcess, lockProcess, messageEnd, saveAttestation } from '../store.ts';
import { agreementFault } from '../terms.ts';
import { apply, newProcess, settleMove } from './moves.ts';
import { actorOf, type Room, spacesOfCounterparty } from './room.ts';
import { sealMessage } from './secrets.ts';

export interface Answer {
  status: number;
  body: Json;
}

export interface Coming {
  connector: Connector;
  /** Participant id of the sender. */
  sender: string;
  /** What an issuer that is trusted here says of it. */
  attested?: Attested | undefined;
  door: Door;
  /** Ours, from the path; empty for first messages. */
  pid: string;
  body: unknown;
  userAgent: string | undefined;
}

/** Not taken, and nothing has changed. */
class Refusal extends Error {
  readonly status: number;
  readonly told: ErrorTold;
  constructor(status: number, told: ErrorTold) {
    super(told.code);
    this.status = status;
    this.told = told;
  }
}
const refuse = (code: string, zh: string, en: string): never => {
  throw new Refusal(400, { code, reason: [zh, en] });
};
const unknown = (): never => {
  throw new Refusal(404, { code: 'unknown' });
};

/** As good as they are known from path and message, so that the error's schema holds whatever was sent. */
const pidsTold = (pid: string, body: unknown): { consumerPid: string; providerPid: string } => {
  const { consumerPid, providerPid } = (typeof body === 'object' && body !== null ? body : {}) as Json;
  const text = (value: unknown) => (typeof value === 'string' ? value : pid);
  return { consumerPid: text(consumerPid), providerPid: text(providerPid) };
};

export const unknownAnswer = (kind: Kind | 'catalog', pid: string, body?: unknown): Answer => ({
  status: 404,
  body: errorOf(kind, pidsTold(pid, body), { code: 'unknown' }),
});

export const take = async (room: Room, coming: Coming): Promise<Answer> => {
  const { door, pid, body } = coming;
  try {
    const checked = checkMessage(door.type, body);
    if (!checked.ok) {
      const { code, path, zh, en } = checked.fault;
      return refuse(code, `${path} ${zh}`, `${path} ${en}`);
    }
    const message = body as Json;
    const work = room.database.tx(actorOf(coming.connector), (tx) =>
      door.first ? begin(room, tx, coming, message) : proceed(room, tx, coming, message),
    );
    if (!door.first) room.taking(pid, work);
    return await work;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, body: errorOf(door.kind, pidsTold(pid, body), error.told) };
  }
};

const actOf = ({ act }: Door, message: Json): Act => act ?? (message.eventType === 'ACCEPTED' ? 'accept' : 'finalize');

const keep = (tx: Tx, process: Process, act: Act, digest: string, body: Json): Sent =>
  insertMessage(tx, {
    id: newId('dsm', tx.now),
    process: process.id,
    participant: process.participant,
    direction: 'in',
    act,
    digest,
    body,
    state: 'taken',
    attempts: 0,
    due_at: null,
    fault: null,
    created_at: tx.now,
    done_at: tx.now,
  });

const proceed = async (room: Room, tx: Tx, coming: Coming, message: Json): Promise<Answer> => {
  const { connector, sender, door, pid } = coming;
  const [process, before] = await Promise.all([lockProcess(tx, pid), waitingOf(tx, pid)]);
  // Somebody else's, of another kind, or none: all look the same.
  if (!process || process.participant !== connector.participant || process.kind !== door.kind) return unknown();
  if (process.counterparty !== sender) return unknown();
  const act = actOf(door, message);
  checkPids(process, message);
  const digest = digestOf(message);
  if (process.taken?.digest === digest && process.taken.version === process.version)
    return { status: 200, body: standingOf(process) };
  const { moved, waiting } = await moveOf(tx, process, before, { act, message });
  if (isFault(moved)) {
    // The same as was taken last: it came again, after an answer that got lost.
    if (process.taken?.digest === digest) return { status: 200, body: standingOf(process) };
    return refuse(moved.code, moved.zh, moved.en);
  }
  await checkContent(room, tx, connector, process, act, message);
  const kept = await sealMessage(room, tx, process, withPlainAddress(message));
  apply(process, act, 'other', moved, kept);
  process.taken = { digest, version: process.version + 1 };
  keep(tx, process, act, digest, kept);
  tx.afterCommit(() => room.spare(process.id, courtesy(coming.userAgent)));
  await settleMove(room, tx, { connector, process, waiting }, { act, by: 'other' });
  return { status: 200, body: standingOf(process) };
};

/** Ours is the path's; theirs is learnt with the first answer. */
const checkPids = (process: Process, message: Json): void => {
  const own = process.side === 'consumer' ? 'consumerPid' : 'providerPid';
  const theirs = process.side === 'consumer' ? 'providerPid' : 'consumerPid';
  const told = message[theirs];
  if (message[own] !== process.id || typeof told !== 'string' || (process.their_pid ?? told) !== told)
    refuse('pidsWrong', '标识与本次协商或传输不符', 'the pids are not those of this process');
};

/**
 * Where the act leads. What answers a message of ours that is under way shows that the message arrived, whose own answer may
 * come later or be lost: it is then taken as acknowledged. `waiting`: what waits, before and after.
 */
const moveOf = async (
  tx: Tx,
  process: Process,
  waiting: Message | undefined,
  { act, message }: { act: Act; message: Json },
): Promise<{ moved: Moved | Fault; waiting: Message | undefined }> => {
  const side = sideOf(process, 'other');
  const begun = process.state !== null;
  const direct = step(process, act, side);
  // Before our first message has arrived there is nothing that could be answered.
  if (begun && !isFault(direct)) return { moved: direct, waiting };
  if (!waiting || waiting.attempts === 0) return begun ? { moved: direct, waiting } : unknown();
  const own = step(process, waiting.act, process.side);
  const then = isFault(own) ? own : step({ ...process, ...own }, act, side);
  if (isFault(own) || isFault(then)) return { moved: begun ? direct : then, waiting };
  const theirs = process.side === 'consumer' ? message.providerPid : message.consumerPid;
  process.their_pid ??= theirs as string;
  apply(process, waiting.act, 'self', own, waiting.body);
  tx.send(messageEnd(tx, waiting.id, 'sent'));
  return { moved: then, waiting: undefined };
};

const checkContent = async (
  room: Room,
  tx: Tx,
  connector: Connector,
  process: Process,
  act: Act,
  message: Json,
): Promise<void> => {
  if (process.kind !== 'negotiation') return;
  const { offer } = message as { offer?: OfferBody };
  if (offer && offer.target !== process.subject)
    refuse('targetWrong', '一次协商只涉及一个数据集', 'a negotiation is about one data set');
  if (act === 'finalize') await checkNew(tx, process, process.agreement!);
  if (act !== 'agree') return;
  const [provider, consumer] = [process.counterparty, nameTowards(room.dids, connector, process.counterparty)];
  const fault = agreementFault(message.agreement as never, { offer: process.offer!, provider, consumer });
  if (fault) refuse('agreementWrong', fault.zh, fault.en);
  await checkNew(tx, process, message.agreement as AgreementBody);
};

/** The provider names an agreement; whoever holds another by that name could not tell the two apart. */
const checkNew = async (tx: Tx, process: Process, agreement: AgreementBody): Promise<void> => {
  const before = await findAgreement(tx, process.participant, agreement['@id']);
  if (before && before.negotiation !== process.id)
    refuse('agreementTaken', '该协议标识已用于另一项协议', 'another agreement goes by this id');
};

/** Of what is traded here: somebody serves the type. What else is asked for, whoever answers must know. */
const checkFormat = async (tx: Tx, { participant, format, traded }: Process): Promise<void> => {
  if (!traded) return;
  const served = servedFormats(Object.keys(gatewayFormats), await planesOf(tx, participant));
  if (format !== null && served.includes(format)) return;
  const all = served.join(', ');
  refuse(
    'formatUnserved',
    `没有数据面承担此类传输；可用的类型：${all}`,
    `no data plane serves this type; there are ${all}`,
  );
};

/** A first message: a new process, or the one that it began when it came before. */
const begin = async (room: Room, tx: Tx, coming: Coming, message: Json): Promise<Answer> => {
  const { connector, sender, door } = coming;
  const side = door.first as Side;
  // By the schema it stands in place of a pid of ours.
  if (message.callbackAddress === undefined)
    refuse('pidsWrong', '首条消息不带对方标识', 'a first message names no pid of the other side');
  const address = String(message.callbackAddress).replace(/\/+$/, '');
  const closed = room.outgoing.fault(address);
  const theirPid = String(side === 'provider' ? message.consumerPid : message.providerPid);
  if (closed !== undefined) refuse('callbackRefused', '不允许回调该地址', 'that address may not be called back');
  const digest = digestOf(message);
  const theirs = {
    participant: connector.participant,
    kind: door.kind,
    side,
    counterparty: sender,
    their_pid: theirPid,
  };
  if (sender === nameTowards(room.dids, connector, sender))
    refuse('ownPartner', '不能与自己协商', 'nobody negotiates with itself');
  const made = newProcess(tx, { ...theirs, address, subject: '', taken: { digest, version: 1 } });
  const act = actOf(door, message);
  const filled = fill(room, tx, made, message);
  // Asked beside it, and the first to be heard.
  const [suspended] = await Promise.all([room.suspended(tx, connector.participant), filled.catch(() => undefined)]);
  if (suspended) return unknown();
  await filled;
  const moved = step(made, act, sideOf(made, 'other'));
  if (isFault(moved)) return refuse(moved.code, moved.zh, moved.en);
  const [inserted, waiting] = await Promise.all([
    insertProcess(tx, made),
    waitingWith(tx, connector.participant, sender),
  ]);
  if (inserted === 0) return again(tx, theirs, digest);
  if (waiting >= limits.waitingWithMax)
    throw new Refusal(429, {
      code: 'tooManyWait',
      reason: ['未了的协商与传输过多，请稍后再试', 'too many wait already; try again later'],
    });
  if (coming.attested && made.kind === 'negotiation') await saveAttestation(tx, made, coming.attested);
  const kept = await sealMessage(room, tx, made, withPlainAddress(message));
  apply(made, act, 'other', moved, kept);
  keep(tx, made, act, digest, kept);
  tx.afterCommit(() => room.spare(made.id, courtesy(coming.userAgent)));
  await settleMove(room, tx, { connector, process: made, waiting: undefined }, { act, by: 'other' });
  return { status: 201, body: standingOf(made) };
};

const again = async (tx: Tx, theirs: Parameters<typeof processOfTheirs>[1], digest: string): Promise<Answer> => {
  const before = (await processOfTheirs(tx, theirs))!;
  const [first] = await messagesOf(tx, before.id);
  if (first?.digest !== digest)
    refuse('pidTaken', '该标识已用于另一次协商或传输', 'another process of this pid has begun');
  return { status: 201, body: standingOf(before) };
};

/** What a new process is about: a data set that is offered, or an agreement that both have. */
const fill = async (room: Room, tx: Tx, made: Process, message: Json): Promise<void> => {
  if (made.kind === 'transfer') {
    const agreement = await findAgreement(tx, made.participant, String(message.agreementId));
    if (agreement?.side !== 'provider' || agreement.counterparty !== made.counterparty || agreement.ended_at)
      return refuse('agreementUnknown', '没有此项有效协议', 'there is no such agreement in force');
    made.subject = agreement.id;
    made.format = String(message.format);
    made.reference = agreement.reference;
    made.traded = agreement.reference !== null;
    return checkFormat(tx, made);
  }
  const offer = message.offer as OfferBody;
  made.subject = offer.target;
  if (made.side === 'consumer') return;
  const dataset = await findDataset(
    tx,
    made.participant,
    offer.target,
    await spacesOfCounterparty(room, tx, made.counterparty),
  );
  const published = dataset?.body.hasPolicy.find((one) => one['@id'] === offer['@id']);
  if (!published) return refuse('offerUnknown', '没有此项要约', 'there is no such offer');
  made.own_offer = { ...published, target: offer.target } as OfferBody;
  Object.assign(made, keptPrices(listedPrices(dataset!.body, offer['@id'])));
  made.traded = dataset!.traded;
};
