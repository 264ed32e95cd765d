/** The folder a trade leaves: papers as PDF and bundle, data, receipts, books, the trust file. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@shugu/wire';
import * as kernelWire from '@shugu/wire/kernel';
import { until } from '../scenario/resource.ts';

/** Files that prove something by themselves. */
export const evidenceName = /\.(bundle|receipts)\.json$/;

export interface TradeFile {
  kind: string;
  path: string;
}

export interface Folder {
  path: string;
  files: TradeFile[];
  write(kind: string, name: string, content: Uint8Array | string): Promise<string>;
  /** Fetches a paper's bundle and PDF once the log holds it. Returns the bundle's path. */
  paper(client: Client, id: string, kind: string): Promise<string>;
}

export const makeFolder = (path: string): Folder => {
  const files: TradeFile[] = [];
  const write: Folder['write'] = async (kind, name, content) => {
    const target = join(path, name);
    await writeFile(target, content);
    files.push({ kind, path: target });
    return target;
  };
  return {
    path,
    files,
    write,
    paper: async (client, id, kind) => {
      const ready = await until(`the paper ${kind}`, async () => {
        const seen = await client.call(kernelWire.paperRead, { params: { id } });
        return seen.ready && seen;
      });
      const bytes = async (part: typeof kernelWire.paperBundle) =>
        Buffer.from(await (await client.raw(part, { params: { id } })).arrayBuffer());
      await write(`${kind}.pdf`, `${kind}-${ready.number}.pdf`, await bytes(kernelWire.paperPdf));
      return write(kind, `${kind}-${ready.number}.bundle.json`, await bytes(kernelWire.paperBundle));
    },
  };
};
