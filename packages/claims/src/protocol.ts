/** Names of the Decentralized Claims Protocol 1.0.1 and of the W3C models that it carries. */
export const DCP_CONTEXT = 'https://w3id.org/dspace-dcp/v1.0/dcp.jsonld';
export const DID_CONTEXT = 'https://www.w3.org/ns/did/v1';
export const VC1_CONTEXT = 'https://www.w3.org/2018/credentials/v1';
export const VC2_CONTEXT = 'https://www.w3.org/ns/credentials/v2';

/** DCP 1.0.1, profiles: data model, revocation and proof go together, and never mix in one presentation. */
export const profiles = ['vc20-bssl/jwt', 'vc11-sl2021/jwt'] as const;
export type Profile = (typeof profiles)[number];

/** Below the base address of the service. */
export const paths = {
  query: '/presentations/query',
  credentials: '/credentials',
  offers: '/offers',
  requests: '/requests',
  metadata: '/metadata',
} as const;
