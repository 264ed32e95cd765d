/** Status list credentials: made by an issuer, read by verifiers. */
import { bitAt, packBits, unpackBits } from './bitstring.ts';
import { type Credential, readCredential, type StatusEntry } from './credential.ts';
import { signToken, type TokenSigner } from './jwt.ts';
import { limits } from './limits.ts';
import { refuse } from './problem.ts';
import { type Profile, VC1_CONTEXT, VC2_CONTEXT } from './protocol.ts';
import { ask, type Fetch, jsonTypes, type PlainHttp, requireHttps } from './reach.ts';
import type { Resolver } from './resolve.ts';
import { textsOf } from './shape.ts';
import { checkSigned } from './signed.ts';

const kinds = {
  'vc20-bssl/jwt': { list: 'BitstringStatusListCredential', subject: 'BitstringStatusList', context: VC2_CONTEXT },
  'vc11-sl2021/jwt': { list: 'StatusList2021Credential', subject: 'StatusList2021', context: VC1_CONTEXT },
} as const;

/** `address`: where it is served, which is its id. By the profile’s remark `validUntil` counts, and no `ttl` is written. */
export function issueStatusList(
  signer: TokenSigner,
  list: {
    profile: Profile;
    address: string;
    purpose: 'revocation' | 'suspension';
    bits: Uint8Array;
    validFrom: Date;
    validUntil: Date;
  },
): Promise<string> {
  const { profile, address } = list;
  const kind = kinds[profile];
  const [from, until] = [list.validFrom.toISOString(), list.validUntil.toISOString()];
  const modern = profile === 'vc20-bssl/jwt';
  const document = {
    '@context': modern ? [kind.context] : [kind.context, 'https://w3id.org/vc/status-list/2021/v1'],
    id: address,
    type: ['VerifiableCredential', kind.list],
    issuer: signer.did,
    ...(modern ? { validFrom: from, validUntil: until } : { issuanceDate: from, expirationDate: until }),
    credentialSubject: {
      id: `${address}#list`,
      type: kind.subject,
      statusPurpose: list.purpose,
      encodedList: packBits(list.bits),
    },
  };
  if (modern) return signToken(signer, { ...document, iss: signer.did }, 'vc+jwt');
  return signToken(signer, { iss: signer.did, sub: `${address}#list`, jti: address, vc: document });
}

export interface StatusLists {
  /** @throws claims.revoked, claims.status-unknown, claims.too-large */
  check(credential: Pick<Credential, 'statuses' | 'issuer'>): Promise<void>;
}

type Kept = { at: number; list: Credential; bits: Uint8Array };

/** `keepSeconds`: how long a revocation may go unseen. */
export function makeStatusLists({
  fetch,
  now,
  resolver,
  plainHttp = () => false,
  keepSeconds = 60,
}: {
  fetch: Fetch;
  now: () => Date;
  resolver: Resolver;
  plainHttp?: PlainHttp;
  keepSeconds?: number;
}): StatusLists {
  const kept = new Map<string, Kept>();
  const read = async (address: string): Promise<Kept> => {
    const known = kept.get(address);
    const at = now().getTime();
    if (known && at - known.at < keepSeconds * 1000) return known;
    requireHttps(address, plainHttp);
    const mediaTypes = new RegExp(`${jsonTypes.source}|^application/(?:vc\\+)?jwt|^text/plain`, 'i');
    const text = await ask(fetch, address, {
      bytesMax: limits.statusListBytes,
      mediaTypes,
      headers: { accept: 'application/vc+jwt' },
    });
    const list = readCredential(text.trim());
    await checkSigned(list, { resolver, now });
    const entry = { at, list, bits: unpackBits(list.subjects[0]!.encodedList) };
    kept.delete(address);
    kept.set(address, entry);
    // Each may take two mebibytes.
    if (kept.size > limits.cacheEntries / 10) kept.delete(kept.keys().next().value!);
    return entry;
  };
  const checkOne = async (entry: StatusEntry, issuer: string): Promise<void> => {
    const { list, bits } = await read(entry.statusListCredential);
    const subject = list.subjects[0]!;
    const wanted = Object.values(kinds).find((kind) => `${kind.subject}Entry` === entry.type)!;
    if (!list.types.includes(wanted.list) || subject.type !== wanted.subject)
      refuse('claims.status-unknown', 'another kind of list');
    // A list of somebody else could make good what its issuer has revoked.
    if (list.issuer !== issuer) refuse('claims.status-unknown', 'the list is signed by another issuer');
    if (!textsOf(subject.statusPurpose).includes(entry.statusPurpose))
      refuse('claims.status-unknown', 'a list for another purpose');
    if (entry.statusListIndex >= bits.length * 8) refuse('claims.status-unknown', 'past the end of the list');
    const blocks = entry.statusPurpose === 'revocation' || entry.statusPurpose === 'suspension';
    if (blocks && bitAt(bits, entry.statusListIndex)) refuse('claims.revoked', entry.statusPurpose);
  };
  return {
    async check({ statuses, issuer }) {
      for (const entry of statuses) {
        try {
          await checkOne(entry, issuer);
        } catch (error) {
          const code = (error as { code?: string }).code;
          if (code === 'claims.revoked' || code === 'claims.too-large') throw error;
          refuse('claims.status-unknown', (error as Error).message);
        }
      }
    },
  };
}
