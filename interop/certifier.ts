/** A certification authority by `openssl req`, `x509` and `ca`: a root, one below it that issues, revokes and lists, made for one run. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificatesInPem } from '@shugu/evidence';
import { chainExtensions, keyOptions, must, signedBy } from './authority.ts';
import { runProgram } from './check.ts';

export type SigningKind = keyof typeof keyOptions;

/** The identity that GM/T 0009 prescribes where none was agreed. */
const identity = 'distid:1234567812345678';
const hashOf: Record<SigningKind, string> = { rsa: 'sha256', ec: 'sha256', ed25519: 'null', sm2: 'sm3' };

const config = (folder: string, hash: string) => `
[ ca ]
default_ca = own
[ own ]
database = ${folder}/index.txt
new_certs_dir = ${folder}/issued
serial = ${folder}/serial
crlnumber = ${folder}/crlnumber
certificate = ${folder}/between.pem
private_key = ${folder}/between.key
default_md = ${hash === 'null' ? 'default' : hash}
default_days = 365
default_crl_days = 7
policy = policy
unique_subject = no
crl_extensions = crl
[ policy ]
organizationName = supplied
organizationIdentifier = optional
commonName = supplied
[ crl ]
authorityKeyIdentifier = keyid
[ ownPlace ]
issuingDistributionPoint = critical, @own_place
[ own_place ]
fullname = URI:http://ca.example/own.crl
onlyuser = TRUE
[ otherPlace ]
issuingDistributionPoint = critical, @other_place
[ other_place ]
fullname = URI:http://ca.example/other.crl
[ stranger ]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
1.2.3.4.5 = critical, ASN1:UTF8String:nobody knows
[ encryption ]
basicConstraints = CA:FALSE
keyUsage = critical, keyEncipherment
${chainExtensions(`keyUsage = critical, digitalSignature, nonRepudiation
extendedKeyUsage = clientAuth, emailProtection
crlDistributionPoints = URI:http://ca.example/own.crl`)}`;

export interface OpensslCertifier {
  root: Uint8Array;
  /** `chain`: DER, the signer's first. */
  issue(options: {
    kind: SigningKind;
    creditCode: string;
    extensions?: string;
    days?: [from: string, to: string];
  }): Promise<Issued>;
  revoke(signer: Issued): Promise<void>;
  /** Of the authority that issues; `until` as `openssl ca -crl_nextupdate` takes it; `place`: the distribution point that it is for. */
  list(options?: { until?: string; place?: 'ownPlace' | 'otherPlace' }): Promise<Uint8Array>;
  /**
   * Whether `openssl verify -crl_check` accepts the certificate by the newest list. Undefined of SM2: it cannot be told the identity
   * under which lists and intermediate certificates are signed.
   */
  accepts(signer: Issued): Promise<boolean | undefined>;
}

export interface Issued {
  name: string;
  chain: Uint8Array[];
  sign(bytes: Uint8Array, hash?: string): Promise<Uint8Array>;
}

export const opensslCertifier = async (folder: string, kind: SigningKind): Promise<OpensslCertifier> => {
  const at = (name: string) => join(folder, name);
  const hash = hashOf[kind];
  await mkdir(at('issued'), { recursive: true });
  await writeFile(at('ca.cnf'), config(folder, hash));
  await writeFile(at('index.txt'), '');
  await writeFile(at('serial'), '8F01\n');
  await writeFile(at('crlnumber'), '01\n');
  const digest = (of: SigningKind) => (of === 'ed25519' ? [] : [`-${hashOf[of]}`]);
  const signing = (of: SigningKind) => (of === 'sm2' ? ['-sigopt', identity] : []);
  const verifying = (of: SigningKind) => (of === 'sm2' ? ['-vfyopt', identity] : []);
  const request = async (name: string, of: SigningKind, subject: string) => {
    await must(['genpkey', ...keyOptions[of], '-out', at(`${name}.key`)]);
    await must([
      ...['req', '-new', '-utf8', '-key', at(`${name}.key`), ...digest(of), ...signing(of)],
      ...['-subj', subject, '-out', at(`${name}.csr`)],
    ]);
  };
  const authority = async (name: string, subject: string, issuer: string | undefined) => {
    await request(name, kind, subject);
    const by = signedBy(at, name, issuer);
    await must([
      ...['x509', '-req', '-in', at(`${name}.csr`), ...by, ...digest(kind), ...signing(kind), ...verifying(kind)],
      ...['-days', '3650', '-extfile', at('ca.cnf'), '-extensions', name, '-out', at(`${name}.pem`)],
    ]);
  };
  await authority('root', '/O=Specimen Trust/CN=Specimen root', undefined);
  await authority('between', '/O=Specimen Trust/CN=Specimen organisations', 'root');
  const der = async (name: string) => certificatesInPem(await readFile(at(`${name}.pem`), 'utf8'))[0]!;
  let count = 0;
  const sign = async (name: string, of: SigningKind, bytes: Uint8Array, digestName?: string) => {
    await writeFile(at('document'), bytes);
    const [key, out] = [at(`${name}.key`), at('document.sig')];
    const bare = ['pkeyutl', '-sign', '-rawin', '-inkey', key, '-in', at('document'), '-out', out];
    if (of === 'ed25519') await must(bare);
    else if (of === 'sm2') await must([...bare, '-digest', 'sm3', '-pkeyopt', identity]);
    else await must(['dgst', `-${digestName ?? hashOf[of]}`, '-sign', key, '-out', out, at('document')]);
    return new Uint8Array(await readFile(out));
  };
  return {
    root: await der('root'),
    issue: async ({ kind: of, creditCode, extensions = 'signer', days }) => {
      const name = `signer${++count}`;
      await request(name, of, `/O=示例商业银行/organizationIdentifier=USCC-${creditCode}/CN=示例商业银行股份有限公司`);
      const term = days ? ['-startdate', days[0], '-enddate', days[1]] : [];
      await must([
        ...['ca', '-batch', '-utf8', '-notext', '-config', at('ca.cnf'), '-in', at(`${name}.csr`), ...signing(kind)],
        ...[...verifying(of), '-extensions', extensions, ...term, '-out', at(`${name}.pem`)],
      ]);
      return {
        name,
        chain: [await der(name), await der('between')],
        sign: (bytes, digestName) => sign(name, of, bytes, digestName),
      };
    },
    revoke: async ({ name }) => {
      await must(['ca', '-config', at('ca.cnf'), '-revoke', at(`${name}.pem`), '-crl_reason', 'keyCompromise']);
    },
    list: async ({ until, place } = {}) => {
      const next = until ? ['-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', until] : [];
      await must([
        'ca',
        '-config',
        at('ca.cnf'),
        '-gencrl',
        ...signing(kind),
        ...next,
        ...(place ? ['-crlexts', place] : []),
        '-out',
        at('list.pem'),
      ]);
      return new Uint8Array(await readFile(at('list.pem')));
    },
    accepts: async ({ name }) => {
      if (kind === 'sm2') return undefined;
      const files = ['-CAfile', at('root.pem'), '-untrusted', at('between.pem'), '-CRLfile', at('list.pem')];
      const { code } = await runProgram('openssl', ['verify', '-crl_check', ...files, at(`${name}.pem`)]);
      return code === 0;
    },
  };
};
