/** The job that brings an upload into the normal form, then counts, scans and proposes a class: the platform's self-check. */
import { createReadStream, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { audit } from '../../kernel/audit.ts';
import { dayOf } from '../../kernel/calendar/calendar.ts';
import { ChildError } from '../../kernel/child/error.ts';
import type { Database, Reader } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { Job, JobContext, JobHandler } from '../../kernel/jobs.ts';
import type { ObjectStore } from '../../kernel/objects.ts';
import { proposeClassification } from '../classification.ts';
import { classificationTable } from '../classification-table.ts';
import { formatOf, ingestFile, readSchema } from '../ingest/ingest.ts';
import { type Fault, ingestLimits, type TableSchema } from '../ingest/schema.ts';
import type { Content, ContentFault, Upload } from '../model.ts';
import { profileTable } from '../profile.ts';
import { columnsOf } from '../rules.ts';
import { type Sample, sampleTable } from '../sample.ts';
import { scanTable } from '../scan/table.ts';
import {
  failContent,
  findContent,
  findResource,
  findUpload,
  finishContent,
  newestContent,
  setResourceState,
} from '../store/resources.ts';
import { tell } from './resources.ts';
import { uploadPath } from './uploads.ts';

export interface IngestDeps {
  database: Database;
  objects: ObjectStore;
}

/** Where a content's normal form (rows.parquet and schema.json) stands, for the gateway's table stores. */
export const normalFolder = async (objects: ObjectStore, content: string): Promise<string> =>
  join(await objects.folder('normal'), content);

const faultOf = (error: ChildError): ContentFault => {
  const listed = (error.details as { faults?: Fault[] } | undefined)?.faults ?? [];
  return {
    code: error.code,
    text: { zh: error.zh, en: error.en },
    faults: listed.slice(0, 100).map(({ zh, en, ...fault }) => ({ ...fault, text: { zh, en } })),
  };
};

const differs: ContentFault = {
  code: 'registry.digestDiffers',
  text: { zh: '收到的文件与申报的摘要不符', en: 'The file received is not the one announced' },
  faults: [],
};

// What another try may mend; whatever a file itself is at fault for will not go away.
const isPassing = (code: string): boolean =>
  ['child.queue-full', 'child.cancelled', 'child.exited', 'child.failed'].includes(code);

const keepOriginal = async ({ objects }: IngestDeps, upload: Upload): Promise<{ digest: string; path: string }> => {
  const path = await uploadPath(objects, upload.id);
  const { digest } = await objects.put(createReadStream(path), { bytesMax: ingestLimits.bytesMax });
  return { digest, path: objects.pathOf(digest) };
};

const normalise = async (
  upload: Upload,
  original: { path: string },
  folder: string,
  context: JobContext,
): Promise<TableSchema> => {
  // A job that is run again finds what it has already done.
  if (existsSync(join(folder, 'schema.json'))) return readSchema(folder);
  return ingestFile({ path: original.path, folder, format: formatOf(upload.fileName)! }, { signal: context.signal });
};

export const ingestJob =
  (deps: IngestDeps): JobHandler =>
  async (job: Job, context) => {
    const { upload: uploadKey, content: id } = job.data as { upload: string; content: string };
    const upload = await findUpload(deps.database, uploadKey);
    const content = await findContent(deps.database, id);
    if (!upload || !content) throw new Error('the upload is gone');
    if (content.state !== 'reading') return { content: id, state: content.state };
    try {
      return await readContent(deps, upload, content, context);
    } catch (error) {
      if (!(error instanceof ChildError) || (isPassing(error.code) && job.attempts < job.attempts_max)) throw error;
      return fail(deps, upload, content, faultOf(error));
    }
  };

const readContent = async (deps: IngestDeps, upload: Upload, content: Content, context: JobContext) => {
  const { database, objects } = deps;
  await context.progress(0.05, '存入对象库 / storing');
  const original = await keepOriginal(deps, upload);
  if (upload.digest && upload.digest !== original.digest) return fail(deps, upload, content, differs);
  await context.progress(0.2, '解析 / reading');
  const folder = await normalFolder(objects, content.id);
  const schema = await normalise(upload, original, folder, context);
  await context.progress(0.6, '敏感识别 / scanning');
  const scans = await scanTable({ folder, asOf: dayOf(context.now()) }, { signal: context.signal });
  await context.progress(0.8, '数据画像 / profiling');
  const { columns, quality } = await profileTable({ folder, scans }, { signal: context.signal });
  const normal = await objects.put(createReadStream(join(folder, schema.normal.file)));
  const resource = (await findResource(database, content.resource))!;
  const classification = proposeClassification(
    { scans, dataset: { personal: resource.personal, personCount: resource.personCount ?? undefined } },
    classificationTable,
  );
  await database.tx(systemActor('ingest'), async (tx) => {
    const finished = await finishContent(tx, content.id, {
      digest: original.digest,
      normalDigest: normal.digest,
      normalBytes: normal.bytes,
      rowCount: schema.rowCount,
      columns: columnsOf(schema.columns, scans, classification),
      profile: columns,
      quality,
      scan: scans,
      classification,
    });
    if (!finished) return;
    const current = (await findResource(tx, content.resource, true))!;
    if (current.state !== 'retired') await setResourceState(tx, current.id, 'profiled');
    await audit(tx, {
      action: 'registry.resource.profile',
      subject: current.id,
      participant: current.participant,
      data: { content: content.id, digest: original.digest, rows: schema.rowCount },
    });
    await tell(tx, 'registry.resource.profiled', current.id, current.participant, {
      resource: current.id,
      content: content.id,
      rowCount: schema.rowCount,
    });
  });
  await rm(await uploadPath(objects, upload.id), { force: true });
  return { content: content.id, state: 'ready', rows: schema.rowCount };
};

/** Kept with the content, for its holder to read; an older file that could be read stays the resource's. */
const fail = async ({ database, objects }: IngestDeps, upload: Upload, content: Content, fault: ContentFault) => {
  await database.tx(systemActor('ingest'), async (tx) => {
    if (!(await failContent(tx, content.id, fault))) return;
    const resource = (await findResource(tx, content.resource, true))!;
    if (resource.state === 'uploaded') await setResourceState(tx, resource.id, 'draft');
    await tell(tx, 'registry.resource.faulty', resource.id, resource.participant, {
      resource: resource.id,
      content: content.id,
      code: fault.code,
    });
  });
  await rm(await uploadPath(objects, upload.id), { force: true });
  await rm(await normalFolder(objects, content.id), { recursive: true, force: true });
  return { content: content.id, state: 'faulty', code: fault.code };
};

/** Unmasked: callers mask before anything leaves. Empty while the resource has no content that could be read. */
export const sampleOf = async (
  objects: ObjectStore,
  read: Reader,
  resource: string,
  rowsMax: number,
): Promise<Sample> => {
  const content = await newestContent(read, resource, true);
  if (!content) return { columns: [], rows: [] };
  return sampleTable({ folder: await normalFolder(objects, content.id), rowsMax });
};
