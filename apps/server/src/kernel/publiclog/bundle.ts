/** A signed record and where the log holds it, as one file: the one place that knows what a proof from our log is made of. */
import { type BundleCore, buildBundle, parseEntry } from '@shugu/evidence';
import type { Inclusion } from './publiclog.ts';

/** `salt`: base64; null for an entry in clear. */
export const bundleIn = (found: Inclusion, core: BundleCore, salt: string | null): Uint8Array =>
  buildBundle({
    core,
    suite: found.suite,
    index: found.position,
    entry: parseEntry(found.entry),
    ...(salt === null ? {} : { salt: new Uint8Array(Buffer.from(salt, 'base64')) }),
    proof: found.proof,
    checkpoint: found.checkpoint,
    ...(found.stamp ? { stamp: found.stamp } : {}),
  });
