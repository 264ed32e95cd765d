import { constants, type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeDurably } from './durable.ts';
import { GatewayProblem } from './problem.ts';
import {
  describeSegment,
  encodeHeader,
  frameRoom,
  readSegment,
  recordText,
  type SegmentEntry,
  type SegmentManifest,
  type Signer,
  signManifest,
  type Use,
  writeFrame,
} from './segment.ts';

export type MeterOptions = {
  /** Id of this gateway as a source of records; one writer per source, for ever. */
  source: string;
  /** Folder of write-ahead files, and folder where sealed segments go. */
  folder: string;
  objectFolder: string;
  signer: Signer;
  /** ms since the epoch. */
  clock: () => number;
  /** Shortest time from one shared fsync to the next. Who comes alone waits for nobody, and nobody waits after him. */
  windowMs?: number;
  sealBytes?: number;
  sealMs?: number;
  /** Replaced in tests to see what a power cut would leave. */
  sync?: (handle: FileHandle, path: string) => Promise<void>;
  /**
   * For tests only, to show that the crash suites turn red: `noFsync` writes without syncing, `answerBeforeAppend`
   * acknowledges a record before it is written.
   */
  testOnlySabotage?: 'noFsync' | 'answerBeforeAppend';
};

export type SealedSegment = { manifest: SegmentManifest; read(): Promise<Buffer> };

type Pending = {
  sequence: number;
  resolve: (sequence: number) => void;
  reject: (error: unknown) => void;
};
type OpenFile = {
  handle: FileHandle;
  path: string;
  segment: number;
  firstSequence: number;
  bytes: number;
  openedAt: number;
};

export const METER_DEFAULTS = {
  windowMs: 5,
  sealBytes: 16 * 2 ** 20,
  sealMs: 60_000,
  healPauseMs: 1000,
  owedMax: 10_000,
} as const;

const walName = (segment: number) => `${String(segment).padStart(10, '0')}.wal`;
const objectName = (segment: number) => String(segment).padStart(10, '0');

/**
 * Open the meter of one source: recover what a crash left (torn tails are cut and kept aside in `*.cut`), finish sealing
 * what was closed, and continue the sequence. Throws when segments do not join up: then a person must look.
 */
export async function openMeter(options: MeterOptions): Promise<Meter> {
  const objects = join(options.objectFolder, options.source);
  await mkdir(options.folder, { recursive: true });
  await mkdir(objects, { recursive: true });
  const manifests = await readManifests(objects);
  const last = manifests.at(-1);
  const meter = new Meter(options, objects, last?.digest ?? null);
  await meter.recover(last?.segment ?? 0, last?.lastSequence ?? 0);
  return meter;
}

/** Sealed segments of a source, in order, that hold records after `sequence`. For the importer. */
export async function* segmentsSince(
  objectFolder: string,
  source: string,
  sequence: number,
): AsyncGenerator<SealedSegment> {
  const folder = join(objectFolder, source);
  for (const manifest of await readManifests(folder)) {
    if (manifest.lastSequence > sequence)
      yield { manifest, read: () => readFile(join(folder, `${objectName(manifest.segment)}.seg`)) };
  }
}

/** One sealed segment; null when there is none of this number yet. */
export async function sealedSegment(
  objectFolder: string,
  source: string,
  segment: number,
): Promise<{ manifest: SegmentManifest; bytes: Buffer } | null> {
  const path = join(objectFolder, source, objectName(segment));
  try {
    const manifest = JSON.parse(await readFile(`${path}.json`, 'utf8')) as SegmentManifest;
    return { manifest, bytes: await readFile(`${path}.seg`) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function readManifests(folder: string): Promise<SegmentManifest[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{10}\.json$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as SegmentManifest),
  );
}

export class Meter {
  readonly source: string;
  private readonly options: MeterOptions;
  private readonly objects: string;
  private previousDigest: string | null;
  private file: OpenFile | null = null;
  private nextSequence = 1;
  private durableSequence = 0;
  private pending: Pending[] = [];
  /** Frames of what is pending, one after another; the other buffer is being written, or waits for its turn. */
  private frames: Buffer = Buffer.allocUnsafeSlow(FRAMES_BYTES);
  private framesBytes = 0;
  private spare: Buffer | null = null;
  private owed: Use[] = [];
  private closedFiles: { path: string; segment: number }[] = [];
  private timer: NodeJS.Timeout | null = null;
  private sealTimer: NodeJS.Timeout | null = null;
  private writing: Promise<unknown> = Promise.resolve();
  private sealing: Promise<unknown> = Promise.resolve();
  private failure: unknown = null;
  private healAfter = 0;
  private closed = false;

  constructor(options: MeterOptions, objects: string, previousDigest: string | null) {
    this.source = options.source;
    this.options = options;
    this.objects = objects;
    this.previousDigest = previousDigest;
  }

  /** Last sequence that is on disk for good. */
  get lastSequence(): number {
    return this.durableSequence;
  }

  /** Number of the segment that is being written; those before it are closed, sealed or about to be. */
  get openSegment(): number {
    return this.file?.segment ?? 0;
  }

  /** Whether records can be written now, as far as is known. */
  get isReady(): boolean {
    return !this.closed && this.failure === null;
  }

  /** Reject unless records can be written now; asked before anything is served. */
  async ready(): Promise<void> {
    if (this.closed) throw new GatewayProblem('meteringUnavailable');
    if (this.failure !== null) await this.exclusive(() => this.heal());
    if (this.failure !== null) throw new GatewayProblem('meteringUnavailable', { cause: this.failure });
  }

  /**
   * Append one use; resolves with its sequence when it is durable. Rejects with `meteringUnavailable`; the use is then not
   * recorded.
   */
  append(use: Use): Promise<number> {
    if (!this.isReady) return this.ready().then(() => this.append(use));
    return new Promise((resolve, reject) => {
      const sequence = this.nextSequence;
      this.frame(sequence, use);
      this.nextSequence += 1;
      this.pending.push({ sequence, resolve, reject });
      if (this.timer === null) this.openWindow();
      if (this.options.testOnlySabotage === 'answerBeforeAppend') resolve(sequence);
    });
  }

  private frame(sequence: number, use: Use): void {
    const payload = recordText(this.source, sequence, use);
    const needed = this.framesBytes + frameRoom(payload);
    if (needed > this.frames.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.frames.length));
      this.frames.copy(larger, 0, 0, this.framesBytes);
      this.frames = larger;
    }
    this.framesBytes = writeFrame(this.frames, this.framesBytes, sequence, payload);
  }

  /** What has been framed so far; what comes next goes elsewhere. */
  private takeFrames(): Buffer {
    const taken = this.frames.subarray(0, this.framesBytes);
    this.framesBytes = 0;
    this.frames = this.spare ?? Buffer.allocUnsafeSlow(FRAMES_BYTES);
    this.spare = null;
    return taken;
  }

  private giveBack(frames: Buffer): void {
    if (frames.buffer.byteLength <= FRAMES_KEPT_BYTES) this.spare = Buffer.from(frames.buffer);
  }

  /** Keep a use whose bytes have left but whose record could not be written; it is written first after healing. */
  owe(use: Use): void {
    // Half of the room is kept for what was handed out.
    const room = use.status === 'failed' ? METER_DEFAULTS.owedMax / 2 : METER_DEFAULTS.owedMax;
    if (this.owed.length < room) this.owed.push(use);
  }

  /** Close the open segment and seal it; the manifest, or null when there was nothing to seal. */
  async rotate(): Promise<SegmentManifest | null> {
    await this.exclusive(async () => {
      await this.flush();
      await this.turn();
    });
    return this.seal();
  }

  /** Durable records after `sequence` that are not in a sealed segment yet. */
  async openTail(sequence: number): Promise<SegmentEntry[]> {
    // Neither may a file be sealed away meanwhile, nor one be turned.
    return this.whileNotSealing(() => this.exclusive(() => this.readTail(sequence)));
  }

  private async readTail(sequence: number): Promise<SegmentEntry[]> {
    const paths = [...this.closedFiles.map(({ path }) => path), ...(this.file ? [this.file.path] : [])];
    const contents = await Promise.all(paths.map(async (path) => readSegment(await readFile(path))?.entries ?? []));
    return contents.flat().filter((entry) => entry.sequence > sequence && entry.sequence <= this.durableSequence);
  }

  /** Write what waits, seal, and release the files. */
  async close(): Promise<void> {
    if (this.closed) return;
    if (this.sealTimer) clearInterval(this.sealTimer);
    await this.rotate().catch(() => null);
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    await this.file?.handle.close();
    this.file = null;
  }

  async recover(lastSealed: number, lastSealedSequence: number): Promise<void> {
    const names = (await readdir(this.options.folder)).filter((name) => /^\d{10}\.wal$/.test(name)).sort();
    let segment = lastSealed;
    let sequence = lastSealedSequence;
    for (const name of names) {
      const path = join(this.options.folder, name);
      // Sealed, but the crash came before the write-ahead file was deleted.
      if (Number(name.slice(0, 10)) <= lastSealed) {
        await rm(path);
        continue;
      }
      const content = await this.recoverFile(path);
      if (!content) continue;
      if (content.header.firstSequence !== sequence + 1 || content.header.source !== this.source) {
        throw new Error(`segments of ${this.source} do not join up at ${name}`);
      }
      segment = content.header.segment;
      sequence += content.entries.length;
      this.closedFiles.push({ path, segment });
    }
    this.durableSequence = sequence;
    this.nextSequence = sequence + 1;
    await this.sealClosed();
    await this.openFile(segment + 1);
    this.sealTimer = setInterval(
      () => void this.sealByAge(),
      Math.max(100, (this.options.sealMs ?? METER_DEFAULTS.sealMs) / 4),
    );
    this.sealTimer.unref();
  }

  /** Cut a torn tail and make the rest durable; a file without one whole record is dropped. */
  private async recoverFile(path: string): Promise<ReturnType<typeof readSegment>> {
    const bytes = await readFile(path);
    const content = readSegment(bytes);
    const valid = content && content.entries.length > 0 ? content.bytes : 0;
    if (valid < bytes.length && content?.bytes !== bytes.length)
      await writeDurably(`${path}.${this.options.clock()}.cut`, bytes.subarray(content?.bytes ?? 0));
    if (valid === 0) {
      await rm(path);
      return null;
    }
    const handle = await open(path, 'r+');
    try {
      await handle.truncate(valid);
      await this.sync(handle, path);
    } finally {
      await handle.close();
    }
    return content;
  }

  /**
   * With O_DSYNC a write is durable when it returns, as after fdatasync, and costs one way to the disk's thread instead of
   * two. Elsewhere than on Linux the flag is missing or promises less.
   */
  private get writesDurably(): boolean {
    return process.platform === 'linux' && this.options.testOnlySabotage !== 'noFsync' && !this.options.sync;
  }

  private async sync(handle: FileHandle, path: string): Promise<void> {
    if (this.options.testOnlySabotage === 'noFsync') return;
    if (this.options.sync) await this.options.sync(handle, path);
    else await handle.datasync();
  }

  private async openFile(segment: number): Promise<void> {
    const path = join(this.options.folder, walName(segment));
    const header = encodeHeader({ source: this.source, segment, firstSequence: this.durableSequence + 1 });
    const { O_CREAT, O_DSYNC, O_RDWR, O_TRUNC } = constants;
    const handle = await open(path, O_RDWR | O_CREAT | O_TRUNC | (this.writesDurably ? O_DSYNC : 0), 0o600);
    try {
      await writeFully(handle, header, 0);
      if (!this.writesDurably) await this.sync(handle, path);
      await syncFolder(this.options.folder);
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.file = {
      handle,
      path,
      segment,
      firstSequence: this.durableSequence + 1,
      bytes: header.length,
      openedAt: this.options.clock(),
    };
  }

  /** Flush, turn and heal run one after another, never beside each other. */
  private exclusive<Result>(step: () => Promise<Result>): Promise<Result> {
    const next = this.writing.then(step, step);
    this.writing = next.catch(() => undefined);
    return next;
  }

  /** Sealing runs beside flushes: a use must not wait for a whole segment to be hashed and copied. */
  private whileNotSealing<Result>(step: () => Promise<Result>): Promise<Result> {
    const next = this.sealing.then(step, step);
    this.sealing = next.catch(() => undefined);
    return next;
  }

  private seal(): Promise<SegmentManifest | null> {
    return this.whileNotSealing(() => this.sealClosed());
  }

  /** Write what waits, at the end of this turn, and let what comes then gather until the window closes. */
  private openWindow(): void {
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.pending.length > 0) this.openWindow();
    }, this.options.windowMs ?? METER_DEFAULTS.windowMs);
    setImmediate(() => this.flushSoon());
  }

  /** Whoever came alone was nobody's company: the next need not wait for any. */
  private closeWindow(): void {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    if (this.pending.length > 0) this.openWindow();
  }

  private flushSoon(): void {
    void this.exclusive(async () => {
      await this.flush();
      if (this.file && this.file.bytes >= (this.options.sealBytes ?? METER_DEFAULTS.sealBytes)) {
        await this.turn();
        this.seal().catch(() => undefined);
      }
    }).catch(() => undefined);
  }

  private async flush(): Promise<void> {
    const batch = this.pending;
    const { file } = this;
    if (batch.length === 0 || !file) return;
    this.pending = [];
    const bytes = this.takeFrames();
    try {
      await writeFully(file.handle, bytes, file.bytes);
      if (!this.writesDurably) await this.sync(file.handle, file.path);
    } catch (error) {
      // Best effort at once, again when healing: a crash in between must not count uses whose answers were refused.
      await file.handle.truncate(file.bytes).catch(() => undefined);
      this.fail(error, batch);
      return;
    }
    this.giveBack(bytes);
    file.bytes += bytes.length;
    this.durableSequence += batch.length;
    for (const { resolve, sequence } of batch) resolve(sequence);
    if (batch.length === 1) this.closeWindow();
  }

  /** Nothing of the batch counts as written; sequences start again after the last durable one. */
  private fail(error: unknown, batch: readonly Pending[]): void {
    const lost = [...batch, ...this.pending];
    this.pending = [];
    this.framesBytes = 0;
    this.nextSequence = this.durableSequence + 1;
    this.failure = error;
    for (const { reject } of lost) reject(new GatewayProblem('meteringUnavailable', { cause: error }));
  }

  /** Cut what the failed write left, prove that there is room again, then write what is owed. */
  private async heal(): Promise<void> {
    const now = this.options.clock();
    const { file } = this;
    if (this.failure === null || now < this.healAfter || !file) return;
    this.healAfter = now + METER_DEFAULTS.healPauseMs;
    try {
      await file.handle.truncate(file.bytes);
      await writeFully(file.handle, Buffer.alloc(PROBE_BYTES), file.bytes);
      await this.sync(file.handle, file.path);
      await file.handle.truncate(file.bytes);
      await this.sync(file.handle, file.path);
    } catch (error) {
      this.failure = error;
      return;
    }
    this.failure = null;
    const owed = this.owed;
    this.owed = [];
    for (const use of owed) this.append(use).catch(() => this.owe(use));
  }

  private async sealByAge(): Promise<void> {
    const { file } = this;
    const age = file ? this.options.clock() - file.openedAt : 0;
    const due =
      file && this.durableSequence >= file.firstSequence && age >= (this.options.sealMs ?? METER_DEFAULTS.sealMs);
    if (due || this.closedFiles.length > 0) await (due ? this.rotate() : this.seal()).catch(() => null);
  }

  /** Start the next write-ahead file; the old one waits to be sealed. */
  private async turn(): Promise<void> {
    const old = this.file;
    if (!old || this.durableSequence < old.firstSequence || this.failure !== null) return;
    await this.openFile(old.segment + 1);
    await old.handle.close();
    this.closedFiles.push({ path: old.path, segment: old.segment });
  }

  /** Segment first, manifest second, write-ahead file last: whatever a crash leaves can be finished from the file. */
  private async sealClosed(): Promise<SegmentManifest | null> {
    let sealed: SegmentManifest | null = null;
    for (let next = this.closedFiles[0]; next; next = this.closedFiles[0]) {
      const bytes = await readFile(next.path);
      const described = await describeSegment(bytes, this.options.clock(), this.previousDigest);
      if (!described) throw new Error(`write-ahead file ${next.path} is damaged`);
      sealed = await signManifest(described, this.options.signer);
      await writeDurably(join(this.objects, `${objectName(next.segment)}.seg`), bytes);
      await writeDurably(join(this.objects, `${objectName(next.segment)}.json`), JSON.stringify(sealed));
      this.previousDigest = sealed.digest;
      this.closedFiles.shift();
      await rm(next.path);
    }
    return sealed;
  }
}

const PROBE_BYTES = 65_536;
const FRAMES_BYTES = 65_536;
/** A buffer that grew beyond this under a flood is let go. */
const FRAMES_KEPT_BYTES = 2 ** 20;

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
