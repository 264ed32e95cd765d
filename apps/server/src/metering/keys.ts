/** The gateway's key: segments are signed in a context of their own, so that no other signature can pass for theirs. */
import { publicJwk, type Signer, signInContext, verifyInContext } from '@shugu/evidence';
import type { Signer as ManifestSigner, VerifySignature } from '@shugu/gateway';
import type { Reader } from '../kernel/db/db.ts';
import type { KeyRecord, Keys } from '../kernel/keys.ts';

/** A check that knows every key this node has had, the retired ones too. */
export type VerifyManifest = (read: Reader) => Promise<VerifySignature>;

export const manifestSigner = (signer: Signer): ManifestSigner => ({
  keyId: signer.keyId,
  sign: (bytes) => signInContext(signer, 'segment', bytes),
});

/** Every key that this node's gateways have had, by id: its own in the node's name, others in the name of the gateway. */
export const gatewayKeys = async (keys: Pick<Keys, 'known'>, read: Reader): Promise<Map<string, KeyRecord>> =>
  new Map(
    (await keys.known(read))
      .filter(({ purpose, participant }) => purpose === 'gateway' && /^(gwy_.*)?$/.test(participant))
      .map((key) => [key.id, key]),
  );

export const manifestVerifier =
  (keys: Pick<Keys, 'known'>): VerifyManifest =>
  async (read) => {
    const known = await gatewayKeys(keys, read);
    return (keyId, bytes, signature) => {
      const key = known.get(keyId);
      return key !== undefined && verifyInContext(key.publicKey, 'segment', bytes, signature);
    };
  };

export const publicKeyOf = async (keys: Pick<Keys, 'known'>, read: Reader, keyId: string) => {
  const key = (await gatewayKeys(keys, read)).get(keyId);
  return key ? { id: key.id, suite: key.suite, jwk: publicJwk(key.publicKey) } : null;
};
