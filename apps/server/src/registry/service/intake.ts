/** A table that the platform fetched itself: its file is taken in as if its holder had uploaded it. */
import type { Reader, Tx } from '../../kernel/db/db.ts';
import type { ObjectStore } from '../../kernel/objects.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { registryProblems as problems } from '../problems.ts';
import { findResource, insertUpload, newestContent } from '../store/resources.ts';
import { readUpload, uploadPath } from './uploads.ts';

export interface TakenFile {
  /** Whoever brings it names it, so that the file can stand in its place before it is told of. */
  upload: string;
  /** The resource's holder, in whose name it comes. */
  participant: string;
  resource: string;
  fileName: string;
  bytes: number;
}

export interface Intake {
  resource(read: Reader, id: string): Promise<{ participant: string; name: string; state: string } | undefined>;
  /** The newest content, read or being read; undefined for one that could not be read. */
  newestContent(read: Reader, resource: string): Promise<string | undefined>;
  /** Where the file has to stand, whole and durable, before `takeIn`. */
  pathFor(upload: string): Promise<string>;
  /** The content that it becomes. @throws registry.retired, kernel.unknown */
  takeIn(tx: Tx, file: TakenFile): Promise<string>;
}

export const makeIntake = (objects: ObjectStore): Intake => ({
  resource: findResource,
  newestContent: async (read, resource) => {
    const content = await newestContent(read, resource);
    return content?.state === 'faulty' ? undefined : content?.id;
  },
  pathFor: (upload) => uploadPath(objects, upload),
  takeIn: async (tx, { upload: id, participant, resource: resourceId, fileName, bytes }) => {
    const resource = await findResource(tx, resourceId, true);
    if (resource?.participant !== participant) throw kernelProblems.unknown();
    if (resource.state === 'retired') throw problems.retired();
    const upload = {
      id,
      participant,
      resource: resource.id,
      fileName,
      bytes,
      received: 0,
      digest: null,
      state: 'open' as const,
      content: null,
      createdAt: tx.now,
      expiresAt: tx.now,
    };
    await insertUpload(tx, upload);
    return readUpload(tx, upload, resource);
  },
});
