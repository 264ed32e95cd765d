/**
 * The run as a client of the gateway: it asks for tables and files of the table share by signed addresses, as the buyer's own
 * programs do, so that every byte is decided, counted and recorded there and nowhere else.
 */
import { CallStop, type Grant as Line, type ShareConfig, type ShareTable } from '@shugu/gateway';
import { refusal } from '@shugu/policy';
import { askInside, type InsideRequest, refusedAs } from '../plane/inside.ts';
import type { Plane } from '../plane/plane.ts';
import { lineOf } from '../rules.ts';
import { readManifest } from '../share/manifest.ts';
import { fault, type PushFault, preparing, refusedBy } from './fault.ts';

export interface SourceFile {
  /** Also its digest. */
  sha256: string;
  bytes: number;
  rows: number;
}
export interface SourceTable {
  name: string;
  /** Which cut of the data: another one holds other rows or columns. */
  cut: string;
  fields: ShareTable['fields'];
  files: SourceFile[];
  rows: number;
  bytes: number;
}

export interface Source {
  version: number;
  tables: SourceTable[];
  /** What came and went between version `since` and that of the run, as files with `_change_type`. */
  changes(table: string, since: number): SourceTable;
  /** The use of a table, or of its changes, counted as one call with its rows. @throws PushFault */
  count(table: string, since: number | null): Promise<void>;
  /** The bytes of a file from `from` on. @throws PushFault, also while it is read */
  read(file: SourceFile, from: number, signal: AbortSignal): AsyncGenerator<Uint8Array>;
  /** Throws once nothing more may leave. */
  mayGoOn(): void;
  /** Calls back when that happens; returns the way to stop. */
  onStop(stop: () => void): () => void;
}

const standing = ({ status, plan, validUntil }: Line, now: number): PushFault | null => {
  const over = now >= Math.min(plan.notAfter ?? Number.POSITIVE_INFINITY, validUntil ?? Number.POSITIVE_INFINITY);
  if (status === 'active' && !over) return null;
  return refusedBy(refusedAs(refusal(status === 'active' ? 'expired' : status)));
};

/** `since`: only what versions after it changed. */
const tableFrom = (
  { id: cut, name, fields, versions, files }: ShareTable,
  number: number,
  since?: number,
): SourceTable => {
  const version = versions.find((one) => one.version === number);
  if (!version) throw fault('termsChanged');
  const ids =
    since === undefined
      ? version.files
      : versions.filter((one) => one.version > since && one.version <= number).flatMap(({ changes }) => changes);
  const chosen = ids.map((id) => {
    const { bytes, sha256, stats } = files[id]!;
    return { sha256, bytes, rows: stats.numRecords };
  });
  const sum = (of: (file: SourceFile) => number) => chosen.reduce((total, file) => total + of(file), 0);
  return { name, cut, fields, files: chosen, rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes) };
};

/** `version`: of a run that goes on; else the newest. @throws PushFault */
export const openSource = async (
  plane: Plane,
  { grant, version, purpose, now }: { grant: string; version: number | null; purpose: string | null; now: () => Date },
): Promise<Source> => {
  const id = lineOf(grant, 'share');
  const line = (): Line => {
    const held = plane.book.get(id);
    if (!held) throw refusedBy(refusedAs(refusal('withdrawn')));
    return held;
  };
  const mayGoOn = () => {
    const ended = standing(line(), now().getTime());
    if (ended) throw ended;
  };
  mayGoOn();
  const { manifest: path, share, schema } = line().driver as ShareConfig;
  if (path === null) throw preparing();
  const manifest = await readManifest(path);
  const number = version ?? manifest.tables[0]!.versions.at(-1)!.version;

  const ask = async (
    method: string,
    path: string,
    { headers = {}, ...more }: Pick<InsideRequest, 'asked' | 'headers' | 'body'>,
    stop = new CallStop(),
  ) => {
    const said = { ...(purpose ? { 'x-purpose': purpose } : {}), ...headers };
    const answer = await askInside(plane, { line: id, method, path, headers: said, now: now(), ...more }, stop);
    if (!('refused' in answer)) return answer.body;
    // A file that the share does not list any more: it was cut anew, to other terms.
    if (answer.refused.code === 'notFound') throw fault('termsChanged');
    throw refusedBy(answer.refused);
  };

  return {
    version: number,
    tables: manifest.tables.map((table) => tableFrom(table, number)),
    changes: (name, since) => tableFrom(manifest.tables.find((table) => table.name === name)!, number, since),
    count: async (table, since) => {
      const names = [share, 'schemas', schema, 'tables', table].map(encodeURIComponent).join('/');
      if (since === null) {
        await ask('POST', `shares/${names}/query`, { body: once(JSON.stringify({ version: number })) });
        return;
      }
      const asked = { startingVersion: String(since + 1), endingVersion: String(number) };
      await ask('GET', `shares/${names}/changes`, { asked });
    },
    async *read(file, from, signal) {
      const stop = new CallStop();
      const abort = () => stop.stop(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        const headers = from > 0 ? { range: `bytes=${from}-` } : {};
        const body = await ask('GET', `files/${file.sha256}`, { headers }, stop);
        if (body instanceof Uint8Array) yield body;
        else yield* body;
      } catch (error) {
        // The gateway cuts what runs when a grant ends; its reason is the grant's.
        mayGoOn();
        throw error;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    mayGoOn,
    onStop: (stop) =>
      plane.book.onChange((changed) => {
        if (changed.id === id && changed.status !== 'active') stop();
      }),
  };
};

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
