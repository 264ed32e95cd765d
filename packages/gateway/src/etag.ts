/** Entity tags (RFC 9110, 8.8.3 and 13.1.2). */
import { createHash } from 'node:crypto';

/** A strong tag of what is made of this text alone. */
export const tagOf = (text: string): string => `"${createHash('sha256').update(text).digest('base64url')}"`;

/** Whether header `If-None-Match` names it, compared weakly. */
export const isKnown = (header: string | undefined, tag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag));
