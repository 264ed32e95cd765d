/** What stands in every message of the Dataspace Protocol 2025-1 (eclipse-dataspace-protocol-base, tag 2025-1-err1). */
export const PROTOCOL_VERSION = '2025-1';
export const CONTEXT_URL = 'https://w3id.org/dspace/2025/1/context.jsonld';
/** Where the version document stands below the root of a participant; it needs no log-in. */
export const VERSION_PATH = '/.well-known/dspace-version';

export type Side = 'consumer' | 'provider';

export const otherSide = (side: Side): Side => (side === 'consumer' ? 'provider' : 'consumer');
