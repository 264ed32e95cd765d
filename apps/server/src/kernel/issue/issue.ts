/**
 * Papers: what the exchange, the registrar or a pair of parties state under their keys. The statement is signed and its log
 * entry written in the transaction that makes it true; PDF and bundle are made once the log has sequenced the entry.
 * Public by rule: the entry stands in clear. All else: a salted commitment, salt and record staying with the parties.
 */
import { randomInt } from 'node:crypto';
import {
  assembleCore,
  type BundleCore,
  bundleEntry,
  clearEntry,
  draftStatement,
  entryBytes,
  type Json,
  type SignedStatement,
  type SuiteName,
  signStatement,
} from '@shugu/evidence';
import type { Text } from '@shugu/wire';
import { audit } from '../audit.ts';
import { dayOf, monthOf } from '../calendar/calendar.ts';
import type { Database, Reader, Tx } from '../db/db.ts';
import { newId } from '../ids.ts';
import { enqueue, type JobHandler } from '../jobs.ts';
import type { Keys } from '../keys.ts';
import { nextNumber } from '../numbers.ts';
import type { ObjectStore } from '../objects.ts';
import { emit } from '../outbox.ts';
import type { PageQuery } from '../pages.ts';
import type { Paper as Layout } from '../paper/paper.ts';
import type { Press } from '../paper/press.ts';
import { defineProblems } from '../problem.ts';
import { bundleIn } from '../publiclog/bundle.ts';
import type { Inclusion, PublicLog } from '../publiclog/publiclog.ts';
import * as store from './store.ts';

export const issueProblems = defineProblems('papers', {
  proven: {
    status: 409,
    title: { zh: '公开日志已收录，不再需要承诺', en: 'The public log holds it; no promise is needed any more' },
    next: { zh: '请下载证据包', en: 'Fetch the bundle' },
  },
  notReady: {
    status: 409,
    title: { zh: '凭证正在生成', en: 'The paper is being made' },
    next: {
      zh: '公开日志收录后即可下载；不公开的凭证随下一批收录，请稍候一两分钟再试',
      en: 'It can be fetched once the public log holds it; one that is not public waits for the next batch: try again in a minute or two',
    },
  },
});

/** How the paper looks; what is known only at issue (number, dates, QR, footer, specimen) is filled in here. */
export type PaperLook = Pick<Layout, 'layout' | 'issuer' | 'rows'> &
  Partial<Pick<Layout, 'seal' | 'opening' | 'tables' | 'paragraphs' | 'signatures'>>;

export interface PaperDraft {
  /** Word of the bundle: certificate, listingVoucher, contract, statement … */
  kind: string;
  title: Text;
  /** Prefix of the number: `SP` gives SP-202607-0001. Left out when `number` is given. */
  series?: string;
  number?: string;
  /** Canonical JSON: strings, safe integers, booleans, arrays, objects. Number and time of issue are added as members. */
  document: Record<string, Json>;
  /** Members of the document that rules make public; only with `clear`. */
  publish?: readonly string[];
  /** Organisations that may read it; the first owns it. */
  parties: readonly string[];
  signers: readonly { participant: string; role: string }[];
  disclosure: 'clear' | 'commitment';
  look?: PaperLook;
  retentionClass: string;
}

export interface IssuedPaper {
  id: string;
  number: string;
  verifyCode: string;
}

export interface IssueOptions {
  database: Database;
  keys: Keys;
  publicLog: PublicLog;
  objects: ObjectStore;
  press: Press;
  suite: SuiteName;
  publicUrl(): string;
  /** Prints 样张 on everything, as long as no licensed registrar is configured. */
  specimen: boolean;
}

export interface Issue {
  /** Whether what is printed says 样张. */
  specimen: boolean;
  paper(tx: Tx, draft: PaperDraft): Promise<IssuedPaper>;
  withdraw(tx: Tx, paperId: string, reason: Text): Promise<void>;
  /** Hang on the log: asks for the files of papers whose entries are now sequenced. */
  onSequenced(tx: Tx, entryIds: string[]): Promise<void>;
  /** Hang on the log's stamps: asks for bundles that carry one, where a stamp now covers their entries. */
  onStamped(tx: Tx, origin: string, size: number): Promise<void>;
  jobs: Record<string, JobHandler>;
  read(read: Reader, id: string): Promise<store.PaperRow | undefined>;
  /** Papers that all of these may read, the newest first. */
  papersOf(read: Reader, participants: readonly string[], query: PageQuery): ReturnType<typeof store.papersOf>;
  file(row: store.PaperRow, part: 'pdf' | 'bundle'): Promise<Buffer>;
  /** The log's promise, until the paper's proof is there. */
  promise(read: Reader, row: store.PaperRow): Promise<Uint8Array>;
}

const codeAlphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
// 16 characters of 31: about 79 bits, so that codes cannot be walked through.
const newVerifyCode = (): string => {
  const text = Array.from({ length: 16 }, () => codeAlphabet[randomInt(codeAlphabet.length)]).join('');
  return text.replace(/(.{4})(?=.)/g, '$1-');
};

const printedDay = (at: Date): string => {
  const [year, month, day] = dayOf(at).split('-').map(Number);
  return `${year}年${month}月${day}日`;
};

const numberOf = async (tx: Tx, draft: PaperDraft): Promise<string> => {
  if (draft.number) return draft.number;
  if (!draft.series) throw new Error(`paper ${draft.kind}: neither number nor series`);
  const month = monthOf(tx.now);
  const serial = await nextNumber(tx, `paper/${draft.series}/${month}`);
  return `${draft.series}-${month}-${String(serial).padStart(4, '0')}`;
};

const layoutOf = (
  draft: PaperDraft,
  number: string,
  at: Date,
  options: IssueOptions,
  verifyCode: string,
): Layout | null => {
  if (!draft.look) return null;
  const address = `${options.publicUrl()}/verify/${verifyCode}`;
  return {
    ...draft.look,
    number,
    title: draft.title,
    issuedOn: printedDay(at),
    createdAt: at.toISOString(),
    specimen: options.specimen,
    qr: address,
    footer: `核验码 ${verifyCode}：扫码，或在本站“凭证核验”输入；离线核验用 shugu verify`,
  };
};

export const makeIssue = (options: IssueOptions): Issue => {
  const { keys, publicLog, objects, press, suite } = options;

  const paper = async (tx: Tx, draft: PaperDraft): Promise<IssuedPaper> => {
    const number = await numberOf(tx, draft);
    const issued = tx.now.toISOString();
    const document: Record<string, Json> = { number, specimen: options.specimen, ...draft.document };
    const statement = draftStatement({ kind: draft.kind, title: draft.title, issued, node: tx.tenancy.node, document });
    const signed: SignedStatement[] = [];
    for (const signer of draft.signers)
      signed.push(await signStatement(statement, await keys.signer(tx, signer.participant, 'seal'), signer.role));
    const core = assembleCore(statement, signed);
    const { entry, salt } =
      draft.disclosure === 'clear'
        ? {
            ...bundleEntry(core, { suite, form: 'clear', publish: ['number', ...(draft.publish ?? [])] }),
            salt: undefined,
          }
        : bundleEntry(core, { suite, form: 'commitment' });
    const logEntry = await publicLog.publish(tx, {
      kind: draft.kind,
      form: draft.disclosure,
      bytes: entryBytes(entry),
      participant: draft.parties[0],
      ...(draft.disclosure === 'clear' ? { title: draft.title } : {}),
    });
    const id = newId('ppr', tx.now);
    const verifyCode = newVerifyCode();
    await store.insertPaper(tx, {
      id,
      participant: draft.parties[0]!,
      parties: [...draft.parties],
      kind: draft.kind,
      number,
      title: draft.title,
      disclosure: draft.disclosure,
      document: core as unknown as Record<string, unknown>,
      signatures: core.signatures.map(({ keyId, role, signature }) => ({ keyId, role, signature })),
      salt: salt ? Buffer.from(salt).toString('base64') : null,
      layout: layoutOf(draft, number, tx.now, options, verifyCode),
      log_entry: logEntry,
      issued_at: tx.now,
      verify_code: verifyCode,
      retention_class: draft.retentionClass,
    });
    await audit(tx, {
      action: 'kernel.paper.issue',
      subject: id,
      participant: draft.parties[0],
      data: { kind: draft.kind, number },
    });
    await emit(tx, {
      type: 'kernel.paper.issued',
      subject: id,
      participant: draft.parties[0],
      data: { kind: draft.kind, number },
    });
    return { id, number, verifyCode };
  };

  const bundleOf = (row: store.PaperRow, found: Inclusion): Uint8Array =>
    bundleIn(found, row.document as unknown as BundleCore, row.salt);

  /** The paper with a later proof: what was issued stays as it is, and a bundle handed out before stays valid. */
  const renewOne = async (base: Database, row: store.PaperRow): Promise<boolean> => {
    const found = await publicLog.inclusion(base, row.log_entry);
    if (!found?.stamp) return false;
    const { digest } = await objects.put(bundleOf(row, found));
    await base.tx({ kind: 'system', id: 'system:papers', participant: row.participant }, (tx) =>
      store.renewBundle(tx, row.id, digest),
    );
    return true;
  };

  const make: JobHandler = async (job, { database: base }) => {
    const row = await store.paperById(base, job.data.paper as string);
    if (!row) throw new Error('the paper is gone');
    const found = await publicLog.inclusion(base, row.log_entry);
    if (!found) throw new Error('not sequenced yet');
    const [rendered] = row.layout ? await press.print([row.layout]) : [];
    const pdf = rendered ? await objects.put(rendered.bytes) : undefined;
    const kept = await objects.put(bundleOf(row, found));
    const stamped = found.stamp !== undefined;
    await base.tx({ kind: 'system', id: 'system:papers', participant: row.participant }, async (tx) => {
      await store.completePaper(tx, row.id, { pdf: pdf?.digest ?? null, bundle: kept.digest, stamped });
      await emit(tx, {
        type: 'kernel.paper.ready',
        subject: row.id,
        participant: row.participant,
        data: { kind: row.kind, number: row.number },
      });
    });
    // Stamped while this was under way: the job that renews bundles has passed a paper that had none.
    if (!stamped) await renewOne(base, row);
    return { missingGlyphs: rendered?.missing ?? [] };
  };

  const renew: JobHandler = async (job, { database: base, progress }) => {
    const { origin, size } = job.data as { origin: string; size: number };
    let renewed = 0;
    for (let after = ''; ; ) {
      const rows = await store.unstampedPapers(base, { origin, below: size, after });
      for (const row of rows) {
        if (await renewOne(base, row)) renewed++;
      }
      const last = rows.at(-1);
      if (!last) return { renewed };
      after = last.id;
      await progress(0.5, String(renewed));
    }
  };

  return {
    specimen: options.specimen,
    paper,
    withdraw: async (tx, paperId, reason) => {
      if (!(await store.withdrawPaper(tx, paperId, reason))) return;
      const row = (await store.paperById(tx, paperId))!;
      // A bundle alone cannot know: what was announced in clear is withdrawn in clear.
      if (row.disclosure === 'clear')
        await publicLog.publish(tx, {
          kind: 'withdrawal',
          form: 'clear',
          bytes: entryBytes(clearEntry('withdrawal', { of: row.kind, number: row.number, reason: { ...reason } })),
          title: { zh: `撤销${row.title.zh} ${row.number}`, en: `${row.title.en} ${row.number} withdrawn` },
          participant: row.participant,
        });
      await audit(tx, {
        action: 'kernel.paper.withdraw',
        subject: paperId,
        participant: row.participant,
        data: { reason },
      });
      await emit(tx, {
        type: 'kernel.paper.withdrawn',
        subject: paperId,
        participant: row.participant,
        data: { kind: row.kind, number: row.number },
      });
    },
    onSequenced: async (tx, entryIds) => {
      for (const one of await store.papersOfEntries(tx, entryIds))
        await enqueue(tx, {
          kind: 'kernel.paper.make',
          title: { zh: `生成${one.title.zh} ${one.number}`, en: `Make ${one.title.en} ${one.number}` },
          data: { paper: one.id },
          participant: one.participant,
          uniqueKey: one.id,
        });
    },
    onStamped: async (tx, origin, size) => {
      await enqueue(tx, {
        kind: 'kernel.paper.stamp',
        title: {
          zh: `为证据包补充外部时间戳（日志前 ${size} 条）`,
          en: `Add the outside time stamp to bundles (first ${size} of the log)`,
        },
        data: { origin, size },
        participant: '',
        uniqueKey: `${origin}/${size}`,
      });
    },
    jobs: { 'kernel.paper.make': make, 'kernel.paper.stamp': renew },
    read: (read, id) => store.paperById(read, id),
    papersOf: (read, participants, query) => store.papersOf(read, participants, query),
    promise: async (read, row) => {
      if (row.bundle_digest) throw issueProblems.proven();
      const promise = await publicLog.promise(read, row.log_entry);
      if (!promise) throw issueProblems.notReady();
      return promise;
    },
    file: async (row, part) => {
      const digest = part === 'pdf' ? row.pdf_digest : row.bundle_digest;
      if (!digest) throw issueProblems.notReady();
      return objects.bytes(digest);
    },
  };
};
