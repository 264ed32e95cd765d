/** Lists of revoked certificates: RFC 5280 section 5, whole or by distribution point, that an authority signs itself. */
import { equalBytes } from '@shugu/tlog';
import { type Certificate, isAuthority, issued, readExtensions, usageBits, wholeBits } from './certificate.ts';
import {
  contextTag,
  expectTag,
  integerHex,
  malformed,
  partsOf,
  primitiveTag,
  readOne,
  smallInteger,
  type Tlv,
  tags,
  timeOf,
} from './tlv.ts';

export type RevocationList = {
  /** Name of the authority, DER. */
  readonly issuer: Uint8Array;
  readonly signed: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly scope: Scope;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Since when, by serial number. */
  readonly revoked: ReadonlyMap<string, Date>;
};

/** Of which certificates the list speaks: all, or those of end users, or those that name one of its places (GeneralName, in hex). */
type Scope = { usersOnly: boolean; places: readonly string[] | undefined };

export const revocationListBytesMax = 16_000_000;

const ids = { issuingDistributionPoint: '2.5.29.28', distributionPoints: '2.5.29.31' } as const;

/**
 * DER or PEM. Critical extensions are refused, of the list and of its entries, but for the places that the list is for: without
 * knowing them (delta lists, lists for other authorities or for some reasons) a certificate that is not on it might be revoked all
 * the same. Throws `evidence.der-malformed`.
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
  const known = readExtensions(extensions);
  refuseCritical([...known].filter(([id]) => id !== ids.issuingDistributionPoint));
  const revoked = new Map<string, Date>();
  for (const entry of entries) {
    const [serial, since, entryExtensions, ...tooMany] = partsOf(expectTag(entry, tags.sequence));
    if (tooMany.length > 0) malformed('an entry of a revocation list holds something unknown');
    // Of an entry the extensions stand bare, without the tag around them.
    if (entryExtensions) refuseCritical([...readExtensions({ ...entryExtensions, content: entryExtensions.bytes })]);
    revoked.set(integerHex(serial), timeOf(since));
  }
  return {
    issuer: expectTag(issuer, tags.sequence).bytes,
    signed: body!.bytes,
    algorithm: outer.bytes,
    signature: wholeBits(signature),
    scope: scopeOf(known.get(ids.issuingDistributionPoint)?.value),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate,
    revoked,
  };
}

/** RFC 5280 section 5.2.5: the full name of places, and users alone; whatever else narrows the list is not known here. */
function scopeOf(extension: Uint8Array | undefined): Scope {
  const scope: { usersOnly: boolean; places?: string[] } = { usersOnly: false };
  for (const part of extension ? partsOf(readOne(extension, tags.sequence)) : []) {
    const yes = part.content.length === 1 && part.content[0] === 0xff;
    if (part.tag === contextTag(0) && !scope.places) scope.places = fullNames(part);
    else if (part.tag === primitiveTag(1) && yes) scope.usersOnly = true;
    else malformed('a revocation list is for something that is not known');
  }
  return { usersOnly: scope.usersOnly, places: scope.places };
}

/** DistributionPointName: its full name, in hex; a name relative to the issuer leads nowhere here. */
function fullNames(value: Tlv): string[] {
  const [names, ...rest] = partsOf(value);
  return names?.tag === contextTag(0) && rest.length === 0
    ? partsOf(names).map(({ bytes }) => Buffer.from(bytes).toString('hex'))
    : [];
}

/** Whether the list speaks of that certificate. */
function covers({ scope }: RevocationList, certificate: Certificate): boolean {
  if (scope.usersOnly && isAuthority(certificate)) return false;
  if (!scope.places) return true;
  const extension = certificate.extensions.get(ids.distributionPoints);
  const points = extension ? partsOf(readOne(extension.value, tags.sequence)) : [];
  return points.some((point) => {
    const [place, ...narrower] = partsOf(point);
    // Reasons, or another issuer: not the whole truth about the certificate.
    return (
      place?.tag === contextTag(0) &&
      narrower.length === 0 &&
      fullNames(place).some((name) => scope.places!.includes(name))
    );
  });
}

function refuseCritical(extensions: readonly [string, { critical: boolean }][]): void {
  const unknown = extensions.find(([, { critical }]) => critical);
  if (unknown) malformed(`a revocation list has a critical extension that is not known: ${unknown[0]}`);
}

function derOf(file: Uint8Array): Uint8Array {
  if (file[0] === tags.sequence) return file;
  const text = Buffer.from(file).toString('latin1');
  const block = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/.exec(text);
  return block ? new Uint8Array(Buffer.from(block[1]!, 'base64')) : malformed('is no revocation list');
}

/** Whether the certificate's issuer signed the list, may, and speaks of the certificate there. */
export const listsFor = (certificate: Certificate, issuer: Certificate, list: RevocationList): boolean =>
  covers(list, certificate) && issued(issuer, list) && (usageBits(issuer)?.(6) ?? true);
