/** Kinds of frames. Bodies are binary and of fixed width, so that there is little to get wrong. */
export const kind = {
  /** Digest of the terms (32), ephemeral X25519 key (32). */
  hello: 1,
  /** The other owner's ephemeral key (32). */
  peerKey: 2,
  /** Proof of the common key (32). */
  proof: 3,
  /**
   * Distinct keys (4, little endian), commitment to the input (32); then past a helper proof of it (32), or before transfers commitment to
   * a seed (32).
   */
  input: 4,
  /** Tags of 12 bytes or points of 32, ascending. */
  items: 5,
  /** Points multiplied by the second key, as tags of 12 bytes, in the order in which they came. */
  answers: 6,
  /** Bits by place of the tags that the receiver sent. */
  bits: 7,
  /** Size of the intersection (4). */
  size: 8,
  /** The other owner's commitment (32) and its proof (32). */
  peerInput: 9,
  /** Nothing more comes. */
  done: 10,
  /** The seed that was committed to (32). */
  seed: 11,
  /** Point of a sender of base transfers (64). */
  offer: 12,
  /** Points of its receiver, 64 bytes each. */
  choices: 13,
  /** Masked rows, 56 bytes each. */
  rows: 14,
  /** Values of keys, in random order: for each key one for each of its places. */
  values: 15,
} as const;

export const helloBytes = 64;
export const inputBytes = 68;
export const peerInputBytes = 64;

export const nothing = Buffer.alloc(0);
