/** Objections after issue: what an upheld or conceded one does to the rights, until change or cancellation follows. */
import type { Occasion } from '../../kernel/case/index.ts';
import { sql, type Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { findCertificate, insertRemark, liftRemark, listRemarks } from '../store/rights.ts';
import { openRights, settleRight } from './certificates.ts';
import { tell } from './resources.ts';

export const objected =
  (type: 'registry.objection.upheld' | 'registry.objection.conceded') =>
  async (tx: Tx, { case: one }: Occasion) => {
    const certificate = (await findCertificate(tx, { id: one.subject! }, true))!;
    // Until change or cancellation follows, nothing more may be built on these rights.
    for (const right of await openRights(tx, certificate.id)) {
      const id = newId('rmk', tx.now);
      await insertRemark(tx, {
        id,
        participant: one.handler,
        right: right.id,
        kind: 'objection',
        text: '异议成立或经权利人认可，待办理变更或注销',
        basis: one.id,
        until: null,
        recordedAt: tx.now,
        liftedAt: null,
      });
      await settleRight(tx, right);
      await tell(tx, 'registry.right.remarked', right.id, right.participant, {
        right: right.id,
        resource: right.resource,
        kind: 'objection',
        freezes: true,
        remark: id,
      });
    }
    await tell(tx, type, certificate.id, certificate.participant, {
      certificate: certificate.id,
      code: certificate.code,
      case: one.id,
    });
    return undefined;
  };

export const dismissed = async (tx: Tx, { case: one }: Occasion) => {
  const certificate = (await findCertificate(tx, { id: one.subject! }))!;
  await tell(tx, 'registry.objection.dismissed', certificate.id, certificate.participant, {
    certificate: certificate.id,
    code: certificate.code,
    case: one.id,
  });
  return undefined;
};

/** A change that follows an upheld objection removes its cause. */
export const releaseObjections = async (tx: Tx, certificate: string, reason: string): Promise<void> => {
  for (const right of await openRights(tx, certificate))
    for (const remark of await listRemarks(
      tx,
      sql`right_id = ${right.id} and kind = 'objection' and lifted_at is null`,
    )) {
      await liftRemark(tx, remark.id, reason);
      if ((await settleRight(tx, right)) === 'active')
        await tell(tx, 'registry.right.released', right.id, right.participant, {
          right: right.id,
          resource: right.resource,
          remark: remark.id,
        });
    }
};
