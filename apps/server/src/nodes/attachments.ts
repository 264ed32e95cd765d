/** Attachments of an application: what may be one, decided of its bytes. */
import { createHash } from 'node:crypto';
import { applicationLimits, type attachmentTypes } from '@shugu/wire/nodes-application';
import { problems } from './problems.ts';

type MediaType = (typeof attachmentTypes)[number];

const begins = (content: Uint8Array, ...starts: readonly (string | readonly number[])[]): boolean =>
  starts.some((start) => {
    const wanted = typeof start === 'string' ? [...Buffer.from(start)] : start;
    return wanted.every((byte, place) => content[place] === byte);
  });

const isText = (content: Uint8Array): boolean => {
  if (content.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content);
    return true;
  } catch {
    return false;
  }
};

const isJson = (content: Uint8Array): boolean => {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
    return true;
  } catch {
    return false;
  }
};

/** By what each kind of file begins with; texts are UTF-8. What is inside is the reviewer's to judge. */
const fits: Record<MediaType, (content: Uint8Array) => boolean> = {
  'application/pdf': (content) => begins(content, '%PDF-'),
  'image/png': (content) => begins(content, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  'image/jpeg': (content) => begins(content, [0xff, 0xd8, 0xff]),
  'application/zip': (content) => begins(content, 'PK\u0003\u0004'),
  'application/json': isJson,
  'application/xml': (content) => isText(content) && begins(content, '<', [0xef, 0xbb, 0xbf, 0x3c]),
  'text/plain': isText,
};

export const sha256Of = (content: Uint8Array): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** @throws nodes.attachmentUnfit */
export const requireType = (content: Uint8Array, mediaType: MediaType, field: string): void => {
  if (content.length === 0 || !fits[mediaType](content)) throw problems.attachmentUnfit({ field, detail: mediaType });
};

/**
 * All of an upload, in bytes; refused before it is read where more is announced, and when more has come.
 * @throws nodes.attachmentTooLarge
 */
export const readUpload = async (
  stream: AsyncIterable<Uint8Array>,
  announced: string | undefined,
  bytesMax: number = applicationLimits.attachmentBytesMax,
): Promise<Buffer> => {
  const tooLarge = () => problems.attachmentTooLarge({ detail: String(bytesMax) });
  if (Number(announced ?? 0) > bytesMax) throw tooLarge();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.length;
    if (bytes > bytesMax) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
};
