import { decodeBase64, encodeBase64 } from './base64.ts';
import { requireCount, TlogError } from './problem.ts';

/** C2SP tlog-checkpoint. `root` has 32 bytes in both suites. Extension lines are opaque, and best left out. */
export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly extensions?: readonly string[];
};

/** The note text that is signed: origin, size and root on a line each. Throws `tlog.checkpoint-malformed`. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root, extensions = [] } = checkpoint;
  requireCount(size, 'tree size');
  const lines = [origin, String(size), encodeBase64(root), ...extensions];
  if (root.length !== 32 || !lines.every(isLine)) {
    throw new TlogError('tlog.checkpoint-malformed', 'a checkpoint is non-empty lines: origin, size, root of 32 bytes');
  }
  return `${lines.join('\n')}\n`;
}

/** Accepts exactly the texts that `formatCheckpoint` makes. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin, size, root, ...rest] = lines;
  const shaped = lines.length >= 4 && lines.at(-1) === '' && lines.slice(0, -1).every(isLine);
  if (!shaped || !/^(?:0|[1-9]\d{0,15})$/.test(size!) || !Number.isSafeInteger(Number(size))) {
    throw new TlogError(
      'tlog.checkpoint-malformed',
      'a checkpoint is non-empty lines: origin, decimal size, base64 root',
    );
  }
  const rootBytes = decodeBase64(root!);
  if (rootBytes.length !== 32) throw new TlogError('tlog.checkpoint-malformed', 'a root hash has 32 bytes');
  const extensions = rest.slice(0, -1);
  return { origin: origin!, size: Number(size), root: rootBytes, ...(extensions.length > 0 ? { extensions } : {}) };
}

function isLine(line: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the note format forbids exactly these
  return line !== '' && line.isWellFormed() && !/[\u0000-\u001f]/.test(line);
}
