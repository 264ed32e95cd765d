/** An organisation's connector: opened, closed, its rules. */
import type { ReactionRule } from '@shugu/wire/federation';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import type { Connector } from '../model.ts';
import { problems } from '../problems.ts';
import { findConnector } from '../reads.ts';
import { saveConnector } from '../store.ts';

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

export const openConnector = async (tx: Tx, name = nameOf(tx)): Promise<Connector> => {
  const { participant } = tx.actor;
  const before = await findConnector(tx, participant);
  if (before && !before.closed_at) return before;
  const made: Connector = { name, rules: [], ...before, participant, opened_at: tx.now, closed_at: null };
  return save(tx, made, 'open');
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
