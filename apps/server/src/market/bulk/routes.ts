/** Doors of the import of listings. */
import { createHash } from 'node:crypto';
import * as wire from '@shugu/wire/market-more';
import { audit } from '../../kernel/audit.ts';
import type { Reader } from '../../kernel/db/db.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { newId } from '../../kernel/ids.ts';
import { enqueue } from '../../kernel/jobs.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { MarketDeps } from '../model.ts';
import { importJob } from './job.ts';
import { findImport, insertImport, type ListingImport, listImports, setJob } from './store.ts';

const importOut = (one: ListingImport) => ({
  id: one.id,
  fileName: one.file_name,
  format: one.format,
  dryRun: one.dry_run,
  state: one.state,
  job: one.job,
  digest: one.digest,
  rows: one.report.length,
  listed: one.report.filter((row) => row.ok && row.listing !== null).length,
  failed: one.report.filter((row) => !row.ok).length,
  failure: one.failure,
  createdAt: one.created_at.toISOString(),
});

export const bulkRoutes = (deps: MarketDeps): Route[] => {
  const own = async (read: Reader, participant: string, id: string): Promise<ListingImport> => {
    const one = await findImport(read, id);
    if (!one || one.participant !== participant) throw kernelProblems.unknown();
    return one;
  };
  return [
    on(wire.importListings, async ({ tx, principal, body }) => {
      await deps.members.requireTrading(tx, principal.participant);
      const content = Buffer.from(body.content, 'base64');
      if (content.length === 0)
        throw kernelProblems.invalid({ field: 'body.content', detail: { zh: '文件为空', en: 'the file is empty' } });
      if (content.length > wire.marketMoreLimits.importBytesMax) throw kernelProblems.tooLarge();
      const id = newId('imp', tx.now);
      await insertImport(tx, principal, {
        id,
        file_name: body.fileName,
        format: body.format,
        dry_run: body.dryRun,
        content,
        digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
      });
      const job = await enqueue(tx, {
        kind: importJob,
        title: { zh: `批量上架：${body.fileName}`, en: `Import of listings: ${body.fileName}` },
        data: { import: id },
      });
      await setJob(tx, id, job!);
      await audit(tx, { action: 'market.listing.import', subject: id, data: { dryRun: body.dryRun } });
      return importOut((await findImport(tx, id))!);
    }),
    on(wire.listImports, async ({ read, principal, query }) => {
      const found = await listImports(read, principal.participant, query);
      return { items: found.items.map(importOut), next: found.next };
    }),
    on(wire.readImport, async ({ read, principal, params }) => {
      const one = await own(read, principal.participant, params.id);
      return { ...importOut(one), report: one.report };
    }),
  ];
};
