/** Keys of DIDs, and the documents in which others find them. */
import { type DidDocument, type DidKey, didDocument } from '@shugu/claims';
import { publicJwk, type Signer } from '@shugu/evidence';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { ClaimsRoom, Signing } from './room.ts';
import { WALLET_PATH } from './room.ts';
import { standingKeys } from './store.ts';

/** The node among its participants. */
export const NODE = '';

const fragmentOf = (keyId: string): string => keyId.replace(':', '-');

const didOf = ({ dids }: Pick<ClaimsRoom, 'dids'>, participant: string): string =>
  participant === NODE ? dids.node() : dids.of(participant);

const signingOf = (room: Pick<ClaimsRoom, 'dids'>, participant: string, signer: Signer): Signing => {
  const did = didOf(room, participant);
  return {
    key: signer.keyId,
    publicKeyJwk: publicJwk(signer.publicKey),
    signer: {
      did,
      keyId: `${did}#${fragmentOf(signer.keyId)}`,
      algorithm: 'EdDSA',
      sign: async (bytes) => signer.sign(bytes),
    },
  };
};

/** The present key, made at its first use. */
export const signingIn = async (room: ClaimsRoom, tx: Tx, participant: string): Promise<Signing> =>
  signingOf(room, participant, await room.keys.signer(tx, participant, 'did'));

export const signing = (room: ClaimsRoom, participant: string): Promise<Signing> =>
  room.database.tx(systemActor('federation'), (tx) => signingIn(room, tx, participant));

/** Within a transaction that has made or rotated it, too. */
export const presentKey = (room: ClaimsRoom, read: Reader | Tx, participant: string): Promise<Signing> =>
  'exec' in read ? signingIn(room, read, participant) : signing(room, participant);

/** Another key from now on. What the one before has signed is not believed any more once documents that others kept are old. */
export const rotateKey = async (room: ClaimsRoom, tx: Tx, participant: string): Promise<Signing> => {
  const made = signingOf(room, participant, await room.keys.rotate(tx, participant, 'did'));
  await audit(tx, { action: 'federation.did.rotate', subject: made.signer.did, data: { key: made.key } });
  return made;
};

const listed = ({ key, publicKeyJwk }: Pick<Signing, 'key' | 'publicKeyJwk'>): DidKey => ({
  fragment: fragmentOf(key),
  publicKeyJwk: { ...publicKeyJwk },
});

export const documentOf = async (room: ClaimsRoom, participant: string, address: string): Promise<DidDocument> => {
  const root = `${room.publicUrl()}/dsp/${participant}`;
  return didDocument(room.dids.of(participant), {
    keys: [listed(await signing(room, participant))],
    services: { CredentialService: `${root}${WALLET_PATH}`, DataService: address },
  });
};

/** Keys that are not used any more stay for what they have signed, until nothing of that stands. */
const earlierKeys = async (room: ClaimsRoom, read: Reader, present: string): Promise<DidKey[]> => {
  const ids = (await standingKeys(read, room.now())).filter((id) => id !== present);
  const found = await Promise.all(ids.map((id) => room.keys.find(read, id)));
  return found.flatMap((one) =>
    one ? [{ ...listed({ key: one.id, publicKeyJwk: publicJwk(one.publicKey) }), uses: ['assertionMethod'] }] : [],
  );
};

export const nodeDocument = async (room: ClaimsRoom): Promise<DidDocument> => {
  const present = await signing(room, NODE);
  const keys = [listed(present), ...(await earlierKeys(room, room.database, present.key))];
  return didDocument(room.dids.node(), { keys });
};
