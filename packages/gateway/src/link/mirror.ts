import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locate } from '../drivers/locate.ts';
import { syncFolder } from '../durable.ts';
import { GatewayProblem } from '../problem.ts';
import type { LinkCalls } from './calls.ts';

export type MirrorOptions = {
  folder: string;
  calls: Pick<LinkCalls, 'download'>;
  /** The exchange's folders are not read, even where they can be. */
  isAway: boolean;
  note(event: string, more?: Record<string, unknown>): void;
};

export const MIRROR_LIMITS = {
  /** At once; who comes beyond is told to ask again. */
  comingMax: 4,
  /** After a failure, before the next try. */
  pauseMs: 2000,
} as const;

/**
 * What lines read, at a gateway that cannot see the exchange's disk: copies under names of their own, brought when first asked for,
 * proven by digest, and removed when no line names them any more. Contents never change under one path, so a copy is good for ever.
 */
export class Mirror {
  private readonly options: MirrorOptions;
  private readonly placed = new Map<string, string>();
  private readonly coming = new Map<string, Promise<void>>();
  private readonly failed = new Map<string, number>();
  private readonly leaving = new AbortController();

  private constructor(options: MirrorOptions) {
    this.options = options;
  }

  static async open(options: MirrorOptions): Promise<Mirror> {
    await mkdir(options.folder, { recursive: true });
    for (const name of await readdir(options.folder))
      if (name.endsWith('.part')) await rm(join(options.folder, name), { force: true });
    return new Mirror(options);
  }

  readonly locate: Locate = (path) => {
    const known = this.placed.get(path) ?? this.find(path);
    if (known !== undefined) return known;
    if (!this.coming.has(path)) this.bring(path);
    throw new GatewayProblem('preparing', { headers: { 'retry-after': '2' } });
  };

  /** Path of a copy that is here already, or of the exchange's own file; undefined when neither is. */
  find(path: string): string | undefined {
    const copy = this.copyOf(path);
    const found = !this.options.isAway && existsSync(path) ? path : existsSync(copy) ? copy : undefined;
    if (found !== undefined) this.placed.set(path, found);
    return found;
  }

  get comingCount(): number {
    return this.coming.size;
  }

  /** Removes every copy of which no line makes use. */
  async keep(paths: ReadonlySet<string>): Promise<void> {
    const names = new Set([...paths].map(nameOf));
    for (const path of this.placed.keys()) if (!paths.has(path)) this.placed.delete(path);
    for (const name of await readdir(this.options.folder))
      if (!names.has(name.replace(/\.part$/, ''))) await rm(join(this.options.folder, name), { force: true });
  }

  async close(): Promise<void> {
    this.leaving.abort();
    await Promise.allSettled(this.coming.values());
  }

  private copyOf(path: string): string {
    return join(this.options.folder, nameOf(path));
  }

  private bring(path: string): void {
    if (this.coming.size >= MIRROR_LIMITS.comingMax || (this.failed.get(path) ?? 0) > performance.now()) return;
    const brought = this.download(path).then(
      () => void this.failed.delete(path),
      (error: Error) => {
        this.failed.set(path, performance.now() + MIRROR_LIMITS.pauseMs);
        this.options.note('content.failed', { reason: error.message });
      },
    );
    this.coming.set(
      path,
      brought.finally(() => this.coming.delete(path)),
    );
  }

  private async download(path: string): Promise<void> {
    const { body, digest, bytes } = await this.options.calls.download(path, this.leaving.signal);
    const copy = this.copyOf(path);
    const part = `${copy}.part`;
    const hash = createHash('sha256');
    let received = 0;
    const handle = await open(part, 'w', 0o600);
    try {
      for await (const piece of body) {
        hash.update(piece);
        received += piece.length;
        await handle.write(piece);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (received !== bytes || `sha-256=:${hash.digest('base64')}:` !== digest) {
      await rm(part, { force: true });
      throw new Error('what came is not what the exchange sent');
    }
    await rename(part, copy);
    await syncFolder(this.options.folder);
    this.options.note('content.brought', { bytes });
  }
}

function nameOf(path: string): string {
  return createHash('sha256').update(path).digest('hex');
}
