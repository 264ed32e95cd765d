/** Generic doors of every procedure. Rooms need none of their own for filing, moving and reading cases. */
import { Readable } from 'node:stream';
import { caseLimits, cases as wire } from '@shugu/wire/cases';
import type { Database } from '../db/db.ts';
import { actorOf } from '../http/principal.ts';
import { on, type Route } from '../http/route.ts';
import type { ObjectStore } from '../objects.ts';
import { kernelProblems } from '../problem.ts';
import type { Procedure, RulePack } from '../rulepack/model.ts';
import { describe } from '../rulepack/rulebook.ts';
import type { Cases } from './index.ts';
import { listNotices, type Notice } from './notices.ts';
import { caseProblems } from './problems.ts';
import { paperView } from './reads.ts';

export interface CaseRoutesOptions {
  cases: Cases;
  database: Database;
  objects: ObjectStore;
}

const procedureView = (pack: RulePack, table: Procedure) => ({
  id: table.id,
  pack: pack.pin,
  title: table.title,
  summary: table.summary,
  handlerRole: table.handlerRole,
  applicantRoles: table.applicantRoles,
  form: table.form,
  papers: table.papers,
  start: table.start,
  states: Object.entries(table.states).map(([id, state]) => ({
    id,
    title: state.title,
    phase: state.phase,
    turn: state.turn,
    next: state.next,
    public: state.public ?? null,
    end: state.end ?? false,
  })),
  moves: table.moves.map((move) => ({
    id: move.id,
    title: move.title,
    from: move.from,
    to: move.to,
    by: move.by,
    permission: move.permission ?? null,
    input: move.input,
    form: move.form,
    papers: move.papers,
  })),
  clocks: table.clocks.map((clock) => ({
    id: clock.id,
    title: clock.title,
    dueTo: clock.dueTo,
    rule: 'rule' in clock.length ? clock.length.rule : null,
  })),
});

const packView = (pack: RulePack) => ({
  id: pack.id,
  version: pack.version,
  title: pack.title,
  validFrom: pack.validFrom,
  validTo: pack.validTo ?? null,
  rules: [...pack.rules.values()].map((rule) => ({ ...rule, validTo: rule.validTo ?? null, text: describe(rule) })),
  procedures: [...pack.procedures.values()].map(({ id, title }) => ({ id, title })),
});

const noticeView = (notice: Notice) => ({
  id: notice.id,
  case: notice.case,
  participant: notice.participant,
  subject: notice.subject,
  title: notice.title,
  dueAt: notice.dueAt?.toISOString() ?? null,
  text: notice.text,
  createdAt: notice.createdAt.toISOString(),
  servedAt: notice.servedAt?.toISOString() ?? null,
  readAt: notice.readAt?.toISOString() ?? null,
  digest: notice.digest,
});

export const caseRoutes = ({ cases, database, objects }: CaseRoutesOptions): Route[] => {
  const currentPacks = (): RulePack[] => {
    const ids = [...new Set(cases.ruleBook.packs.map((pack) => pack.id))];
    return ids.flatMap((id) => cases.ruleBook.current(id, cases.now()) ?? []);
  };
  const procedureOf = (id: string) => {
    const found = cases.ruleBook.procedure(id, cases.now());
    if (!found) throw caseProblems.procedureUnknown();
    return procedureView(found.pack, found.procedure);
  };

  return [
    on(wire.procedures, async () => ({
      items: currentPacks().flatMap((pack) =>
        [...pack.procedures.values()].filter(cases.offers).map((table) => procedureView(pack, table)),
      ),
    })),
    on(wire.procedure, async ({ params }) => procedureOf(params.procedure)),
    on(wire.drawing, async ({ params, query, principal }) =>
      cases.drawing(params.procedure, query.language ?? principal.language),
    ),
    on(wire.rulePacks, async () => ({ items: currentPacks().map(packView) })),
    on(wire.file, async ({ tx, principal, body }) => cases.view(tx, principal, await cases.file(tx, principal, body))),
    on(wire.queue, async ({ read, principal, query }) => cases.queue(read, principal, query)),
    on(wire.get, async ({ read, principal, params }) => cases.get(read, principal, params.case)),
    on(wire.timeline, async ({ read, principal, params }) => ({
      items: await cases.timeline(read, principal, params.case),
    })),
    on(wire.stepProof, async ({ read, principal, params }) => ({
      body: Buffer.from(await cases.stepProof(read, principal, params.case, params.sequence)),
      fileName: `caseStep-${params.case}-${params.sequence}.bundle.json`,
    })),
    on(wire.move, async ({ tx, principal, params, body: { move, ...given } }) =>
      cases.view(tx, principal, await cases.move(tx, principal, params.case, move, given)),
    ),
    on(wire.erase, async ({ tx, principal, params, body }) => {
      await cases.erase(tx, principal, params.case, body.number);
      return { ok: true as const };
    }),
    on(
      wire.addPaper,
      async ({ read, principal, params, query, stream, headers, requestId }) => {
        // Asked before the upload, so that strangers cannot fill the store; asked again when it is written down.
        const { one } = await cases.checkAttach(read, principal, params.case, query.kind);
        // Refused before reading: breaking off in the middle would cut the connection, and the answer with it.
        if (Number(headers['content-length'] ?? 0) > caseLimits.paperBytesMax)
          throw kernelProblems.tooLarge({
            detail: { zh: `不超过 ${caseLimits.paperBytesMax} 字节`, en: `${caseLimits.paperBytesMax} bytes at most` },
          });
        const stored = await objects.put(stream, { bytesMax: caseLimits.paperBytesMax });
        const paper = await database.tx(actorOf(principal, requestId), (tx) =>
          cases.addPaper(tx, principal, params.case, query, stored),
        );
        return paperView(paper, cases.tableOf(one));
      },
      { ownTransaction: true },
    ),
    on(wire.getPaper, async ({ read, principal, params }) => {
      const paper = await cases.findPaper(read, principal, params.case, params.paper);
      // What others handed in is never shown by our origin as a page, whatever it calls itself.
      return {
        body: Readable.from(objects.read(paper.object), { objectMode: false }),
        mediaType: 'application/octet-stream',
        fileName: paper.name,
      };
    }),
    on(wire.notices, async ({ read, principal, query }) => {
      const page = await listNotices(read, principal, query);
      return { items: page.items.map(noticeView), next: page.next };
    }),
    on(wire.readNotice, async ({ tx, principal, params }) => {
      await cases.receive(tx, principal, params.notice);
      return { ok: true as const };
    }),
    on(wire.caseNotices, async ({ read, principal, params, query }) => {
      const page = await cases.notices(read, principal, params.case, query);
      return { items: page.items.map(noticeView), next: page.next };
    }),
    on(wire.noticeProof, async ({ read, principal, params, query }) => ({
      body: await cases.noticeProof(read, principal, params.notice, query.how),
      fileName: `serviceProof-${params.notice}-${query.how}.bundle.json`,
    })),
    on(wire.publicNotices, async ({ read, query }) => cases.publicNotices(read, query)),
    on(wire.publicNotice, async ({ read, params }) => cases.publicNotice(read, params.case)),
  ];
};
