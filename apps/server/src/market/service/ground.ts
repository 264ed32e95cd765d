/** What a listing stands on: a right to operate or proof of title, reports that are valid, a membership where it is for members. */

import type { Tx } from '../../kernel/db/db.ts';
import type { Listing, MarketDeps } from '../model.ts';
import * as reads from '../reads.ts';
import type { Gate } from '../rules.ts';
import * as store from '../store.ts';
import { gatesOf, suspendListingOf } from './listings.ts';

interface Reason {
  zh: string;
  en: string;
}

/** Gates that stand open only as long as something outside the listing lasts; the others were passed once. */
const lasting: ReadonlySet<string> = new Set([
  'complianceReportMissing',
  'reportExpired',
  'rightMissing',
  'legalOpinionMissing',
  'notProvider',
]);

const suspend = async (
  { cases }: MarketDeps,
  tx: Tx,
  listing: Listing,
  name: string,
  gates: readonly Gate[],
  reason: Reason,
) => {
  const found = gates.map((gate) => gate.message.split(' / '));
  const zh = `${reason.zh}：${found.map(([text]) => text).join('；')}`;
  const en = `${reason.en}: ${found.map(([text, english]) => english ?? text).join('; ')}`;
  await suspendListingOf(tx, listing, zh, true);
  await cases.serve(tx, {
    to: listing.participant,
    caseId: null,
    subject: listing.id,
    title: name,
    dueAt: null,
    text: { zh: `《${name}》已暂停上架。${zh}`, en: `“${name}” is suspended from the market. ${en}` },
    deemedServed: 'onDelivery',
    startsClocks: [],
    at: tx.now,
  });
};

/** Suspends a listing whose ground is gone; where another right or a renewal bears it, it goes on to that one's end. */
export const checkGround = async (deps: MarketDeps, tx: Tx, id: string, reason: Reason): Promise<void> => {
  const listing = await reads.findListing(tx, id, true);
  if (listing?.state !== 'listed') return;
  const version = (await deps.catalogue.version(tx, listing.version))!;
  const { gates, until } = await gatesOf(deps, tx, listing, version, tx.now);
  const gone = gates.filter((gate) => lasting.has(gate.code));
  if (gone.length) return suspend(deps, tx, listing, version.about.name, gone, reason);
  const rights = await deps.catalogue.rightsOfVersion(tx, version.id, tx.now);
  const certificates =
    listing.basis.kind === 'certificate' ? rights.flatMap((one) => one.right?.certificateCode ?? []) : [];
  await store.setGround(tx, listing.id, { ...listing.basis, certificates }, until);
};

export const lapsed: Reason = {
  zh: '所依据的登记凭证、权属证明或评估报告已到期',
  en: 'the certificate, proof of title or report it stands on has ended',
};
