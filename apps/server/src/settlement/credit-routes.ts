import * as wire from '@shugu/wire/settlement';
import { type Reader, sql } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { creditsPage, findCredit } from './credit-reads.ts';
import type { Credit } from './model.ts';
import { acceptCredit, contestCredit } from './service/credits.ts';
import type { Room } from './service/room.ts';
import { isDesk, type NameOf, namesFor } from './views.ts';

const viewOf = (one: Credit, principal: Principal, nameOf: NameOf) => ({
  id: one.id,
  order: one.order,
  grant: one.grant,
  assessment: one.assessment,
  buyer: nameOf(one.participant),
  supplier: nameOf(one.supplier),
  period: one.period,
  from: one.from.toISOString(),
  until: one.until.toISOString(),
  findings: one.findings,
  requests: one.requests,
  digest: one.digest,
  creditPercent: one.milli / 1000,
  tiers: one.tiers,
  state: one.state,
  answer: one.answer,
  answeredAt: one.answeredAt?.toISOString() ?? null,
  waitsFor: one.waitsFor,
  amount: one.fen?.toString() ?? null,
  refunds: one.refunds,
  mayAnswer: one.state === 'proposed' && one.supplier === principal.participant,
  title: one.title,
  dueAt: (one.closesAt ?? one.dueAt)?.toISOString() ?? null,
  bySilence: one.bySilence,
  createdAt: one.createdAt.toISOString(),
});

export const creditRoutes = (room: Room): Route[] => {
  const views = async (read: Reader, principal: Principal, credits: readonly Credit[]) => {
    const sides = credits.flatMap(({ participant, supplier }) => [participant, supplier]);
    const nameOf = await namesFor(read, room.organisations, sides);
    return credits.map((one) => viewOf(one, principal, nameOf));
  };
  const view = async (read: Reader, principal: Principal, id: string) => {
    const credit = await findCredit(read, id);
    const sides = [credit?.participant, credit?.supplier];
    if (!credit || !(isDesk(principal) || sides.includes(principal.participant))) throw kernelProblems.unknown();
    return (await views(read, principal, [credit]))[0]!;
  };
  return [
    on(wire.listCredits, async ({ read, principal, query }) => {
      const { participant } = principal;
      const own = sql`(participant = ${participant} or supplier = ${participant})`;
      const page = await creditsPage(read, isDesk(principal) ? sql`true` : own, query);
      return { ...page, items: await views(read, principal, page.items) };
    }),
    on(wire.readCredit, ({ read, principal, params }) => view(read, principal, params.id)),
    on(wire.acceptCredit, async ({ tx, principal, params }) => {
      await acceptCredit(room, tx, principal, params.id);
      return view(tx, principal, params.id);
    }),
    on(wire.contestCredit, async ({ tx, principal, params, body }) => {
      await contestCredit(room, tx, principal, { id: params.id, reason: body.reason });
      return view(tx, principal, params.id);
    }),
  ];
};
