/**
 * Bundles verified a second, both suites, on one thread, and what of it is bare signatures:
 *
 *   npm run bench -- bundle --json
 *
 * The peer in the same run is OpenSSL's own verification as Node offers it: of Ed25519 alone, as Node cannot verify SM2 by
 * GB/T 32918 (it leaves out Z).
 */
import { createPublicKey, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTrust, publicKeyFromJwk, publicPem, readBundle, verifyBundle, verifySignature } from '@shugu/evidence';

const golden = join(import.meta.dirname, '../packages/evidence/src/golden');
const secondsEach = 2;

const perSecond = async (step: () => unknown): Promise<number> => {
  for (let n = 0; n < 20; n++) await step();
  const begun = performance.now();
  let count = 0;
  while (performance.now() - begun < secondsEach * 1000) {
    await step();
    count++;
  }
  return Math.round(count / ((performance.now() - begun) / 1000));
};

const measure = async (suite: 'intl' | 'sm') => {
  const bytes = new Uint8Array(await readFile(join(golden, `v1-${suite}-commitment.json`)));
  const trust = parseTrust(await readFile(join(golden, `v1-${suite}.trust.json`)));
  if (!(await verifyBundle(bytes, trust)).ok) throw new Error(`the golden bundle of ${suite} does not verify`);
  const bundle = readBundle(JSON.parse(Buffer.from(bytes).toString('utf8')));
  const key = publicKeyFromJwk(bundle.keys[0]!.jwk);
  const signature = Buffer.from(bundle.signatures[0]!.signature, 'base64');
  // Whether it holds costs the same; here only the work counts.
  const message = Buffer.from(
    'a message of the usual length, a digest with who signs and how, about two hundred bytes '.repeat(2),
  );
  const bundles = await perSecond(() => verifyBundle(bytes, trust));
  const signatures = await perSecond(() => verifySignature(key, message, signature));
  return { bundles, signatures, perBundle: bundle.signatures.length + 2, pem: publicPem(key), message, signature };
};

export const run = async (): Promise<object> => {
  const intl = await measure('intl');
  const sm = await measure('sm');
  const native = createPublicKey(intl.pem);
  const peer = await perSecond(() => verify(null, intl.message, native, intl.signature));
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    bench: 'bundle',
    limit: 'none set: the numbers orient',
    bundlesPerSecond: { intl: intl.bundles, sm: sm.bundles },
    signaturesPerSecond: { intl: intl.signatures, sm: sm.signatures, nodeEd25519: peer },
    signaturesPerBundle: intl.perBundle,
    ratios: {
      intlSignaturesToNode: round(intl.signatures / peer),
      smToIntl: round(sm.bundles / intl.bundles),
      intlBundleToItsSignatures: round((intl.bundles * intl.perBundle) / intl.signatures),
      smBundleToItsSignatures: round((sm.bundles * sm.perBundle) / sm.signatures),
    },
  };
};
