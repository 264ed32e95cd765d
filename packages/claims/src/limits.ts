/** What comes from others is read no further than this. */
export const limits = {
  documentBytes: 256 * 1024,
  tokenCharacters: 64 * 1024,
  schemaBytes: 64 * 1024,
  answerBytes: 1024 * 1024,
  /** Of a status list as it travels, and unpacked: 2 MiB hold 16,777,216 credentials. */
  statusListBytes: 2 * 1024 * 1024,
  /** W3C Bitstring Status List, section 6.1: shorter lists give away whom they are about. */
  statusListBitsMin: 131_072,
  waitSeconds: 10,
  verificationMethods: 64,
  services: 64,
  scopes: 64,
  credentials: 64,
  presentations: 16,
  /** Clocks may differ by this much. */
  leewaySeconds: 30,
  /** The longest that a token may live, and so that its `jti` has to be remembered. */
  tokenSeconds: 3600,
  cacheEntries: 1_000,
  replayEntries: 100_000,
} as const;
