/**
 * 投诉举报: open to everybody from the first day. Members' complaints are cases of their own; a stranger's is filed by the node
 * and found again by a code that is shown once. Whoever complains about the operator itself may turn to the regulator.
 */
import { createHash } from 'node:crypto';
import * as wire from '@shugu/wire/market-more';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { sql } from '../../kernel/db/db.ts';
import { type Principal, systemPrincipal } from '../../kernel/http/principal.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { newSecret } from '../../kernel/ids.ts';
import { rateLimit } from '../../kernel/limits.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { MarketDeps } from '../model.ts';

export const complaintProcedure = 'complaint';
/** Stands for the applicant where nobody is a member. */
export const stranger = 'public';
const codeBytes = 24;

const digestOf = (code: string) => `sha256:${createHash('sha256').update(code).digest('hex')}`;

const keepCode = async (tx: Tx, caseId: string): Promise<string> => {
  const code = newSecret(codeBytes);
  await tx.exec(sql`insert into complaint_codes (code_digest, node, market, participant, case_id, created_at)
    values (${digestOf(code)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${stranger}, ${caseId}, ${tx.now})`);
  return code;
};

const caseOfCode = (read: Reader, code: string) =>
  read.first<{ case_id: string }>(sql`select case_id from complaint_codes where code_digest = ${digestOf(code)}`);

export const complaintRoutes = (deps: MarketDeps): Route[] => {
  const { complaintsPerHourMax } = wire.marketMoreLimits;
  const perAddress = rateLimit(complaintsPerHourMax / 3600, complaintsPerHourMax);
  const system = systemPrincipal('complaints');

  const signedInAs = (principal: Principal) => principal.participant !== '';

  return [
    on(wire.createComplaint, async ({ tx, principal, body, address }) => {
      const member = signedInAs(principal);
      if (!member) {
        if (!body.contact)
          throw kernelProblems.invalid({
            field: 'body.contact',
            detail: { zh: '请留下联系方式', en: 'say how you can be reached' },
          });
        const wait = perAddress.take(address, performance.now());
        if (wait > 0) throw kernelProblems.tooFast({ headers: { 'retry-after': String(wait) } });
      }
      const operator = await deps.members.operatorOf(tx);
      const by = member ? principal : system;
      const { case: filed } = await deps.cases.file(tx, by, {
        procedure: complaintProcedure,
        handler: operator.id,
        title: `${body.kind === 'complaint' ? '投诉' : '举报'}：${body.about}`,
        ...(body.subject ? { subject: body.subject } : {}),
        ...(member ? {} : { participant: stranger }),
        data: {
          kind: body.kind,
          about: body.about,
          facts: body.facts,
          ...(body.wish ? { wish: body.wish } : {}),
          ...(body.contact ? { contact: body.contact } : {}),
        },
      });
      const { case: handed } = await deps.cases.move(tx, by, filed.id, 'submit');
      const due = handed.clocks.flatMap((clock) => (clock.dueAt ? [clock.dueAt.getTime()] : []));
      return {
        case: handed.id,
        code: member ? null : await keepCode(tx, handed.id),
        dueAt: due.length ? new Date(Math.min(...due)).toISOString() : null,
      };
    }),
    on(wire.followComplaint, async ({ tx, body }) => {
      const found = await caseOfCode(tx, body.code);
      if (!found) throw kernelProblems.unknown();
      const one = await deps.cases.find(tx, system, found.case_id);
      const table = deps.cases.tableOf(one);
      const last = one.moves.at(-1)?.input ?? {};
      const said = last.reason ?? last.terms;
      return {
        case: one.id,
        state: one.state,
        title: table.states[one.state]!.title,
        ended: one.endedAt !== null,
        filedAt: one.filedAt.toISOString(),
        outcome: one.endedAt && typeof said === 'string' ? said : null,
      };
    }),
  ];
};
