/**
 * Resumable uploads: a file grows on disk part by part, the row says how far it is durable. After a crash the file is cut back
 * to what the row says, so the offset that a client is told is always the truth.
 */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { registryLimits } from '@shugu/wire/registry';
import { audit } from '../../kernel/audit.ts';
import type { Database, Reader, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { enqueue } from '../../kernel/jobs.ts';
import type { ObjectStore } from '../../kernel/objects.ts';
import { kernelProblems, Problem } from '../../kernel/problem.ts';
import { formatOf } from '../ingest/ingest.ts';
import type { Resource, Upload } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import {
  advanceUpload,
  countOpenUploads,
  endUpload,
  findUpload,
  insertContent,
  insertUpload,
  setResourceState,
  uploadsPast,
} from '../store/resources.ts';
import { ownResource } from './resources.ts';

const dayMilliseconds = 86_400_000;

export const startUpload = async (
  tx: Tx,
  draft: { resource: string; fileName: string; bytes: number; digest?: string },
): Promise<Upload> => {
  const resource = await ownResource(tx, draft.resource);
  if (!formatOf(draft.fileName)) throw problems.format({ field: 'body.fileName' });
  const { participant } = tx.actor;
  if ((await countOpenUploads(tx, participant)) >= registryLimits.openUploadsMax)
    throw problems.uploadsOpen({ detail: `${registryLimits.openUploadsMax}` });
  const upload: Upload = {
    id: newId('upl', tx.now),
    participant,
    resource: resource.id,
    fileName: draft.fileName,
    bytes: draft.bytes,
    received: 0,
    digest: draft.digest ?? null,
    state: 'open',
    content: null,
    createdAt: tx.now,
    expiresAt: new Date(tx.now.getTime() + registryLimits.uploadDaysMax * dayMilliseconds),
  };
  await insertUpload(tx, upload);
  await audit(tx, {
    action: 'registry.upload.start',
    subject: upload.id,
    data: { resource: resource.id, bytes: draft.bytes },
  });
  return upload;
};

export const ownUpload = async (read: Reader, participant: string, id: string, lock = false): Promise<Upload> => {
  const upload = await findUpload(read, id, lock);
  if (!upload || upload.participant !== participant) throw kernelProblems.unknown();
  return upload;
};

const arriving = new Set<string>();

export const uploadPath = async (objects: ObjectStore, id: string): Promise<string> =>
  join(await objects.folder('uploads'), id);

/** Writes what arrives, up to `most` bytes, from `offset`; the number written even when the sender breaks off. */
const writePart = async (
  path: string,
  offset: number,
  most: number,
  source: Readable,
): Promise<{ written: number; failure: unknown }> => {
  const file = await open(path, offset === 0 ? 'w' : 'r+');
  let written = 0;
  let failure: unknown;
  try {
    await file.truncate(offset);
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (written + chunk.length > most)
        throw kernelProblems.tooLarge({
          detail: { zh: `此处起不超过 ${most} 字节`, en: `${most} bytes at most from here` },
        });
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await file.write(chunk, done, chunk.length - done, offset + written);
        done += bytesWritten;
        written += bytesWritten;
      }
    }
  } catch (error) {
    failure = error;
  }
  await file.sync().finally(() => file.close());
  return { written, failure };
};

/** @throws registry.offset with the right one, registry.uploadBusy, registry.uploadEnded, kernel.tooLarge */
export const receivePart = async (
  deps: { database: Database; objects: ObjectStore },
  participant: string,
  id: string,
  offset: number,
  source: Readable,
  announced?: number,
): Promise<Upload> => {
  const upload = await ownUpload(deps.database, participant, id);
  if (upload.state !== 'open') throw problems.uploadEnded();
  if (offset !== upload.received)
    throw problems.offset({ detail: `${upload.received}`, headers: { 'upload-offset': `${upload.received}` } });
  const most = Math.min(registryLimits.partBytesMax, upload.bytes - offset);
  // Refused before it is read, so that the sender hears why.
  if (announced !== undefined && announced > most)
    throw kernelProblems.tooLarge({
      detail: { zh: `此处起不超过 ${most} 字节`, en: `${most} bytes at most from here` },
    });
  if (arriving.has(id)) throw problems.uploadBusy();
  arriving.add(id);
  try {
    const path = await uploadPath(deps.objects, id);
    const { written, failure } = await writePart(path, offset, most, source);
    // A part that is too long is refused whole; one that broke off keeps what came.
    if (failure instanceof Problem) throw failure;
    if (written === 0) throw failure ?? problems.partEmpty();
    const advanced = await deps.database.tx(systemActor('uploads'), (tx) =>
      advanceUpload(tx, id, offset, offset + written),
    );
    if (!advanced) throw problems.uploadEnded();
    return { ...upload, received: offset + written };
  } finally {
    arriving.delete(id);
  }
};

export const completeUpload = async (tx: Tx, id: string): Promise<Upload> => {
  const upload = await ownUpload(tx, tx.actor.participant, id, true);
  // Said twice by a client that lost the answer: the same answer again.
  if (upload.state === 'complete') return upload;
  if (upload.state !== 'open') throw problems.uploadEnded();
  if (upload.received !== upload.bytes) throw problems.incomplete({ detail: `${upload.received}` });
  const content = await readUpload(tx, upload, await ownResource(tx, upload.resource));
  return { ...upload, state: 'complete', content };
};

/** Asks for an upload to be read that is there whole; the content that it becomes. */
export const readUpload = async (tx: Tx, upload: Upload, resource: Resource): Promise<string> => {
  const { id, participant, fileName, bytes } = upload;
  const content = newId('con', tx.now);
  const job = await enqueue(tx, {
    kind: 'registry.ingest',
    title: { zh: `解析 ${fileName}`, en: `Read ${fileName}` },
    data: { upload: id, content },
    participant,
    attemptsMax: 3,
    uniqueKey: id,
  });
  await insertContent(tx, { id: content, participant, resource: resource.id, fileName, bytes, job: job ?? null });
  await endUpload(tx, id, 'complete', content);
  if (resource.state === 'draft') await setResourceState(tx, resource.id, 'uploaded');
  await audit(tx, {
    action: 'registry.upload.complete',
    subject: id,
    participant,
    data: { resource: resource.id, content },
  });
  return content;
};

const expiredPerTickMax = 100;

/** Ends uploads that nobody finished, and frees their disk. */
export const expireUploads = async (database: Database, objects: ObjectStore, now: Date): Promise<number> => {
  const past = await uploadsPast(database, now, expiredPerTickMax);
  for (const { id } of past) {
    await database.tx(systemActor('uploads'), async (tx) => {
      const upload = await findUpload(tx, id, true);
      if (upload?.state === 'open') await endUpload(tx, id, 'expired', null);
    });
    await rm(await uploadPath(objects, id), { force: true });
  }
  return past.length;
};
