/** What is looked at: files as named, those of a folder, and of each whether it is evidence at all. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { claimedFormat, type EvidenceFormat, receiptsLimits } from '@shugu/evidence';
import type { Context } from '../command.ts';
import { Misuse } from '../misuse.ts';
import { evidenceName } from '../trade/folder.ts';

export const fileLimits = { filesMax: 10_000, bytesMax: receiptsLimits.bytesMax } as const;

export type Format = EvidenceFormat;
export type NotEvidence =
  | 'trust'
  | 'empty'
  | 'pdf'
  | 'sheet'
  | 'json'
  | 'text'
  | 'binary'
  | 'large'
  | 'folder'
  | 'special';

/** `bytes` are absent where a file is called evidence and is larger than any can be. */
export type Found =
  | { file: string; format: Format; bytes: Uint8Array | undefined }
  | { file: string; not: NotEvidence };

const words = {
  zh: {
    missing: (name: string) => `${name}：没有这个文件`,
    unreadable: (name: string, code: string) => `${name}：无法读取（${code}）`,
    many: `文件过多：一次最多 ${fileLimits.filesMax} 个`,
  },
  en: {
    missing: (name: string) => `${name}: there is no such file`,
    unreadable: (name: string, code: string) => `${name}: cannot be read (${code})`,
    many: `too many files: at most ${fileLimits.filesMax} at once`,
  },
} as const;

const readable = async <T>(name: string, language: Context['language'], read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new Misuse(code === 'ENOENT' ? words[language].missing(name) : words[language].unreadable(name, code));
  }
};

/** Folders are looked into, not what stands in folders of theirs. Hidden files are left alone there. */
export const listFiles = async (named: readonly string[], { cwd, language }: Context): Promise<string[]> => {
  const files: string[] = [];
  for (const name of named) {
    const path = resolve(cwd, name);
    const isFolder = (await readable(name, language, () => stat(path))).isDirectory();
    const inside = isFolder ? (await readable(name, language, () => readdir(path))).sort() : [];
    if (!isFolder) files.push(path);
    for (const one of inside) if (!one.startsWith('.')) files.push(join(path, one));
    if (files.length > fileLimits.filesMax) throw new Misuse(words[language].many);
  }
  return files;
};

export const look = async (file: string, language: Context['language']): Promise<Found> => {
  const about = await readable(file, language, () => stat(file));
  if (about.isDirectory()) return { file, not: 'folder' };
  if (!about.isFile()) return { file, not: 'special' };
  if (about.size > fileLimits.bytesMax)
    return evidenceName.test(file) ? { file, format: nameFormat(file), bytes: undefined } : { file, not: 'large' };
  const bytes = new Uint8Array(await readable(file, language, () => readFile(file)));
  const format = formatOf(basename(file), bytes);
  return typeof format === 'string' ? { file, format, bytes } : { file, not: format.not };
};

const nameFormat = (name: string): Format => (name.endsWith('.receipts.json') ? 'receipts' : 'bundle');

/** Members that only our evidence has: a damaged file that still shows one of them must not pass for something else. */
const marks = /"(?:format|checkpoint|checkpoints|inclusion|sequencedBy|signatures|acceptedAt)":/;

/**
 * The format that a file claims. Damage must not turn evidence into a file of another kind that nobody checks: whatever is
 * called evidence, or still looks like it, is held to be a bundle and fails as one.
 */
const formatOf = (name: string, bytes: Uint8Array): Format | { not: NotEvidence } => {
  const text = Buffer.from(bytes).toString('utf8');
  const claimed = claimedFormat(text);
  if (claimed) return claimed;
  if (evidenceName.test(name)) return nameFormat(name);
  if (isTrust(text)) return { not: 'trust' };
  if (text.startsWith('{') && marks.test(text)) return 'bundle';
  return { not: otherwise(bytes, text) };
};

const isTrust = (text: string): boolean => {
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format === 'shugu-trust';
  } catch {
    return false;
  }
};

const starts = (bytes: Uint8Array, ...with_: number[]): boolean => with_.every((one, i) => bytes[i] === one);

const otherwise = (bytes: Uint8Array, text: string): NotEvidence => {
  if (bytes.length === 0) return 'empty';
  if (text.startsWith('%PDF-')) return 'pdf';
  if (starts(bytes, 0x50, 0x4b, 3, 4)) return 'sheet';
  if (bytes.includes(0) || text.includes('�')) return 'binary';
  return /^\s*[[{]/.test(text) ? 'json' : 'text';
};
