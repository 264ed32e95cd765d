/** What stands on a registered right goes with it, and stays with its renewal: listings, trials, contracts and their use. */

import type { Text } from '@shugu/wire';
import type { Contract } from '../agreements/index.ts';
import type { Rooms } from '../build.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { RoomParts } from '../kernel/parts.ts';

interface Ended {
  resource: string;
  right_kind: string;
  /** Empty for a holder who is no member: nothing here stands on such a right. */
  holder: string;
  state: 'expired' | 'cancelled' | 'transferred';
}

const reasons: Record<Ended['state'], { zh: string; en: string }> = {
  expired: { zh: '经营权登记有效期届满', en: 'the registration of the right to operate has expired' },
  cancelled: { zh: '经营权登记已注销', en: 'the registration of the right to operate is cancelled' },
  transferred: { zh: '经营权已转让', en: 'the right to operate is transferred' },
};

/** Both parties hear that a contract has ended without them. */
export const tellParties = async (tx: Tx, cases: Cases, one: Contract, text: Text): Promise<void> => {
  for (const { participant } of [one.supplier, one.buyer])
    await cases.serve(tx, {
      to: participant,
      caseId: null,
      subject: one.id,
      title: one.productName,
      dueAt: null,
      text,
      deemedServed: 'onDelivery',
      startsClocks: [],
      at: tx.now,
    });
};

const followEnd = async (tx: Tx, rooms: Rooms, cases: Cases, ended: Ended): Promise<void> => {
  if (ended.right_kind !== 'operate' || ended.holder === '') return;
  const { catalogue, market, agreements, registry } = rooms;
  const { holder, resource } = ended;
  const reason = reasons[ended.state];
  for (const product of await catalogue.productsOn(tx, holder, resource)) await market.checkGround(tx, product, reason);
  // A seized right of the same holder stops use by its remark, but it still is one.
  if (await registry.holdsToOperate(tx, holder, resource, tx.now)) return;
  for (const one of await agreements.endUngrounded(tx, { supplier: holder, resource }, reason))
    await tellParties(tx, cases, one, {
      zh: `合同${one.number ?? ''}（${one.productName}）因所依据的权利失效而终止，使用立即停止：${reason.zh}`,
      en: `Contract ${one.number ?? ''} (${one.productName}) ends with the right it stands on; use stops at once: ${reason.en}`,
    });
};

export const groundFlow = (rooms: Rooms, cases: Cases): RoomParts => ({
  consumers: [
    {
      name: 'flow.ground',
      types: ['registry.right.ended', 'registry.certificate.renewed'],
      handle: async (tx, event) => {
        if (event.type === 'registry.right.ended') return followEnd(tx, rooms, cases, event.data as Ended);
        const renewed = (await rooms.registry.certificate(tx, event.subject))!;
        const words = { zh: '登记已续期', en: 'the registration is renewed' };
        for (const { participant } of renewed.holders)
          for (const product of await rooms.catalogue.productsOn(tx, participant ?? '', renewed.resource))
            await rooms.market.checkGround(tx, product, words);
      },
    },
    {
      name: 'flow.trialsEnd',
      types: ['market.listing.suspended'],
      handle: async (tx, event) => {
        if (event.data.ground) await rooms.delivery.withdrawTrials(tx, event.data.product, event.data.reason);
      },
    },
  ],
});
