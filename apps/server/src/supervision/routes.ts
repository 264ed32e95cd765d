import * as wire from '@shugu/wire/supervision';
import { dayOf } from '../kernel/calendar/calendar.ts';
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { pageOf } from '../kernel/pages.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { LegalHold } from '../kernel/retention/legal-holds.ts';
import * as cockpit from './cockpit.ts';
import * as legalHolds from './legal-holds.ts';
import type { Directive, SupervisionDeps, Suspension } from './model.ts';
import * as reads from './reads.ts';
import { unanswered } from './rules.ts';
import * as service from './service.ts';
import * as suspensions from './suspensions.ts';
import { startOf, traceFrom } from './trace.ts';

const iso = (at: Date | null) => at?.toISOString() ?? null;
type Names = Map<string, string>;
const party = (names: Names, id: string) => ({ id, name: names.get(id) ?? id });
const person = (names: Names, id: string | null) => (id === null ? null : (names.get(id) ?? id));

const directiveViews = async (deps: SupervisionDeps, read: Reader, directives: readonly Directive[]) => {
  const answers = await reads.answersOf(
    read,
    directives.map((one) => one.id),
  );
  const names = await deps.members.displayNames(read, [
    ...new Set([
      ...directives.flatMap((one) => [
        ...one.addressees,
        one.issued_by,
        ...(one.confirmed_by ? [one.confirmed_by] : []),
      ]),
      ...answers.flatMap((one) => [one.participant, one.person]),
    ]),
  ]);
  return directives.map((one) => {
    const given = answers.filter((answer) => answer.directive === one.id);
    return {
      id: one.id,
      number: one.number,
      state: one.state,
      measure: one.measure,
      emergency: one.emergency,
      basis: one.basis,
      reason: one.reason,
      target: { kind: one.target_kind, id: one.target, name: one.target_name },
      addressees: one.addressees.map((id) => party(names, id)),
      lifts: one.lifts,
      answerDays: one.answer_days,
      answerBy: iso(one.answer_by),
      overdue: unanswered(one, given.length, deps.now()),
      confirmBy: one.confirmed_by === null ? iso(one.confirm_by) : null,
      issuedBy: names.get(one.issued_by) ?? one.issued_by,
      confirmedBy: person(names, one.confirmed_by),
      paper: one.paper,
      effect: one.effect,
      answers: given.map((answer) => ({
        by: party(names, answer.participant),
        person: names.get(answer.person) ?? answer.person,
        text: answer.body,
        late: answer.late,
        at: answer.created_at.toISOString(),
      })),
      createdAt: one.created_at.toISOString(),
      effectiveAt: iso(one.effective_at),
      endedAt: iso(one.ended_at),
    };
  });
};

/** Of several addressees each sees its own answers and not the other's. */
const forReader = (principal: Principal, view: Awaited<ReturnType<typeof directiveViews>>[number]) =>
  principal.permissions.has('supervision.directive.read') || principal.permissions.has('supervision.directive.follow')
    ? view
    : { ...view, answers: view.answers.filter((one) => one.by.id === principal.participant) };

const directiveRoutes = (deps: SupervisionDeps): Route[] => {
  const view = async (read: Reader, principal: Principal, one: Directive) =>
    forReader(principal, (await directiveViews(deps, read, [one]))[0]!);
  return [
    on(wire.createDirective, async ({ tx, principal, body }) =>
      view(tx, principal, await service.issueDirective(deps, tx, principal, body)),
    ),
    on(wire.liftDirective, async ({ tx, principal, params, body }) =>
      view(tx, principal, await service.proposeLifting(deps, tx, principal, params.id, body)),
    ),
    on(wire.confirmDirective, async ({ tx, principal, params }) =>
      view(tx, principal, await service.confirmDirective(deps, tx, principal, params.id)),
    ),
    on(wire.declineDirective, async ({ tx, principal, params, body }) =>
      view(tx, principal, await service.declineDirective(deps, tx, principal, params.id, body.reason)),
    ),
    on(wire.answerDirective, async ({ tx, principal, params, body }) =>
      view(tx, principal, await service.answerDirective(deps, tx, principal, params.id, body.text)),
    ),
    on(wire.readDirective, async ({ read, principal, params }) => {
      const one = await reads.findDirective(read, params.id);
      if (!one || !service.sees(principal, one)) throw kernelProblems.unknown();
      return view(read, principal, one);
    }),
    on(wire.listDirectives, async ({ read, principal, query }) => {
      const scope = principal.permissions.has('supervision.directive.read')
        ? 'all'
        : principal.permissions.has('supervision.directive.follow')
          ? 'effective'
          : { concerning: principal.participant };
      const found = await reads.directivePage(read, { ...query, scope });
      const views = await directiveViews(deps, read, found.items);
      return { ...found, items: views.map((one) => forReader(principal, one)) };
    }),
  ];
};

const suspensionViews = async (deps: SupervisionDeps, read: Reader, items: readonly Suspension[]) => {
  const people = items.flatMap((one) => [one.proposed_by, one.confirmed_by ?? '', one.lifted_by ?? '']);
  const names = await deps.members.displayNames(read, [...new Set(people)]);
  return items.map((one) => ({
    id: one.id,
    state: one.state,
    target: { kind: one.target_kind, id: one.target, name: one.target_name },
    reason: one.reason,
    proposedBy: names.get(one.proposed_by) ?? one.proposed_by,
    confirmedBy: person(names, one.confirmed_by),
    liftedBy: person(names, one.lifted_by),
    liftReason: one.lift_reason,
    createdAt: one.created_at.toISOString(),
    effectiveAt: iso(one.effective_at),
    endedAt: iso(one.ended_at),
  }));
};

/** Those concerned see that it stands, on what and until when; who acted and why is the authorities' own. */
const holdViews = async (deps: SupervisionDeps, read: Reader, principal: Principal, items: readonly LegalHold[]) => {
  const inside = principal.permissions.has('supervision.legalHold.read');
  const people = items.flatMap((one) => [
    one.participant,
    ...one.covers,
    one.proposed_by,
    one.confirmed_by ?? '',
    one.lift_proposed_by ?? '',
    one.lifted_by ?? '',
  ]);
  const names = await deps.members.displayNames(read, [...new Set(people)]);
  const actor = (id: string | null) => (inside ? person(names, id) : null);
  return items.map((one) => ({
    id: one.id,
    state: one.state,
    by: party(names, one.participant),
    target: { kind: one.target_kind, id: one.target, name: one.target_name },
    concerns: one.covers
      .filter((id) => id.startsWith('org_') && (inside || id === principal.participant))
      .map((id) => party(names, id)),
    basis: one.basis,
    reason: inside ? one.reason : null,
    until: iso(one.until),
    proposedBy: actor(one.proposed_by),
    confirmedBy: actor(one.confirmed_by),
    liftProposedBy: actor(one.lift_proposed_by),
    liftedBy: actor(one.lifted_by),
    liftReason: inside ? one.lift_reason : null,
    own: one.participant === principal.participant,
    createdAt: one.created_at.toISOString(),
    effectiveAt: iso(one.effective_at),
    endedAt: iso(one.ended_at),
  }));
};

const legalHoldRoutes = (deps: SupervisionDeps): Route[] => {
  const view = async (read: Reader, principal: Principal, one: LegalHold) =>
    (await holdViews(deps, read, principal, [one]))[0]!;
  return [
    on(wire.proposeLegalHold, async ({ tx, principal, body }) =>
      view(tx, principal, await legalHolds.proposeHold(deps, tx, principal, body)),
    ),
    on(wire.confirmLegalHold, async ({ tx, principal, params }) =>
      view(tx, principal, await legalHolds.confirmHold(deps, tx, principal, params.id)),
    ),
    on(wire.declineLegalHold, async ({ tx, principal, params }) =>
      view(tx, principal, await legalHolds.declineHold(deps, tx, principal, params.id)),
    ),
    on(wire.liftLegalHold, async ({ tx, principal, params, body }) =>
      view(tx, principal, await legalHolds.proposeLift(deps, tx, principal, params.id, body.reason)),
    ),
    on(wire.listLegalHolds, async ({ read, principal, query }) => {
      const scope = principal.permissions.has('supervision.legalHold.read')
        ? { own: principal.participant }
        : { concerning: principal.participant };
      const found = await reads.holdPage(read, { ...query, scope });
      return { ...found, items: await holdViews(deps, read, principal, found.items) };
    }),
  ];
};

const suspensionRoutes = (deps: SupervisionDeps): Route[] => {
  const view = async (read: Reader, one: Suspension) => (await suspensionViews(deps, read, [one]))[0]!;
  return [
    on(wire.proposeSuspension, async ({ tx, principal, body }) =>
      view(tx, await suspensions.proposeSuspension(tx, principal, body)),
    ),
    on(wire.confirmSuspension, async ({ tx, principal, params }) =>
      view(tx, await suspensions.confirmSuspension(deps, tx, principal, params.id)),
    ),
    on(wire.declineSuspension, async ({ tx, params }) => view(tx, await suspensions.declineSuspension(tx, params.id))),
    on(wire.liftSuspension, async ({ tx, principal, params, body }) =>
      view(tx, await suspensions.liftSuspension(deps, tx, principal, params.id, body.reason)),
    ),
    on(wire.listSuspensions, async ({ read, query }) => {
      const found = await reads.suspensionPage(read, query);
      return { ...found, items: await suspensionViews(deps, read, found.items) };
    }),
  ];
};

const overviewRoute = (deps: SupervisionDeps): Route =>
  on(wire.overview, async ({ read }) => {
    const now = deps.now();
    const { figures, reconciliation, ...counts } = await cockpit.overviewOf(read, now);
    return {
      at: now.toISOString(),
      ...counts,
      turnover: { signed: figures.signed, settled: figures.settled, filed: figures.filed },
      overdueCases: figures.overdue,
      openComplaints: figures.complaints,
      openRisks: figures.risks,
      usage: { calls: figures.calls, rows: figures.rows, bytes: figures.bytes },
      reconciliation: reconciliation
        ? {
            day: reconciliation.day,
            matched: reconciliation.matched,
            differences: reconciliation.differences,
            closed: reconciliation.closed,
            ranAt: reconciliation.ran_at.toISOString(),
          }
        : null,
    };
  });

const overdueRoute = (deps: SupervisionDeps): Route =>
  on(wire.overdue, async ({ read, query }) => {
    const now = deps.now();
    const rows = await cockpit.overdueCases(read, query, now);
    const names = await deps.members.displayNames(read, [
      ...new Set(rows.flatMap((one) => [one.participant, one.handler])),
    ]);
    return pageOf(
      rows,
      query,
      (one) => [one.due_at.toISOString(), one.id],
      (one) => ({
        case: one.id,
        procedure: one.procedure,
        procedureTitle: deps.ruleBook.pinned(one.pack, one.procedure).title,
        title: one.title,
        state: one.state,
        turn: one.turn,
        applicant: party(names, one.participant),
        handler: party(names, one.handler),
        dueAt: one.due_at.toISOString(),
        // A limit ends at 24:00 of its last day; the day before `due` is that day.
        workingDaysLate: deps.calendar.countWorkingDays(dayOf(new Date(one.due_at.getTime() - 1)), dayOf(now)),
      }),
    );
  });

const traceRoute = (deps: SupervisionDeps): Route =>
  on(wire.trace, async ({ read, params }) => {
    const start = await startOf(read, params.code);
    if (!start) throw kernelProblems.unknown();
    const found = await traceFrom(read, start);
    const names = await deps.members.displayNames(read, [
      ...new Set([
        ...[...found.resources, ...found.products, ...found.orders, ...found.contracts].map((one) => one.participant),
        ...found.certificates.map((one) => one.registrar),
        ...found.orders.map((one) => one.supplier),
        ...[...found.contracts, ...found.grants].map((one) => one.buyer),
      ]),
    ]);
    const at = <T extends { at: Date }>(one: T) => ({ ...one, at: one.at.toISOString() });
    const named = (id: string) => party(names, id);
    return {
      start: found.start,
      resources: found.resources.map(({ participant, ...one }) => ({ ...at(one), holder: named(participant) })),
      rights: found.rights.map((one) => ({ ...at(one), until: one.until.toISOString() })),
      certificates: found.certificates.map((one) => ({
        ...at(one),
        registrar: named(one.registrar),
        until: one.until.toISOString(),
      })),
      products: found.products.map(({ participant, ...one }) => ({ ...at(one), supplier: named(participant) })),
      versions: found.versions.map(at),
      listings: found.listings.map(at),
      orders: found.orders.map(({ participant, ...one }) => ({
        ...at(one),
        buyer: named(participant),
        supplier: named(one.supplier),
      })),
      contracts: found.contracts.map(({ participant, ...one }) => ({
        ...at(one),
        supplier: named(participant),
        buyer: named(one.buyer),
        until: iso(one.until),
      })),
      grants: found.grants.map((one) => ({ ...at(one), buyer: named(one.buyer), until: iso(one.until) })),
      usage: found.usage,
      statements: found.statements.map(({ settled_at, ...one }) => ({ ...at(one), settledAt: iso(settled_at) })),
      directives: found.directives.map(at),
      cut: found.cut,
    };
  });

export const makeRoutes = (deps: SupervisionDeps): Route[] => [
  ...directiveRoutes(deps),
  ...suspensionRoutes(deps),
  ...legalHoldRoutes(deps),
  overviewRoute(deps),
  overdueRoute(deps),
  traceRoute(deps),
];
