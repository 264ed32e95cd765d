/** The job that makes a file's copy for one contract. */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Text } from '@shugu/wire';
import { ChildError } from '../../kernel/child/error.ts';
import type { Database, Reader } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { Job, JobHandler } from '../../kernel/jobs.ts';
import { copyFile } from '../copies/copy.ts';
import type { FileCopy } from '../model.ts';
import { findCopy, readyCopies } from '../reads.ts';
import * as store from '../store.ts';
import { about, enqueueCopy, markable } from './copies.ts';
import { stateCopy } from './copy-proof.ts';
import type { ServiceDeps } from './deps.ts';
import { passingFaults } from './endpoints.ts';
import { refreshVersion } from './grants.ts';

type Made = { digest: string; bytes: number; rows: number; synthetic: FileCopy['synthetic'] };

const gone: Text = { zh: '已不可用', en: 'is no longer there' };
const bare: Text = {
  zh: '没有可以改动的取值，不能加注水印',
  en: 'has no value that could be altered and cannot be marked',
};

const make = async (deps: ServiceDeps, one: FileCopy, read: Reader, signal: AbortSignal): Promise<Made | Text> => {
  const version = await deps.version(read, one.version);
  if (!version) return gone;
  const found = await markable(deps, version, one.source, one.watermark);
  if (!('form' in found)) return found;
  const copies = await deps.copiesFolder();
  await mkdir(copies, { recursive: true });
  const folder = await mkdtemp(join(copies, 'work-'));
  try {
    const made = await copyFile(
      {
        source: await deps.localPath(one.source),
        folder,
        form: found.form,
        columns: found.table.columns.map(({ name }) => name),
        watermark: {
          ...one.watermark,
          key: (await deps.copyKey(one.copy)).toString('hex'),
          synthetic: one.synthetic,
        },
      },
      { signal },
    );
    const stored = await deps.keepObject(createReadStream(join(folder, made.file), { highWaterMark: 1_048_576 }));
    return stored.digest === one.source ? bare : { ...stored, rows: made.rows, synthetic: made.synthetic };
  } catch (error) {
    if (error instanceof ChildError && !passingFaults.includes(error.code))
      return { zh: `：${error.zh}`, en: `: ${error.en}` };
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Makes one copy, puts it in service, and opens grants that waited for it. */
export const copyJobHandler =
  (deps: ServiceDeps): JobHandler =>
  async (job: Job, context) => {
    const one = await findCopy(context.database, (job.data as { copy: string }).copy);
    if (!one || one.state === 'ready') return { superseded: true };
    const made = await make(deps, one, context.database, context.signal);
    await context.database.tx(systemActor('delivery'), async (tx) => {
      if (!('digest' in made)) return void (await store.setCopyFailed(tx, one.id, about(one.table, made)));
      await store.setCopyReady(tx, one.id, made);
      // Made again because its bytes were lost, it is the same, and was stated before.
      if (made.digest !== one.digest) await store.setCopyStatement(tx, one.id, await stateCopy(deps, tx, one, made));
      await refreshVersion(deps, tx, one.version);
    });
    return 'digest' in made ? { rows: made.rows } : { failed: made };
  };

/** At start: a copy that is not in the object store any more is made again. */
export const recopyMissing = async (deps: ServiceDeps, database: Database): Promise<number> => {
  await rm(await deps.copiesFolder(), { recursive: true, force: true });
  let missing = 0;
  for (const one of await readyCopies(database)) {
    if ((await deps.objectSize(one.digest!)) !== undefined) continue;
    missing += 1;
    await database.tx(systemActor('delivery'), async (tx) =>
      store.setCopyGone(tx, one.id, await enqueueCopy(tx, one, one.table)),
    );
  }
  return missing;
};
