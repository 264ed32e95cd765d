/** What every authority that OpenSSL plays here has in common: the command, the keys, and who may certify whom. */
import { runProgram } from './check.ts';

export const must = async (args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runProgram('openssl', args);
  if (code !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
  return stdout;
};

export const keyOptions = {
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  ec: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  ed25519: ['-algorithm', 'ED25519'],
  sm2: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2'],
} as const;

/** Of a certificate below another: whose it is and who issued it. */
const named = `
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid`;

/** Sections of extensions for a root, for the authority between, and for the one that signs below it. */
export const chainExtensions = (signer: string): string => `
[ root ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ between ]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign${named}
[ signer ]
basicConstraints = CA:FALSE
${signer}${named}
`;

/** How `openssl x509` signs a certificate by the files of its issuer, or by its own key. */
export const signedBy = (at: (name: string) => string, name: string, issuer: string | undefined): string[] =>
  issuer
    ? ['-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`), '-CAcreateserial']
    : ['-signkey', at(`${name}.key`)];
