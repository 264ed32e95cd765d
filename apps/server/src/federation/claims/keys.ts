/** Who signs in the name of a DID, and the documents in which others find its keys. */
import { type DidDocument, type DidKey, didDocument } from '@shugu/claims';
import { VERSION_PATH } from '@shugu/dataspace';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { addressOf, rootOf } from '../service/room.ts';
import type { DidKeyRow, Standing } from './did-keys.ts';
import type { ClaimsRoom, Signing } from './room.ts';
import { ISSUER_PATH, WALLET_PATH } from './room.ts';
import { standingKeys } from './store.ts';

/** The node among its participants. */
export const NODE = '';

const didOf = ({ dids }: Pick<ClaimsRoom, 'dids'>, participant: string): string =>
  participant === NODE ? dids.node() : dids.of(participant);

const fragmentOf = ({ id }: DidKeyRow): string => id.replace(':', '-');

const signingOf = (room: ClaimsRoom, read: Reader, participant: string, { signs, listed }: Standing): Signing => {
  const did = didOf(room, participant);
  const kidOf = (row: DidKeyRow): string => `${did}#${fragmentOf(row)}`;
  return {
    key: { id: signs.id, createdAt: signs.created_at },
    ownKey: (kid) => listed.find((row) => kidOf(row) === kid)?.public_jwk,
    signer: {
      did,
      keyId: kidOf(signs),
      algorithm: signs.algorithm,
      sign: (bytes) => room.didKeys.sign(read, signs, bytes),
    },
  };
};

/** The present key, made at its first use. What it returns signs within the transaction. */
export const signingIn = async (room: ClaimsRoom, tx: Tx, participant: string): Promise<Signing> =>
  signingOf(room, tx, participant, await room.didKeys.of(tx, participant));

const standingOf = async (room: ClaimsRoom, participant: string): Promise<Standing> =>
  (await room.didKeys.find(room.database, participant, room.now())) ??
  (await room.database.tx(systemActor('federation'), (tx) => room.didKeys.of(tx, participant)));

export const signing = async (room: ClaimsRoom, participant: string): Promise<Signing> =>
  signingOf(room, room.database, participant, await standingOf(room, participant));

/** Within a transaction that has made or rotated it, too. */
export const presentKey = (room: ClaimsRoom, read: Reader | Tx, participant: string): Promise<Signing> =>
  'exec' in read ? signingIn(room, read, participant) : signing(room, participant);

/** Another key from now on. What the one before has signed is not believed any more once documents that others kept are old. */
export const rotateKey = async (room: ClaimsRoom, tx: Tx, participant: string): Promise<void> => {
  const made = await room.didKeys.rotate(tx, participant);
  await audit(tx, {
    action: 'federation.did.rotate',
    subject: didOf(room, participant),
    participant,
    data: { key: made.id },
  });
};

const listedKey = (row: DidKeyRow): DidKey => ({ fragment: fragmentOf(row), publicKeyJwk: row.public_jwk });

/** Its connector is found by it (Dataspace Protocol 2025-1, “Discovery of Service Endpoints”): by its version document. */
export const documentOf = async (room: ClaimsRoom, participant: string): Promise<DidDocument> => {
  const root = rootOf(room, participant);
  const { listed } = await standingOf(room, participant);
  return didDocument(room.dids.of(participant), {
    keys: listed.map(listedKey),
    services: {
      CredentialService: `${root}${WALLET_PATH}`,
      CatalogService: `${addressOf(room, participant)}/catalog`,
      DataService: `${root}${VERSION_PATH}`,
    },
  });
};

/** Where credential services elsewhere ask for what the node issues. */
export const issuerAddress = ({ publicUrl }: Pick<ClaimsRoom, 'publicUrl'>): string => `${publicUrl()}${ISSUER_PATH}`;

/** Keys that are not used any more stay for what they have signed, until nothing of that stands. */
const earlierKeys = async (room: ClaimsRoom, read: Reader, present: readonly DidKeyRow[]): Promise<DidKey[]> => {
  const ids = (await standingKeys(read, room.now())).filter((id) => !present.some((one) => one.id === id));
  const found = await room.didKeys.byId(read, ids);
  return found.map((row) => ({ ...listedKey(row), uses: ['assertionMethod'] }));
};

export const nodeDocument = async (room: ClaimsRoom): Promise<DidDocument> => {
  const { listed } = await standingOf(room, NODE);
  const keys = [...listed.map(listedKey), ...(await earlierKeys(room, room.database, listed))];
  return didDocument(room.dids.node(), { keys, services: { IssuerService: issuerAddress(room) } });
};
