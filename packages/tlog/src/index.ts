export { type Appended, appendEntries, batchEntriesMax, overlay } from './append.ts';
export { decodeBase64, encodeBase64 } from './base64.ts';
export { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
export {
  cosignatureTime,
  cosignatureVerifier,
  cosignedMessage,
  cosigner,
  ed25519CosignatureType,
} from './cosignature.ts';
export { ed25519PublicKey, ed25519Verify } from './ed25519.ts';
export { leafHashes, rightEdge } from './edge.ts';
export { emptyRoot, equalBytes, type Hash, type HashName, leafHash, nodeHash, plain, sha256, sm3 } from './hash.ts';
export { ed25519CosignatureVkey, ed25519NoteSigner, ed25519NoteType, ed25519Vkey, noteVerifier } from './keys.ts';
export {
  formatNote,
  formatVkey,
  type Note,
  type NoteSignature,
  type NoteSigner,
  type NoteVerifier,
  noteCharactersMax,
  noteKeyHash,
  noteSignaturesMax,
  type OpenedNote,
  openNote,
  parseNote,
  parseVkey,
  signNote,
} from './note.ts';
export { entriesPath, parseTilePath, type TilePath, tilePath, tileWidthMax } from './paths.ts';
export { TlogError, type TlogProblemCode } from './problem.ts';
export { consistencyProof, inclusionProof, rootAt } from './proof.ts';
export {
  cachedStore,
  decodeEntries,
  encodeEntries,
  entryBytesMax,
  readEntries,
  type TileStore,
  tileWidth,
} from './tiles.ts';
export { verifyConsistency, verifyInclusion } from './verify.ts';
