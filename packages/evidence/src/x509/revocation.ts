/** Lists of revoked certificates: RFC 5280 section 5, complete ones that an authority signs itself. */
import { equalBytes } from '@shugu/tlog';
import { type Certificate, issued, readExtensions, usageBits, wholeBits } from './certificate.ts';
import { contextTag, expectTag, integerHex, malformed, partsOf, readOne, smallInteger, tags, timeOf } from './tlv.ts';

export type RevocationList = {
  /** Name of the authority, DER. */
  readonly issuer: Uint8Array;
  readonly signed: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Since when, by serial number. */
  readonly revoked: ReadonlyMap<string, Date>;
};

export const revocationListBytesMax = 16_000_000;

/**
 * DER or PEM. Critical extensions are refused, of the list and of its entries: without knowing them (delta lists, lists of other
 * authorities, partial lists) a certificate that is not on it might be revoked all the same. Throws `evidence.der-malformed`.
 */
export function readRevocationList(file: Uint8Array): RevocationList {
  if (file.length > revocationListBytesMax)
    malformed(`a revocation list has more than ${revocationListBytesMax} bytes`);
  const [body, algorithm, signature, ...rest] = partsOf(readOne(derOf(file), tags.sequence));
  if (rest.length > 0) malformed('a revocation list has three parts');
  const fields = partsOf(expectTag(body, tags.sequence));
  const version = fields[0]?.tag === tags.integer ? smallInteger(fields.shift()) : 0;
  const [inner, issuer, thisUpdate, ...more] = fields;
  const outer = expectTag(algorithm, tags.sequence);
  if (version > 1 || !inner || !equalBytes(inner.bytes, outer.bytes))
    malformed('a revocation list is of an unknown version, or names two algorithms');
  const nextUpdate = timeOf(more.shift() ?? malformed('a revocation list does not say when the next one comes'));
  const entries = more[0]?.tag === tags.sequence ? partsOf(more.shift()!) : [];
  const extensions = more.shift();
  if (more.length > 0 || (extensions && extensions.tag !== contextTag(0)))
    malformed('a revocation list holds something unknown');
  refuseCritical(readExtensions(extensions));
  const revoked = new Map<string, Date>();
  for (const entry of entries) {
    const [serial, since, entryExtensions, ...tooMany] = partsOf(expectTag(entry, tags.sequence));
    if (tooMany.length > 0) malformed('an entry of a revocation list holds something unknown');
    // Of an entry the extensions stand bare, without the tag around them.
    if (entryExtensions) refuseCritical(readExtensions({ ...entryExtensions, content: entryExtensions.bytes }));
    revoked.set(integerHex(serial), timeOf(since));
  }
  return {
    issuer: expectTag(issuer, tags.sequence).bytes,
    signed: body!.bytes,
    algorithm: outer.bytes,
    signature: wholeBits(signature),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate,
    revoked,
  };
}

function refuseCritical(extensions: ReadonlyMap<string, { critical: boolean }>): void {
  const unknown = [...extensions].find(([, { critical }]) => critical);
  if (unknown) malformed(`a revocation list has a critical extension that is not known: ${unknown[0]}`);
}

function derOf(file: Uint8Array): Uint8Array {
  if (file[0] === tags.sequence) return file;
  const text = Buffer.from(file).toString('latin1');
  const block = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/.exec(text);
  return block ? new Uint8Array(Buffer.from(block[1]!, 'base64')) : malformed('is no revocation list');
}

/** Whether that authority signed it, and may. */
export const issuedList = (issuer: Certificate, list: RevocationList): boolean =>
  issued(issuer, list) && (usageBits(issuer)?.(6) ?? true);
