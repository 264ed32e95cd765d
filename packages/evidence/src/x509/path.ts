/** From a signer's certificate up to one that is trusted: RFC 5280 section 6, as far as names, signatures and constraints go. */
import { equalBytes } from '@shugu/tlog';
import { authorityFault, type Certificate, type Fault, issued } from './certificate.ts';

export type PathInput = {
  signer: Certificate;
  /** What came with the signature, in any order. */
  carried: readonly Certificate[];
  /** What is trusted. */
  anchors: readonly Certificate[];
  /** Extended usages of which an authority that is bound to some must hold one. */
  usages: readonly string[];
  at: Date;
};

/**
 * `path`: what must be carried to reach the nearest trusted certificate: the signer and whatever stands below that one. `covered`:
 * what may be carried, since a reader may trust several on one path and whoever carried it have known the furthest only.
 */
export type Reached = { path: Certificate[]; trusted: Certificate; covered: Certificate[] };

/** The signer's own fitness is the caller's to judge. */
export function trustedPath(input: PathInput): Reached | { fault: Fault } {
  const { signer, carried, anchors, usages, at } = input;
  const walked: Certificate[] = [];
  const isNew = (one: Certificate) => !walked.some(({ bytes }) => equalBytes(bytes, one.bytes));
  let found: Reached | undefined;
  let fault: Fault = { code: 'evidence.certificate-untrusted', message: 'it leads to no trusted authority' };
  for (let one: Certificate | undefined = signer; one; ) {
    const current: Certificate = one;
    walked.push(current);
    if (anchors.some(({ bytes }) => equalBytes(bytes, current.bytes))) {
      const { path = walked.slice(0, Math.max(1, walked.length - 1)), trusted = current } = found ?? {};
      found = { path, trusted, covered: [...walked] };
    }
    const above = [...anchors, ...carried].find((next) => isNew(next) && issued(next, current));
    const wrongAbove = above && authorityFault(above, walked.length - 1, at, usages);
    fault = wrongAbove ?? fault;
    one = wrongAbove ? undefined : above;
  }
  return found ?? { fault };
}
