/** Files marked for one buyer: which can be, and asking for them. */
import { open } from 'node:fs/promises';
import type { Watermark } from '@shugu/policy';
import { donorsMin } from '@shugu/watermark';
import type { Text } from '@shugu/wire';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { enqueue } from '../../kernel/jobs.ts';
import { type Form, formBytes, formOf } from '../copies/form.ts';
import type { DeliverableFile, DeliverableVersion, Endpoint, FileCopy, Grant } from '../model.ts';
import { problems } from '../problems.ts';
import { copiesOfVersions, endpointsOf, openGrantsOfVersion } from '../reads.ts';
import { copyFor, filesOf, markOf, tableOfFile } from '../rules.ts';
import * as store from '../store.ts';
import type { ServiceDeps } from './deps.ts';

export const copyJob = 'delivery.fileCopy';

/** A fault in the words of its file. */
export const about = (file: string, { zh, en }: Text): Text => ({
  zh: `文件“${file}”${zh}`,
  en: `The file ${file} ${en}`,
});

const startOf = async (path: string): Promise<Buffer> => {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(formBytes), 0, formBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};

type Markable = { table: DeliverableVersion['tables'][number]; form: Form };

/** How a file can be marked, or why not. Whether its values fit the dictionary is found out when the copy is made. */
export const markable = async (
  deps: Pick<ServiceDeps, 'localPath'>,
  version: DeliverableVersion,
  digest: string,
  { altered, syntheticRows }: Watermark,
): Promise<Markable | Text> => {
  const table = tableOfFile(version, digest);
  if (!table || table.columns.length === 0)
    return { zh: '没有数据字典，不能加注水印', en: 'has no dictionary and cannot be marked' };
  const names = table.columns.map(({ name }) => name);
  const isAltered = names.some((name) => Object.hasOwn(altered, name));
  if (!isAltered && syntheticRows === 0)
    return { zh: '不含水印改动的字段', en: 'holds none of the columns that the watermark alters' };
  if (!isAltered && table.rowCount !== null && table.rowCount < donorsMin)
    return { zh: '行数过少，无法掺入合成行', en: 'has too few rows to make up others' };
  const form = formOf(await startOf(await deps.localPath(digest)), names);
  return 'kind' in form ? { table, form } : form;
};

const servedFiles = (version: DeliverableVersion, endpoint: Endpoint | undefined): DeliverableFile[] => {
  if (endpoint?.config?.kind === 'file') return endpoint.config.files;
  const files = filesOf({ kind: 'file', files: [] }, version);
  return files instanceof Error ? [] : files;
};

/** Why files of a version, as they are or would be delivered, cannot be marked so; empty: they can. */
export const unmarkable = async (
  deps: ServiceDeps,
  read: Reader,
  versionId: string,
  watermark: Watermark,
): Promise<Text[]> => {
  const version = await deps.version(read, versionId);
  if (!version) return [];
  const endpoint = (await endpointsOf(read, versionId)).find(({ kind }) => kind === 'file');
  return faultsOf(deps, version, servedFiles(version, endpoint), watermark);
};

const faultsOf = async (
  deps: ServiceDeps,
  version: DeliverableVersion,
  files: readonly DeliverableFile[],
  watermark: Watermark,
): Promise<Text[]> => {
  const faults: Text[] = [];
  for (const { name, digest } of files) {
    const found = await markable(deps, version, digest, watermark);
    if (!('form' in found)) faults.push(about(name, found));
  }
  return faults;
};

/** Before other files are served in their place: contracts in force must be able to go on. @throws delivery.notMarkable */
export const checkMarkable = async (
  deps: ServiceDeps,
  tx: Tx,
  version: DeliverableVersion,
  files: readonly DeliverableFile[],
): Promise<void> => {
  const marks = new Map<string, Watermark>();
  for (const grant of await openGrantsOfVersion(tx, version.id)) {
    const mark = markOf(grant);
    if (mark && grant.kinds.includes('file')) marks.set(mark.text, mark.watermark);
  }
  for (const watermark of marks.values()) {
    const [fault] = await faultsOf(deps, version, files, watermark);
    if (fault) throw problems.notMarkable({ field: 'body.endpoints.files', detail: fault });
  }
};

/** Sees to it that every file of a marked grant has its copy. */
export const askForCopies = async (deps: ServiceDeps, tx: Tx, grant: Grant): Promise<void> => {
  const mark = markOf(grant);
  if (!mark || !grant.kinds.includes('file')) return;
  const endpoint = (await endpointsOf(tx, grant.version)).find(({ kind }) => kind === 'file');
  const version = endpoint && (await deps.version(tx, grant.version));
  if (endpoint?.config?.kind !== 'file' || !version) return;
  const held = await copiesOfVersions(tx, [grant.version]);
  for (const { digest: source } of endpoint.config.files) {
    const made = copyFor(grant, { digest: source }, held);
    if (made?.state === 'removed') await store.setCopyGone(tx, made.id, await enqueueCopy(tx, made, grant.productName));
    if (made) continue;
    const table = tableOfFile(version, source)?.name ?? '';
    const { copy, text, watermark } = mark;
    const { version: versionId, supplier: participant, productName } = grant;
    const id = newId('fcp', tx.now);
    const job = await enqueueCopy(tx, { id, participant }, productName);
    await store.insertCopy(tx, {
      id,
      participant,
      version: versionId,
      copy,
      table,
      source,
      watermark,
      mark: text,
      job,
    });
  }
};

export const enqueueCopy = async (
  tx: Tx,
  { id, participant }: Pick<FileCopy, 'id' | 'participant'>,
  name: string,
): Promise<string | null> =>
  (await enqueue(tx, {
    kind: copyJob,
    title: { zh: `为合同制作带水印的文件：${name}`, en: `Make the marked file of ${name} for a contract` },
    data: { copy: id },
    participant,
  })) ?? null;
