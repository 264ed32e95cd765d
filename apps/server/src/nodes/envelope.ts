/** Words between nodes: canonical JSON, signed under the log's key in a context of its own, read only once the signature holds. */
import {
  canonicalBytes,
  digestText,
  EvidenceError,
  type PublicKey,
  parseCanonical,
  type Signer,
  signInContext,
  verifyInContext,
} from '@shugu/evidence';
import type { envelope } from '@shugu/wire/nodes';
import type { z } from 'zod';
import { problems } from './problems.ts';

export type Envelope = z.output<typeof envelope>;

export const sealWords = async (signer: Signer, words: object): Promise<Envelope> => {
  const bytes = canonicalBytes(words);
  return {
    keyId: signer.keyId,
    payload: Buffer.from(bytes).toString('utf8'),
    signature: Buffer.from(await signInContext(signer, 'message', bytes)).toString('base64'),
  };
};

const signatureHolds = (key: PublicKey, sent: Envelope): boolean =>
  sent.keyId === key.keyId &&
  verifyInContext(key, 'message', Buffer.from(sent.payload, 'utf8'), Buffer.from(sent.signature, 'base64'));

/** What was said, in its form. Throws `nodes.signatureInvalid`, `nodes.messageInvalid`. */
export const openWords = <T extends z.ZodType>(key: PublicKey, sent: Envelope, shape: T): z.output<T> => {
  if (!signatureHolds(key, sent)) throw problems.signatureInvalid();
  return readWords(sent, shape);
};

/** Not yet believed: the key that must have signed it stands within. */
export const readWords = <T extends z.ZodType>(sent: Envelope, shape: T): z.output<T> => {
  try {
    const parsed = shape.safeParse(parseCanonical(Buffer.from(sent.payload, 'utf8')));
    if (parsed.success) return parsed.data;
    const [fault] = parsed.error.issues;
    throw problems.messageInvalid({ detail: `${fault?.path.join('.') ?? ''}: ${fault?.message ?? ''}` });
  } catch (error) {
    if (error instanceof EvidenceError) throw problems.messageInvalid({ detail: error.message });
    throw error;
  }
};

export const digestOf = (suite: Parameters<typeof digestText>[0], words: unknown): string =>
  digestText(suite, canonicalBytes(words));
export const payloadDigest = (suite: Parameters<typeof digestText>[0], sent: Envelope): string =>
  digestText(suite, Buffer.from(sent.payload, 'utf8'));
