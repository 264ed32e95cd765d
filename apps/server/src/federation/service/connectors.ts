/** An organisation's connector: opened, closed, its rules. */
import type { ReactionRule } from '@shugu/wire/federation';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import type { Connector } from '../model.ts';
import { problems } from '../problems.ts';
import { clearancesOf, endedMeanwhile, findConnector } from '../reads.ts';
import { saveConnector } from '../store.ts';
import { endAgreements } from './clearing.ts';
import type { Room } from './room.ts';

/** Unique among nodes as node codes are; another identity may bring a name of its own. */
const nameOf = (tx: Tx): string => `urn:shugu:participant:${tx.tenancy.node}:${tx.actor.participant}`;

const save = async (tx: Tx, one: Connector, verb: string): Promise<Connector> => {
  await saveConnector(tx, one);
  await audit(tx, { action: `federation.connector.${verb}`, subject: one.participant });
  if (verb !== 'rules')
    await emit(tx, {
      type: 'federation.connector.moved',
      subject: one.participant,
      participant: one.participant,
      data: { open: verb === 'open' },
    });
  return one;
};

export const openConnector = async (room: Room, tx: Tx, name = nameOf(tx)): Promise<Connector> => {
  const { participant } = tx.actor;
  const before = await findConnector(tx, participant);
  if (before && !before.closed_at) return before;
  const made: Connector = { name, rules: [], ...before, participant, opened_at: tx.now, closed_at: null };
  const opened = await save(tx, made, 'open');
  await resume(room, tx, participant);
  return opened;
};

/**
 * Whoever was asked while it was closed had nobody to answer to: it is asked again. Of agreements that have ended meanwhile the
 * counter-parties are told now.
 */
const resume = async (room: Room, tx: Tx, participant: string): Promise<void> => {
  for (const { id, act, reference } of await clearancesOf(tx, participant))
    await emit(tx, { type: 'federation.clearance.asked', subject: id, participant, data: { act, reference } });
  for (const reference of await endedMeanwhile(tx, participant))
    await endAgreements(room, tx, reference, '合同已终止 / the contract has ended');
};

const existing = async (tx: Tx): Promise<Connector> => {
  const found = await findConnector(tx, tx.actor.participant);
  if (!found) throw problems.connectorClosed();
  return found;
};

export const closeConnector = async (tx: Tx): Promise<Connector> => {
  const found = await existing(tx);
  return found.closed_at ? found : save(tx, { ...found, closed_at: tx.now }, 'close');
};

export const setRules = async (tx: Tx, rules: ReactionRule[]): Promise<Connector> =>
  save(tx, { ...(await existing(tx)), rules }, 'rules');
