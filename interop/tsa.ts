/** A real time stamping authority: `openssl ts` with a root, an authority below it and a stamping certificate, made for one run. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainExtensions, keyOptions, must, signedBy } from './authority.ts';
import { runProgram } from './check.ts';

export type KeyKind = 'rsa' | 'ec';

export interface OpensslAuthority {
  /** PEM: what others pin, and what stands between it and the stamps. */
  rootPem: string;
  rootFile: string;
  untrustedFile: string;
  /** TimeStampResp by `openssl ts -reply`. */
  answer(request: Uint8Array): Promise<Uint8Array>;
}

const config = (folder: string, hash: string, certificateIdHash: string) => `
[ tsa ]
default_tsa = tsa_one
[ tsa_one ]
serial = ${folder}/serial
crypto_device = builtin
signer_cert = ${folder}/signer.pem
certs = ${folder}/between.pem
signer_key = ${folder}/signer.key
signer_digest = ${hash}
default_policy = 1.3.6.1.4.1.99999.2
digests = sha256, sha384, sha512, sm3
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = ${certificateIdHash}
${chainExtensions(`keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping`)}`;

export const opensslAuthority = async (
  folder: string,
  {
    kind = 'rsa',
    hash = 'sha256',
    certificateIdHash = 'sha256',
    days = 3650,
  }: { kind?: KeyKind; hash?: string; certificateIdHash?: string; days?: number } = {},
): Promise<OpensslAuthority> => {
  const at = (name: string) => join(folder, name);
  await writeFile(at('tsa.cnf'), config(folder, hash, certificateIdHash));
  await writeFile(at('serial'), '01\n');
  const certify = async (name: string, subject: string, issuer: string | undefined) => {
    await must(['genpkey', ...keyOptions[kind], '-out', at(`${name}.key`)]);
    await must(['req', '-new', '-key', at(`${name}.key`), '-subj', subject, '-out', at(`${name}.csr`)]);
    await must([
      ...['x509', '-req', '-in', at(`${name}.csr`), ...signedBy(at, name, issuer), '-days', String(days)],
      ...['-extfile', at('tsa.cnf'), '-extensions', name, '-out', at(`${name}.pem`)],
    ]);
  };
  await certify('root', '/O=Specimen Trust/CN=Specimen root', undefined);
  await certify('between', '/O=Specimen Trust/CN=Specimen time authority', 'root');
  await certify('signer', '/O=Specimen Trust/CN=Specimen time stamps', 'between');
  let last: Promise<unknown> = Promise.resolve();
  let count = 0;
  const reply = async (request: Uint8Array): Promise<Uint8Array> => {
    const [asked, answered] = [at(`${++count}.tsq`), at(`${count}.tsr`)];
    await writeFile(asked, request);
    await must([
      'ts',
      '-reply',
      '-config',
      at('tsa.cnf'),
      '-section',
      'tsa_one',
      '-queryfile',
      asked,
      '-out',
      answered,
    ]);
    return new Uint8Array(await readFile(answered));
  };
  return {
    rootPem: await readFile(at('root.pem'), 'utf8'),
    rootFile: at('root.pem'),
    untrustedFile: at('between.pem'),
    // One after the other: they share the file of serial numbers.
    answer: (request) => {
      const next = last.then(() => reply(request));
      last = next.catch(() => undefined);
      return next;
    },
  };
};

/** Whether `openssl ts -verify` accepts the token for the bytes, below that root. */
export const opensslAccepts = async (
  folder: string,
  {
    token,
    bytes,
    rootFile,
    untrustedFile,
  }: { token: Uint8Array; bytes: Uint8Array; rootFile: string; untrustedFile?: string },
): Promise<boolean> => {
  const [tokenFile, dataFile] = [join(folder, 'verify.tst'), join(folder, 'verify.data')];
  await writeFile(tokenFile, token);
  await writeFile(dataFile, bytes);
  const untrusted = untrustedFile ? ['-untrusted', untrustedFile] : [];
  const { code, stdout } = await runProgram('openssl', [
    ...['ts', '-verify', '-data', dataFile, '-in', tokenFile, '-token_in', '-CAfile', rootFile],
    ...untrusted,
  ]);
  return code === 0 && /Verification: OK/.test(stdout);
};
