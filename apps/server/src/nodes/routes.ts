/** Doors of the hub and of the node. */
import { publicJwk, publicKeyFromJwk } from '@shugu/evidence';
import * as wire from '@shugu/wire/nodes';
import * as tradeWire from '@shugu/wire/nodes-trade';
import type { Reader } from '../kernel/db/db.ts';
import { actorOf } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { rateLimit } from '../kernel/limits.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { readUpload } from './attachments.ts';
import { takeAttachment } from './hub/attachments.ts';
import { answerTo, type Intake, takeMessage } from './hub/intake.ts';
import { takeApplication } from './hub/registration.ts';
import { entryPage, nodePage, nodesTakingPart } from './hub/store.ts';
import { entryView, nodeView } from './hub/view.ts';
import type { NodesDeps } from './model.ts';
import { recognise } from './recognition/service.ts';
import { type RecognitionRow, recognitionPage } from './recognition/store.ts';
import { hasEnded, takesNodes } from './rules.ts';
import { kindView, stepsOf } from './steps.ts';
import { exposureView } from './trade/exposure.ts';
import { fetchBought } from './trade/fetching.ts';
import { browse, goodsOf, offerView } from './trade/goods.ts';
import { takePeerMessage } from './trade/intake.ts';
import { buy, cancel, purchaseView } from './trade/purchases.ts';
import { correct, drawUp, mutualViews } from './trade/statements.ts';
import * as trade from './trade/store.ts';
import { attachmentView, dropAttachment, heldAttachments, holdAttachment } from './uplink/attachments.ts';
import { demandPage } from './uplink/demands.ts';
import type { HubLine } from './uplink/hub.ts';
import { joinHub } from './uplink/service.ts';
import { lastChange, latestUplink, standing, type Uplink } from './uplink/store.ts';

const uplinkView = async (read: Reader, one: Uplink) => {
  const published = await standing(read, one);
  const count = (kind: string) => published.filter((entry) => entry.kind === kind).length;
  return {
    hub: { url: one.hub_url, name: one.hub_name, keyId: publicKeyFromJwk(one.hub_key).keyId },
    node: one.registration,
    name: one.name,
    kind: one.kind,
    state: one.state,
    reason: one.reason,
    credential: one.credential,
    appliedAt: one.applied_at.toISOString(),
    answeredAt: one.answered_at?.toISOString() ?? null,
    failure: one.failure,
    nextAt: one.next_at.toISOString(),
    published: {
      last: await lastChange(read, one),
      held: one.held,
      listings: count('listing'),
      demands: count('demand'),
    },
  };
};

const perHour = wire.nodeLimits.applicationsPerHourMax;

const recognitionView = ({ data_name, last_day, at, ...row }: RecognitionRow) => ({
  ...row,
  at: at.toISOString(),
  dataName: data_name,
  lastDay: last_day,
});

export const makeRoutes = (
  deps: NodesDeps,
  line: HubLine,
  push: () => void,
  moved: Intake['moved'],
  perAddress = rateLimit(perHour / 3600, perHour),
): Route[] => [
  on(wire.readSelf, async ({ read }) => {
    const { signer, origin } = await deps.identity(read);
    const { name } = await deps.members.operatorOf(read);
    return { name, kind: deps.settings.kind, key: publicJwk(signer.publicKey), keyId: signer.keyId, origin };
  }),
  on(wire.readKind, ({ read }) => kindView(deps, read)),
  on(wire.readSteps, async ({ read }) => ({ items: await stepsOf(deps, read) })),
  on(wire.register, async ({ tx, body, address }) => {
    await takeApplication(deps, tx, body, () => {
      const wait = perAddress.take(address, performance.now());
      if (wait > 0) throw kernelProblems.tooFast({ headers: { 'retry-after': String(wait) } });
    });
    return answerTo(deps, tx, body);
  }),
  on(
    wire.sendAttachment,
    async ({ params: { node, hash }, stream, headers }) => {
      await takeAttachment(deps, { node, sha256: `sha256:${hash}`, stream, announced: headers['content-length'] });
      return { ok: true as const };
    },
    { ownTransaction: true },
  ),
  on(wire.tell, async ({ tx, body }) => takeMessage({ ...deps, moved }, tx, body)),
  on(wire.listNodes, async ({ read }) => ({
    hub: {
      name: (await deps.members.operatorOf(read)).name,
      kind: deps.settings.kind,
      isHub: takesNodes(deps.settings.kind),
    },
    items: await Promise.all(
      (await nodesTakingPart(read, wire.nodeLimits.nodesMax)).map((row) => nodeView(deps, read, row)),
    ),
  })),
  on(wire.listApplications, async ({ read, query }) => {
    const { items, next } = await nodePage(read, query);
    return {
      items: await Promise.all(items.map(async (row) => ({ ...(await nodeView(deps, read, row)), case: row.case_id }))),
      next,
    };
  }),
  on(wire.listEntries, async ({ read, query }) => {
    const { items, next } = await entryPage(read, query);
    return { items: items.map(entryView), next };
  }),
  on(wire.listForeignDemands, async ({ read, query }) => demandPage(read, query)),
  on(wire.readUplink, async ({ read }) => {
    const one = await latestUplink(read);
    return {
      proposed: deps.settings.hubUrl,
      uplink: one ? await uplinkView(read, one) : null,
      attachments: (await heldAttachments(read)).map((held) => attachmentView(held, one?.id)),
    };
  }),
  // The hub is asked meanwhile: no transaction may stay open.
  on(
    wire.join,
    async ({ body }) => {
      await joinHub(deps, line, body);
      return uplinkView(deps.database, (await latestUplink(deps.database))!);
    },
    { ownTransaction: true },
  ),
  on(
    wire.holdAttachment,
    async ({ principal, requestId, query, stream, headers }) => {
      const content = await readUpload(stream, headers['content-length']);
      return attachmentView(await holdAttachment(deps, actorOf(principal, requestId), query, content), undefined);
    },
    { ownTransaction: true },
  ),
  on(wire.dropAttachment, async ({ tx, params }) => {
    const one = await latestUplink(tx);
    await dropAttachment(tx, params.id, one && !hasEnded(one.state) ? one.id : undefined);
    return { ok: true as const };
  }),
  on(
    wire.recognise,
    async ({ principal, requestId, body }) =>
      recognitionView(await recognise(deps, line, actorOf(principal, requestId), body.file)),
    { ownTransaction: true },
  ),
  // Others are asked meanwhile.
  on(
    tradeWire.browseGoods,
    ({ query: { q = '', node = null, after = '' } }) => browse(deps, line, { q, node, subject: null, after }),
    { ownTransaction: true },
  ),
  on(
    tradeWire.readGoods,
    async ({ principal: { participant }, params }) => {
      const { entry, offers, formats } = await goodsOf(deps, line, { participant, ...params });
      return { entry, offers: offers.map(offerView), formats };
    },
    { ownTransaction: true },
  ),
  on(
    tradeWire.buyAbroad,
    async ({ principal, requestId, body }) => purchaseView(await buy(deps, line, actorOf(principal, requestId), body)),
    { ownTransaction: true },
  ),
  on(tradeWire.listPurchases, async ({ read, principal, query }) => {
    const { items, next } = await trade.purchasePage(read, principal.participant, query);
    return { items: items.map(purchaseView), next };
  }),
  on(
    tradeWire.fetchPurchase,
    ({ principal, requestId, params, body }) => fetchBought(deps, actorOf(principal, requestId), params.id, body),
    { ownTransaction: true },
  ),
  on(tradeWire.cancelPurchase, async ({ tx, params }) => purchaseView(await cancel(tx, params.id, push))),
  on(tradeWire.tellPeer, ({ tx, body }) => takePeerMessage(deps, tx, body)),
  on(tradeWire.listMutualStatements, async ({ read, query }) => {
    const { items, next } = await trade.mutualPage(read, query);
    return { items: await mutualViews(read, items), next };
  }),
  on(tradeWire.listExposures, ({ read }) => exposureView(deps, read)),
  on(tradeWire.drawUpStatements, async ({ tx }) => {
    const made = await drawUp(deps, tx);
    tx.afterCommit(push);
    const rows = await Promise.all(made.map(async (id) => (await trade.mutualById(tx, id))!));
    return { items: await mutualViews(tx, rows) };
  }),
  on(tradeWire.correctStatement, async ({ tx, params, body }) => {
    const id = await correct(deps, tx, params.id, body);
    tx.afterCommit(push);
    return (await mutualViews(tx, [(await trade.mutualById(tx, id))!]))[0]!;
  }),
  on(wire.listRecognitions, async ({ read, principal, query }) => {
    const { items, next } = await recognitionPage(read, principal.participant, query);
    return { items: items.map(recognitionView), next };
  }),
];
