/**
 * An owner's own keys, made and kept beside its data. The exchange holds the keys that members sign contracts with; these it never has. Two
 * owners who have told each other their fingerprints by another way, and confirm a contract with these keys, need not take its word for
 * who the other is, nor for what was signed.
 */
import { createHash } from 'node:crypto';
import {
  canonicalBytes,
  EvidenceError,
  type Json,
  type PublicJwk,
  publicKeyFromJwk,
  type Signer,
  signInContext,
  verifyInContext,
} from '@shugu/evidence';

interface PartyKeys {
  channelKey: string;
  signingKey: PublicJwk;
}

/** 128 bits of SHA-256 over both public keys, in eight groups of four hexadecimal digits: to be read out over the telephone. */
export const partyFingerprint = ({ channelKey, signingKey }: PartyKeys): string => {
  const named = canonicalBytes({ channelKey, signingKey } as unknown as Json);
  const digest = createHash('sha256').update('shugu party v1\n').update(named).digest('hex').slice(0, 32);
  return digest.match(/.{4}/g)!.join('-');
};

/** As people type it. */
export const sameFingerprint = (typed: string, { channelKey, signingKey }: PartyKeys): boolean =>
  typed.toLowerCase().replaceAll(/[\s-]/g, '-') === partyFingerprint({ channelKey, signingKey });

/** Over the very text of the contract, in base64. */
export const confirmContract = async (document: string, signer: Signer): Promise<string> => {
  const signature = await signInContext(
    signer,
    'computationConfirmation',
    new Uint8Array(Buffer.from(document, 'utf8')),
  );
  return Buffer.from(signature).toString('base64');
};

export const isConfirmed = (document: string, signature: string, key: PublicJwk): boolean => {
  try {
    const bytes = new Uint8Array(Buffer.from(document, 'utf8'));
    const made = new Uint8Array(Buffer.from(signature, 'base64'));
    return verifyInContext(publicKeyFromJwk(key), 'computationConfirmation', bytes, made);
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
};
