/** Documents of did:web, read once and kept for a while. */
import {
  type DidDocument,
  didWebAddress,
  keyFor,
  type Relationship,
  readDidDocument,
  type VerificationMethod,
} from './did.ts';
import { limits } from './limits.ts';
import { ClaimsError, refuse } from './problem.ts';
import { ask, type Fetch, jsonTypes, type PlainHttp, parseJson } from './reach.ts';

export interface Resolver {
  /** @throws claims.did-malformed, claims.did-unresolved, claims.too-large */
  document(did: string): Promise<DidDocument>;
  /** @throws claims.key-unknown besides */
  key(did: string, kid: string | undefined, use: Relationship): Promise<VerificationMethod>;
}

/** `keepSeconds`: how long a withdrawn key may still be believed. */
export function makeResolver({
  fetch,
  now,
  plainHttp = () => false,
  keepSeconds = 300,
}: {
  fetch: Fetch;
  now: () => Date;
  plainHttp?: PlainHttp;
  keepSeconds?: number;
}): Resolver {
  const kept = new Map<string, { at: number; document: DidDocument }>();
  const read = async (did: string): Promise<DidDocument> => {
    const address = didWebAddress(did, plainHttp);
    try {
      const text = await ask(fetch, address, { bytesMax: limits.documentBytes, mediaTypes: jsonTypes });
      const document = readDidDocument(parseJson(text, address), did);
      kept.delete(did);
      kept.set(did, { at: now().getTime(), document });
      if (kept.size > limits.cacheEntries) kept.delete(kept.keys().next().value!);
      return document;
    } catch (error) {
      if (error instanceof ClaimsError && error.code === 'claims.unreachable')
        return refuse('claims.did-unresolved', error.message);
      throw error;
    }
  };
  const age = (did: string) => (now().getTime() - (kept.get(did)?.at ?? Number.NEGATIVE_INFINITY)) / 1000;
  const document = async (did: string) => (age(did) < keepSeconds ? kept.get(did)!.document : read(did));
  return {
    document,
    async key(did, kid, use) {
      const found = keyFor(await document(did), kid, use);
      // A key added since the document was kept; not asked for again at once, or a stranger could make us ask without end.
      const again = !found && age(did) >= limits.leewaySeconds ? keyFor(await read(did), kid, use) : found;
      return again ?? refuse('claims.key-unknown', `${kid ?? did} for ${use}`);
    },
  };
}
