/** Computation contracts across rooms: owners hear of what waits for them, and a use runs when its money is frozen. */
import type { Rooms } from '../build.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { StoredEvent } from '../kernel/outbox.ts';
import type { RoomParts } from '../kernel/parts.ts';

interface Told {
  zh: string;
  en: string;
}

const tell = (
  tx: Tx,
  cases: Cases,
  to: string,
  { data, title }: { data: StoredEvent['data']; title: string },
  text: Told,
) =>
  cases.serve(tx, {
    to,
    caseId: null,
    subject: data.contract,
    title,
    dueAt: null,
    text,
    deemedServed: 'onDelivery',
    startsClocks: [],
    at: tx.now,
  });

/** Owners hear of an output that waits for them; who asked for the use and the other owners, of what became of it. */
const outputNotice = async (tx: Tx, { compute }: Rooms, cases: Cases, event: StoredEvent): Promise<void> => {
  const { contract, owners, recipients, use, number, approved } = event.data as {
    contract: string;
    owners: string[];
    recipients: string[];
    use: string;
    number: number;
    approved?: boolean;
  };
  const title = await compute.titleOf(tx, contract);
  if (title === undefined) return;
  const about = { data: event.data, title };
  if (event.type === 'compute.output.held') {
    const until = await compute.outputOf(tx, use);
    if (!until) return;
    const day = until.toISOString().slice(0, 10);
    for (const owner of owners)
      await tell(tx, cases, owner, about, {
        zh: `计算合约《${title}》第 ${number} 次使用的输出等待本单位查看并批准；${day} 前未答复的，输出不给任何人。`,
        en: `The output of use ${number} of the computation contract “${title}” waits for your organisation to look at it and approve it; unanswered by ${day}, it is given to nobody.`,
      });
    return;
  }
  for (const one of new Set([...recipients, ...owners]))
    await tell(
      tx,
      cases,
      one,
      about,
      approved
        ? {
            zh: `计算合约《${title}》第 ${number} 次使用的输出已由全部数据持有单位批准，交给接收单位。`,
            en: `All owners have approved the output of use ${number} of the computation contract “${title}”; recipients have it.`,
          }
        : {
            zh: `计算合约《${title}》第 ${number} 次使用的输出被一家数据持有单位拒绝，不给任何人。`,
            en: `An owner refused the output of use ${number} of the computation contract “${title}”; nobody gets it.`,
          },
    );
};

/** Whoever has something to do: owners sign, recipients run. Whoever drafted it knows. */
const notice = async (tx: Tx, { compute }: Rooms, cases: Cases, event: StoredEvent): Promise<void> => {
  const { contract, owners, recipients } = event.data as { contract: string; owners: string[]; recipients: string[] };
  const title = await compute.titleOf(tx, contract);
  if (title === undefined) return;
  const about = { data: event.data, title };
  if (event.type === 'compute.contract.drafted') {
    for (const owner of owners.filter((one) => one !== event.participant))
      await tell(tx, cases, owner, about, {
        zh: `计算合约《${title}》等待本单位签署：要用到本单位的数据。请先看“各方会知道什么”，再决定是否签署。`,
        en: `The computation contract “${title}” waits for your signature: it uses your data. Read what each party will learn, then decide.`,
      });
    return;
  }
  if (event.type === 'compute.use.reserved') {
    if (!(await compute.atOwners(tx, contract))) return;
    for (const owner of owners.filter((one) => one !== event.data.by))
      await tell(tx, cases, owner, about, {
        zh: `计算合约《${title}》已被占用一次，等待本单位到场：请在放有数据文件的机器上运行合约页面给出的命令（15 分钟内）。`,
        en: `A use of the computation contract “${title}” was taken and waits for you: run the command on its page where your data are, within 15 minutes.`,
      });
    return;
  }
  for (const recipient of recipients)
    await tell(tx, cases, recipient, about, {
      zh: `计算合约《${title}》已由全部数据持有单位签署并生效，可以运行。`,
      en: `All owners have signed the computation contract “${title}”; it is in force and may be run.`,
    });
};

export const computationFlow = (rooms: Rooms, cases: Cases): RoomParts => ({
  consumers: [
    {
      name: 'flow.computation.notice',
      types: ['compute.contract.drafted', 'compute.contract.begun', 'compute.use.reserved'],
      // Nobody is waited for in a clean room.
      concerns: ({ type, data }) => type !== 'compute.use.reserved' || data.mode !== 'cleanRoom',
      handle: (tx, event) => notice(tx, rooms, cases, event),
    },
    {
      name: 'flow.computation.output',
      types: ['compute.output.held', 'compute.output.answered'],
      handle: (tx, event) => outputNotice(tx, rooms, cases, event),
    },
    {
      name: 'flow.computation',
      types: ['settlement.hold.placed', 'settlement.hold.waiting', 'settlement.order.settled'],
      handle: async (tx, event) => {
        const { compute } = rooms;
        if (event.type === 'settlement.hold.placed') await compute.moneyFrozen(tx, event.subject);
        else if (event.type === 'settlement.hold.waiting') await compute.moneyRefused(tx, event.subject);
        else await compute.moneyPaid(tx, event.subject);
      },
    },
  ],
});
