import type { NoteSigner, NoteVerifier } from './note.ts';
import { noteKeyHash } from './note.ts';
import { requireCount, TlogError } from './problem.ts';

/** Signature type byte of timestamped Ed25519 witness cosignatures in C2SP tlog-cosignature. */
export const ed25519CosignatureType = 0x04;

const utf8 = new TextEncoder();

/** What a witness signs: a header line, a time line (POSIX seconds), and the whole checkpoint text. */
export function cosignedMessage(timeSeconds: number, text: Uint8Array): Uint8Array {
  requireCount(timeSeconds, 'cosignature time');
  return new Uint8Array(Buffer.concat([utf8.encode(`cosignature/v1\ntime ${timeSeconds}\n`), text]));
}

/**
 * A signer whose signature is an 8-byte big-endian time and the raw signature. `keyMaterial` begins with the type
 * byte(s): `ed25519CosignatureType` for the C2SP scheme.
 */
export function cosigner(input: {
  name: string;
  keyMaterial: Uint8Array;
  timeSeconds: number;
  sign(message: Uint8Array): Promise<Uint8Array>;
}): NoteSigner {
  const { name, timeSeconds } = input;
  return {
    name,
    keyHash: noteKeyHash(name, input.keyMaterial),
    async sign(text) {
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(requireCount(timeSeconds, 'cosignature time')));
      return new Uint8Array(Buffer.concat([time, await input.sign(cosignedMessage(timeSeconds, text))]));
    },
  };
}

/** Wraps a verifier of raw signatures into one of cosignatures. */
export function cosignatureVerifier(raw: NoteVerifier): NoteVerifier {
  return {
    name: raw.name,
    keyHash: raw.keyHash,
    verify(text, signature) {
      const time = timeIn(signature);
      return time !== undefined && raw.verify(cosignedMessage(time, text), signature.subarray(8));
    },
  };
}

/** The witness's time in POSIX seconds. Believe it only after the note was opened. */
export function cosignatureTime(signature: Uint8Array): number {
  const time = timeIn(signature);
  if (time === undefined) throw new TlogError('tlog.note-malformed', 'a cosignature begins with a time of 8 bytes');
  return time;
}

function timeIn(signature: Uint8Array): number | undefined {
  if (signature.length < 9) return undefined;
  const time = new DataView(signature.buffer, signature.byteOffset, 8).getBigUint64(0);
  return time <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(time) : undefined;
}
