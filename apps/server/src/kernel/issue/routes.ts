/** Papers to read, fetch and check. */
import { formatTrust, meterRole, type Trust, trustFrom, vkeyOf } from '@shugu/evidence';
import * as wire from '@shugu/wire/kernel';
import type { Database, Reader } from '../db/db.ts';
import { empty, sql } from '../db/db.ts';
import type { PermissionTable, Principal } from '../http/principal.ts';
import { on, type Route } from '../http/route.ts';
import type { Keys } from '../keys.ts';
import { decodeCursor, pageOf, pageSize } from '../pages.ts';
import { kernelProblems } from '../problem.ts';
import { knownStampAuthorities } from '../publiclog/stamps.ts';
import { origins } from '../publiclog/store.ts';
import { knownWitnesses } from '../publiclog/witnesses.ts';
import type { Issue } from './issue.ts';
import * as store from './store.ts';
import { verdictOn } from './verify.ts';

export const issuePermissions: PermissionTable = {
  'kernel.paper.supervise': {
    title: { zh: '查看全部凭证', en: 'See every paper' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'settlement', 'service', 'officer', 'auditAdministrator'],
  },
};

const documentOf = (row: store.PaperRow) => (row.document as { document: unknown }).document;

export const paperOut = (row: store.PaperRow) => ({
  id: row.id,
  kind: row.kind,
  number: row.number,
  title: row.title,
  issuedAt: row.issued_at.toISOString(),
  disclosure: row.disclosure,
  verifyCode: row.verify_code,
  ready: row.bundle_digest !== null,
  withdrawnAt: row.withdrawn_at?.toISOString() ?? null,
  document: documentOf(row) as never,
});

const maySee = (principal: Principal, row: store.PaperRow): boolean =>
  row.disclosure === 'clear' ||
  (principal.participant !== '' && row.parties.includes(principal.participant)) ||
  principal.permissions.has('kernel.paper.supervise');

/** What a verifier of this node's bundles needs: the logs' keys, and whose each signing key is. */
export const trustOf = async (
  read: Reader,
  keys: Keys,
  holder: (participant: string) => Promise<string>,
): Promise<Trust> => {
  const known = await keys.known(read);
  const byId = new Map(known.map((one) => [one.id, one]));
  const logs = (await origins(read)).map(({ origin, suite, key }) => ({
    origin,
    suite,
    vkey: vkeyOf(origin, byId.get(key)!.publicKey),
  }));
  const signing = known.filter((one) => one.purpose === 'seal' || one.purpose === 'signature');
  const listed = [];
  for (const one of signing) listed.push({ keyId: one.id, holder: await holder(one.participant), roles: signingRoles });
  for (const one of known.filter(({ purpose }) => purpose === 'gateway'))
    listed.push({ keyId: one.id, holder: await holder(one.participant), roles: [meterRole] });
  // Former witnesses too: papers carry their lines. How many lines a reader wants is the reader's to say.
  const witnesses = (await knownWitnesses(read)).map(({ vkey }) => ({ vkey }));
  const stampAuthorities = (await knownStampAuthorities(read)).map((certificate) => ({ certificate }));
  return trustFrom({
    logs,
    ...(witnesses.length ? { witnesses } : {}),
    ...(listed.length ? { keys: listed } : {}),
    ...(stampAuthorities.length ? { stampAuthorities } : {}),
  });
};

/** Roles in which a seal may stand on a paper; who may take which is decided where the paper is issued. */
export const signingRoles = [
  'operator',
  'registrar',
  'regulator',
  'supplier',
  'buyer',
  'serviceBody',
  'bank',
  'issuer',
  'party',
];

export interface IssueRoutesOptions {
  issue: Issue;
  keys: Keys;
  database: Database;
  /** Display name of an organisation. */
  holder(participant: string): Promise<string>;
}

export const issueRoutes = ({ issue, keys, database, holder }: IssueRoutesOptions): Route[] => {
  const visible = async (read: Reader, principal: Principal, id: string) => {
    const row = await issue.read(read, id);
    if (!row || !maySee(principal, row)) throw kernelProblems.unknown();
    return row;
  };
  return [
    on(wire.papers, async ({ read, principal, query }) => {
      const found = await store.papersOf(read, [principal.participant], query);
      return { items: found.items.map(paperOut), next: found.next };
    }),
    on(wire.paperRead, async ({ read, principal, params }) => paperOut(await visible(read, principal, params.id))),
    on(wire.paperPdf, async ({ read, principal, params }) => {
      const row = await visible(read, principal, params.id);
      return { body: await issue.file(row, 'pdf'), fileName: `${row.title.zh}-${row.number}.pdf` };
    }),
    on(wire.paperBundle, async ({ read, principal, params }) => {
      const row = await visible(read, principal, params.id);
      return { body: await issue.file(row, 'bundle'), fileName: `${row.kind}-${row.number}.bundle.json` };
    }),
    on(wire.paperPromise, async ({ read, principal, params }) => {
      const row = await visible(read, principal, params.id);
      return { body: await issue.promise(read, row), fileName: `${row.kind}-${row.number}.promise.json` };
    }),
    on(wire.verifyCode, async ({ read, principal, params }) => {
      const row = await store.paperByCode(read, params.code.toUpperCase());
      if (!row) return { found: false };
      const entry = await read.first<{ origin: string | null; position: number | null }>(
        sql`select origin, position from log_entries where id = ${row.log_entry}`,
      );
      return {
        found: true,
        kind: row.kind,
        number: row.number,
        title: row.title,
        issuedAt: row.issued_at.toISOString(),
        withdrawnAt: row.withdrawn_at?.toISOString() ?? null,
        withdrawnReason: row.withdrawn_reason,
        issuer: row.layout?.issuer ?? '',
        ...(maySee(principal, row) ? { document: documentOf(row) as never } : {}),
        ...(entry?.origin ? { log: { origin: entry.origin, position: entry.position } } : {}),
      };
    }),
    on(wire.verifyFile, async ({ read, body }) => verdictOn(read, body.file, await trustOf(read, keys, holder)), {
      ownTransaction: true,
    }),
    on(wire.trust, async ({ setHeader }) => {
      setHeader('cache-control', 'no-cache');
      return JSON.parse(Buffer.from(formatTrust(await trustOf(database, keys, holder))).toString('utf8'));
    }),
    on(wire.logList, async ({ read, query }) => {
      const after = decodeCursor(query.after, 1);
      const rows = await read.rows<{
        position: number;
        kind: string;
        title: never;
        sequenced_at: Date;
        entry: Buffer;
      }>(sql`select position, kind, title,
          sequenced_at, entry from log_entries where form = 'clear' and position is not null ${query.kind ? sql`and kind = ${query.kind}` : empty}
          ${after ? sql`and position < ${after[0]}` : empty} order by sequenced_at desc, position desc limit ${pageSize(query) + 1}`);
      return pageOf(
        rows,
        query,
        (row) => [row.position],
        (row) => ({
          position: row.position,
          kind: row.kind,
          title: row.title,
          sequencedAt: row.sequenced_at.toISOString(),
          entry: JSON.parse(row.entry.toString('utf8')),
        }),
      );
    }),
  ];
};
