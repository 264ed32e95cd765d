import { cosignatureVerifier, ed25519CosignatureType } from './cosignature.ts';
import { ed25519PublicKey, ed25519Verify } from './ed25519.ts';
import { formatVkey, type NoteSigner, type NoteVerifier, noteKeyHash, parseVkey } from './note.ts';
import { TlogError } from './problem.ts';

/** Signature type byte of plain Ed25519 notes in C2SP signed-note. */
export const ed25519NoteType = 0x01;

type RawSign = (message: Uint8Array) => Promise<Uint8Array>;

const withType = (type: number, publicKey: Uint8Array) => Uint8Array.of(type, ...publicKey);

/** `publicKey`: 32 bytes. `sign`: plain Ed25519 of the given bytes; where the key lives is the caller's affair. */
export function ed25519NoteSigner(name: string, publicKey: Uint8Array, sign: RawSign): NoteSigner {
  return { name, keyHash: noteKeyHash(name, withType(ed25519NoteType, publicKey)), sign };
}

export function ed25519Vkey(name: string, publicKey: Uint8Array): string {
  return formatVkey(name, withType(ed25519NoteType, publicKey));
}

export function ed25519CosignatureVkey(name: string, publicKey: Uint8Array): string {
  return formatVkey(name, withType(ed25519CosignatureType, publicKey));
}

/** A verifier for an Ed25519 key (type 0x01) or witness key (type 0x04). Throws `tlog.key-malformed` for any other type. */
export function noteVerifier(vkey: string): NoteVerifier {
  const { name, keyHash, keyMaterial } = parseVkey(vkey);
  const [type] = keyMaterial;
  if (type !== ed25519NoteType && type !== ed25519CosignatureType) {
    throw new TlogError('tlog.key-malformed', `the key of ${name} has type ${type}, which is not known here`);
  }
  const key = ed25519PublicKey(keyMaterial.slice(1));
  const verify = (text: Uint8Array, signature: Uint8Array) => ed25519Verify(key, text, signature);
  return type === ed25519NoteType ? { name, keyHash, verify } : cosignatureVerifier({ name, keyHash, verify });
}
