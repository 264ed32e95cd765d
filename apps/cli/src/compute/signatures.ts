/** Whether every owner has signed the very text of a contract, before anything of this party's data is read for it. */
import { EvidenceError, parseTrust, publicKeyFromJwk, type Trust, verifyInContext } from '@shugu/evidence';
import { ownersOf } from '@shugu/private-compute';
import type { CallOutput, Client } from '@shugu/wire';
import type { getComputation } from '@shugu/wire/compute';
import { trust as trustEndpoint } from '@shugu/wire/kernel';

type Shown = Pick<CallOutput<typeof getComputation>, 'document' | 'signatures'>;

/** Whose keys the exchange says there are; a file that came over another channel says more. */
export const trustOf = async (client: Client): Promise<Trust> => {
  const told = await client.raw(trustEndpoint, {});
  return parseTrust(new Uint8Array(await told.arrayBuffer()));
};

/** By a key that the trust names as this owner's, over these bytes, in the context of agreements. */
export const holds = (
  { by, keyId, publicKey, signature }: Shown['signatures'][number],
  bytes: Uint8Array,
  trust: Trust,
) => {
  try {
    const key = publicKeyFromJwk(publicKey);
    const known = trust.keys?.some((one) => one.keyId === keyId && one.holder === by.name);
    const made = new Uint8Array(Buffer.from(signature, 'base64'));
    return known === true && key.keyId === keyId && verifyInContext(key, 'agreement', bytes, made);
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
};

export const signedByAll = (
  { document, signatures }: Shown,
  terms: { dataSets: readonly { owner: string }[] },
  trust: Trust,
): boolean => {
  const bytes = new Uint8Array(Buffer.from(document, 'utf8'));
  return ownersOf(terms).every((owner) => signatures.some((one) => one.by.id === owner && holds(one, bytes, trust)));
};
