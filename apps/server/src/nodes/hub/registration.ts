/** A node's registration at the hub: its signed application opens a case, and the case's steps are what the node's state is. */
import { EvidenceError, publicKeyFromJwk, verifierOf, vkeyOf } from '@shugu/evidence';
import { openNote, parseCheckpoint, TlogError } from '@shugu/tlog';
import { kindsOfNode } from '@shugu/wire/node-kinds';
import { application as applicationShape, nodeLimits } from '@shugu/wire/nodes';
import { audit } from '../../kernel/audit.ts';
import type { Occasion } from '../../kernel/case/index.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemPrincipal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { type Envelope, openWords, payloadDigest, readWords } from '../envelope.ts';
import type { Attachment, Message, NodeState, NodesDeps, Technical } from '../model.ts';
import { problems } from '../problems.ts';
import { hasEnded, nodeType } from '../rules.ts';
import { requireOwnPlace } from './address.ts';
import { relayEndOfAll } from './relays.ts';
import * as store from './store.ts';

export const procedure = 'node.registration';
const system = systemPrincipal('nodes');

const keyOf = (jwk: unknown) => {
  try {
    return publicKeyFromJwk(jwk);
  } catch (error) {
    if (error instanceof EvidenceError) throw problems.messageInvalid({ detail: error.message });
    throw error;
  }
};

const technicalData = (technical: Technical): Record<string, string> =>
  Object.fromEntries(
    Object.entries(technical).map(([name, value]) => [name, Array.isArray(value) ? value.join('；') : value]),
  );

/** Whether it has come is seen by the case's papers. */
const attachmentLine = ({ kind, name, bytes, sha256 }: Attachment): string => `${kind} ${name} ${bytes} ${sha256}`;

/** Who signs holds the key that it applies with; the same application is never taken in twice. `slow` throws where too many came. */
export const takeApplication = async (deps: NodesDeps, tx: Tx, sent: Envelope, slow: () => void): Promise<void> => {
  const { takes } = kindsOfNode[deps.settings.kind];
  if (takes.length === 0) throw problems.notHub();
  const key = keyOf(readWords(sent, applicationShape).key);
  const one = openWords(key, sent, applicationShape);
  const own = (await deps.identity(tx)).signer.keyId;
  if (one.to !== own) throw problems.wrongRecipient();
  if (!takes.includes(one.nodeKind)) throw problems.kindNotTaken({ detail: takes.join(', ') });
  if (key.keyId === own) throw problems.registered();
  const digest = payloadDigest(key.suite, sent);
  if (await store.wasSent(tx, digest)) throw problems.replayed();
  const before = await store.nodeOfKey(tx, key.keyId, true);
  if (before && !hasEnded(before.state)) throw problems.registered({ detail: before.state });
  await requireOwnPlace(deps, tx, { keyId: key.keyId, url: one.url, origin: one.origin });
  if ((await store.countNodes(tx)) >= nodeLimits.nodesMax) throw problems.full();
  slow();
  const operator = await deps.members.operatorOf(tx);
  const id = newId('nod', tx.now);
  const { case: filed } = await deps.cases.file(tx, system, {
    procedure,
    handler: operator.id,
    participant: id,
    title: `节点接入：${one.name}`,
    subject: id,
    data: {
      name: one.name,
      kind: one.nodeKind,
      nodeType: nodeType(one.nodeKind),
      connectorType: one.connectorType,
      operator: one.operator.name,
      creditCode: one.operator.creditCode,
      url: one.url,
      origin: one.origin,
      keyId: key.keyId,
      ...technicalData(one.technical ?? {}),
      ...(one.attachments ? { attachments: one.attachments.map(attachmentLine).join('\n') } : {}),
    },
  });
  await store.insertNode(tx, { id, participant: operator.id, application: one, sent, digest, case: filed.id });
  await deps.cases.move(tx, system, filed.id, 'submit');
  await audit(tx, {
    action: 'nodes.node.apply',
    subject: id,
    participant: operator.id,
    data: { name: one.name, kind: one.nodeKind, keyId: key.keyId },
  });
  await emit(tx, {
    type: 'nodes.node.applied',
    subject: id,
    participant: operator.id,
    data: { name: one.name, kind: one.nodeKind },
  });
};

/** Size of the log whose checkpoint the node shows, signed by the key that it is registered with. */
const provenSize = async (one: store.NodeRow, note: string): Promise<number> => {
  try {
    const opened = await openNote(note, [verifierOf(vkeyOf(one.origin, publicKeyFromJwk(one.public_key)))]);
    const checkpoint = parseCheckpoint(opened.text);
    if (opened.verified.length > 0 && checkpoint.origin === one.origin) return checkpoint.size;
  } catch (error) {
    if (!(error instanceof TlogError || error instanceof EvidenceError)) throw error;
  }
  throw problems.checkpointInvalid();
};

export const certify = async (
  deps: NodesDeps,
  tx: Tx,
  one: store.NodeRow,
  said: Extract<Message, { kind: 'certification' }>,
): Promise<void> => {
  if (one.state !== 'certifying') throw problems.wrongState({ detail: one.state });
  const logSize = await provenSize(one, said.checkpoint);
  const input = { software: said.software, logSize, checkpoint: said.checkpoint };
  await deps.cases.move(tx, system, one.case_id, 'certify', { input });
};

export const activate = async (deps: NodesDeps, tx: Tx, one: store.NodeRow): Promise<void> => {
  if (one.state !== 'activating') throw problems.wrongState({ detail: one.state });
  await requireOwnPlace(deps, tx, { keyId: one.key_id, url: one.url, origin: one.origin });
  await deps.cases.move(tx, system, one.case_id, 'activate');
};

const follow = async (tx: Tx, { case: one, input }: Occasion): Promise<undefined> => {
  const found = await store.nodeOfCase(tx, one.id);
  if (!found) throw new Error(`case ${one.id} is of no node`);
  const state = one.state as NodeState;
  const reason = hasEnded(state) ? String(input.reason ?? '') : '';
  await store.moveNode(tx, found.id, { state, reason, ended: hasEnded(state) });
  const about = { subject: found.id, participant: found.participant };
  if (state === 'active') await emit(tx, { type: 'nodes.node.activated', ...about, data: { name: found.name } });
  if (!hasEnded(state)) return;
  await relayEndOfAll(tx, found.participant, found.id);
  await audit(tx, { action: 'nodes.node.end', ...about, data: { state, reason } });
  await emit(tx, { type: 'nodes.node.ended', ...about, data: { state, reason } });
};

/** 节点接入凭证: in clear, since a node's key is what others check its word with. */
const issueCredential = async (deps: NodesDeps, tx: Tx, { case: one }: Occasion) => {
  const found = (await store.nodeOfCase(tx, one.id))!;
  const issued = await deps.issue.paper(tx, {
    kind: 'nodeCredential',
    title: { zh: '节点接入凭证', en: 'Credential of a node' },
    series: 'JD',
    document: {
      node: found.id,
      name: found.name,
      kind: found.kind,
      nodeType: nodeType(found.kind),
      operator: found.operator_name,
      creditCode: found.credit_code,
      origin: found.origin,
      keyId: found.key_id,
    },
    publish: ['node', 'name', 'kind', 'origin', 'keyId'],
    parties: [found.participant],
    signers: [{ participant: found.participant, role: 'operator' }],
    disclosure: 'clear',
    retentionClass: 'member-file',
  });
  await store.setPaper(tx, found.id, issued.id);
  return { credential: issued.number };
};

const withdrawCredential = async (deps: NodesDeps, tx: Tx, { case: one, input }: Occasion): Promise<undefined> => {
  const found = (await store.nodeOfCase(tx, one.id))!;
  const reason = String(input.reason ?? '');
  if (found.paper) await deps.issue.withdraw(tx, found.paper, { zh: reason, en: reason });
};

export const registerCases = (deps: NodesDeps): void =>
  deps.cases.register(procedure, {
    effects: {
      follow,
      issueCredential: (tx, occasion) => issueCredential(deps, tx, occasion),
      withdrawCredential: (tx, occasion) => withdrawCredential(deps, tx, occasion),
    },
  });
