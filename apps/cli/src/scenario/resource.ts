/** A data resource: described, uploaded in parts, read and profiled by the platform. */
import { createHash } from 'node:crypto';
import type { CallInput, CallOutput } from '@shugu/wire';
import * as registryWire from '@shugu/wire/registry';
import type { Stage } from './stage.ts';

export type ResourceFields = CallInput<typeof registryWire.createResource>['body'];
export type Resource = CallOutput<typeof registryWire.getResource>;

export interface DataFile {
  name: string;
  bytes: Buffer;
}

/** Sends in two parts, so that a resumable upload is what is used. */
export const upload = async (stage: Stage, login: string, resource: string, file: DataFile): Promise<void> => {
  const client = await stage.as(login);
  const digest = `sha256:${createHash('sha256').update(file.bytes).digest('hex')}`;
  const opened = await client.call(registryWire.startUpload, {
    body: { resource, fileName: file.name, bytes: file.bytes.length, digest },
  });
  const half = Math.ceil(file.bytes.length / 2);
  for (const [from, until] of [
    [0, half],
    [half, file.bytes.length],
  ] as const) {
    if (from === until) continue;
    await client.raw(
      registryWire.putPart,
      { params: { id: opened.id, offset: from } },
      { rawBody: file.bytes.subarray(from, until), headers: { 'content-type': 'application/octet-stream' } },
    );
  }
  await client.call(registryWire.completeUpload, { params: { id: opened.id }, body: {} });
};

const waitMilliseconds = 100;
/** Two batches of commitments at their ordinary rhythm: papers that are not public wait for the next one. */
const waitsMax = 1200;

/** Waits until `look` gives something; everything that a person would wait for on a page. */
export const until = async <T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> => {
  for (let waits = 0; waits < waitsMax; waits++) {
    const found = await look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, waitMilliseconds));
  }
  throw new Error(`waited in vain for ${what}`);
};

export const bringResource = async (
  stage: Stage,
  login: string,
  fields: ResourceFields,
  file: DataFile,
): Promise<Resource> => {
  const client = await stage.as(login);
  const made = await client.call(registryWire.createResource, { body: fields });
  await upload(stage, login, made.id, file);
  return until(`${fields.name} to be read`, async () => {
    const seen = await client.call(registryWire.getResource, { params: { id: made.id } });
    if (seen.content?.state === 'faulty') throw new Error(`${fields.name}: ${JSON.stringify(seen.content.fault)}`);
    return seen.state === 'profiled' && seen;
  });
};
