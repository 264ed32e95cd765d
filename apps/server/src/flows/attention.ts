/** A negotiation or transfer waits for a person: whoever may answer it hears so. */
import type { Rooms } from '../build.ts';
import type { Process } from '../federation/index.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { StoredEvent } from '../kernel/outbox.ts';
import type { RoomParts } from '../kernel/parts.ts';

const kinds = {
  negotiation: { zh: '协商', en: 'negotiation' },
  transfer: { zh: '传输', en: 'transfer' },
} as const;

const textOf = ({ kind, counterparty, held }: Process, name: string) => {
  const { zh, en } = kinds[kind];
  if (held?.fault)
    return {
      zh: `与 ${counterparty} 关于《${name}》的${zh}：本单位的消息未送达（${held.fault}），须由人处理。`,
      en: `The ${en} about “${name}” with ${counterparty}: a message of ours was not taken (${held.fault}). A person has to look.`,
    };
  return {
    zh: `与 ${counterparty} 关于《${name}》的${zh}：没有规则可自动回应，须由人作出回应。`,
    en: `The ${en} about “${name}” with ${counterparty}: no rule answers it. A person has to.`,
  };
};

/** By what stands now: what was answered meanwhile needs nobody. What the buyer's node answers by itself never did. */
const tell = async (tx: Tx, { federation, nodes }: Rooms, cases: Cases, { subject }: StoredEvent): Promise<void> => {
  const process = await federation.process(tx, subject);
  if (!process?.held || (await nodes.purchaseOfNegotiation(tx, process.id))) return;
  const name = (await federation.titleOf(tx, process.id)) ?? process.subject;
  await cases.serve(tx, {
    to: process.participant,
    caseId: null,
    subject: process.id,
    title: name,
    dueAt: null,
    text: textOf(process, name),
    deemedServed: 'onDelivery',
    startsClocks: [],
    at: tx.now,
  });
};

export const attentionFlow = (rooms: Rooms, cases: Cases): RoomParts => ({
  consumers: [
    {
      name: 'flow.attention',
      types: ['federation.process.moved', 'federation.process.refused'],
      concerns: ({ type, data }) => type === 'federation.process.refused' || data.held === true,
      handle: (tx, event) => tell(tx, rooms, cases, event),
    },
  ],
});
