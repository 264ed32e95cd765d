/** Verifiable credentials as JWT, in both profiles: made, and read into one form. */
import { didOfKid, signToken, type TokenSigner, unverified } from './jwt.ts';
import { limits } from './limits.ts';
import { refuse } from './problem.ts';
import { type Profile, VC1_CONTEXT, VC2_CONTEXT } from './protocol.ts';
import { idOf, isObject, isText, type Json, listOf, textsOf } from './shape.ts';

export type StatusEntry = {
  type: 'BitstringStatusListEntry' | 'StatusList2021Entry';
  statusPurpose: string;
  statusListIndex: number;
  statusListCredential: string;
};

export type Credential = {
  profile: Profile;
  id: string | undefined;
  types: string[];
  issuer: string;
  subjects: Json[];
  validFrom: Date | undefined;
  validUntil: Date | undefined;
  statuses: StatusEntry[];
  schemas: { id: string; type: string }[];
  /** The credential as its issuer wrote it. */
  document: Json;
  /** As it travels. */
  jwt: string;
};

const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

const malformed = (what: string): never => refuse('claims.credential-malformed', what);

const instant = (value: unknown, name: string): Date | undefined => {
  if (value === undefined || value === null) return undefined;
  const date = isText(value) && stamp.test(value) ? new Date(value) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : malformed(name);
};

const statusOf = (value: unknown): StatusEntry => {
  if (!isObject(value)) return malformed('credentialStatus');
  const { type, statusPurpose, statusListIndex, statusListCredential, statusSize } = value;
  if (type !== 'BitstringStatusListEntry' && type !== 'StatusList2021Entry')
    return refuse('claims.status-unknown', `status of type ${String(type)}`);
  if (statusSize !== undefined && statusSize !== null && statusSize !== 1)
    return refuse('claims.status-unknown', 'messages of several bits');
  const index = /^\d{1,10}$/.test(String(statusListIndex)) ? Number(statusListIndex) : Number.NaN;
  if (!isText(statusPurpose) || Number.isNaN(index) || !isText(statusListCredential))
    return malformed('credentialStatus');
  return { type, statusPurpose, statusListIndex: index, statusListCredential };
};

const schemaOf = (value: unknown): { id: string; type: string } =>
  isObject(value) && isText(value.id) && isText(value.type)
    ? { id: value.id, type: value.type }
    : malformed('credentialSchema');

const bodyOf = (payload: Json, typ: string | undefined): { profile: Profile; document: Json } => {
  if (isObject(payload.vc)) {
    if (typ !== undefined && typ !== 'jwt') return malformed(`typ ${typ}`);
    return { profile: 'vc11-sl2021/jwt', document: payload.vc };
  }
  // W3C VC JOSE COSE 3.1.1: the claims are the credential; `typ` should be vc+jwt.
  if (typ !== undefined && !['vc+jwt', 'jwt'].includes(typ)) return malformed(`typ ${typ}`);
  if (listOf(payload['@context'])[0] !== VC2_CONTEXT) return malformed('neither of data model 2.0 nor of 1.1');
  return { profile: 'vc20-bssl/jwt', document: payload };
};

/** Reads without trusting: the signature is for `verifyCredential`. @throws claims.credential-malformed, claims.status-unknown */
export function readCredential(jwt: unknown): Credential {
  const { payload, typ, kid } = unverified(jwt);
  const { profile, document } = bodyOf(payload, typ);
  const issuer = idOf(document.issuer) ?? malformed('issuer');
  // DCP 1.0.1, 5.4.3, 4: the key belongs to the issuer that the credential names.
  if ((didOfKid(kid) ?? issuer) !== issuer || (payload.iss ?? issuer) !== issuer)
    return refuse('claims.issuer-wrong', 'credential, token and key name different issuers');
  const subjects = listOf(document.credentialSubject).map((one) =>
    isObject(one) ? one : malformed('credentialSubject'),
  );
  if (subjects.length === 0 || subjects.length > limits.credentials) return malformed('credentialSubject');
  // VC data model 1.1, 6.3.1: `sub` stands for the id of the subject.
  if (payload.sub !== undefined && !subjects.some(({ id }) => id === payload.sub))
    return malformed('sub is not the subject');
  const from = profile === 'vc20-bssl/jwt' ? 'validFrom' : 'issuanceDate';
  const until = profile === 'vc20-bssl/jwt' ? 'validUntil' : 'expirationDate';
  const validFrom = instant(document[from], from);
  if (profile === 'vc11-sl2021/jwt' && !validFrom) return malformed('issuanceDate is missing');
  const types = textsOf(document.type);
  if (types.length === 0) return malformed('type');
  return {
    profile,
    id: isText(document.id) ? document.id : undefined,
    types,
    issuer,
    subjects,
    validFrom,
    validUntil: instant(document[until], until),
    statuses: listOf(document.credentialStatus).map(statusOf),
    schemas: listOf(document.credentialSchema).map(schemaOf),
    document,
    jwt: jwt as string,
  };
}

export type CredentialDraft = {
  profile: Profile;
  id: string;
  /** Without `VerifiableCredential`, which every credential is. */
  type: string;
  subject: Json & { id: string };
  validFrom: Date;
  validUntil: Date;
  status?: StatusEntry;
  schema?: { id: string; type: string };
  contexts?: readonly string[];
};

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

/** Signs; the issuer is whoever holds the signer. */
export function issueCredential(signer: TokenSigner, draft: CredentialDraft): Promise<string> {
  const modern = draft.profile === 'vc20-bssl/jwt';
  const [from, until] = [draft.validFrom.toISOString(), draft.validUntil.toISOString()];
  const { status } = draft;
  const document = {
    '@context': [modern ? VC2_CONTEXT : VC1_CONTEXT, ...(draft.contexts ?? [])],
    id: draft.id,
    type: ['VerifiableCredential', draft.type],
    issuer: signer.did,
    ...(modern ? { validFrom: from, validUntil: until } : { issuanceDate: from, expirationDate: until }),
    ...(status
      ? {
          credentialStatus: {
            id: `${status.statusListCredential}#${status.statusListIndex}`,
            ...status,
            // Both models write the index as text.
            statusListIndex: String(status.statusListIndex),
          },
        }
      : {}),
    ...(draft.schema ? { credentialSchema: draft.schema } : {}),
    credentialSubject: draft.subject,
  };
  if (modern) return signToken(signer, { ...document, iss: signer.did, sub: draft.subject.id }, 'vc+jwt');
  return signToken(signer, {
    iss: signer.did,
    sub: draft.subject.id,
    jti: draft.id,
    iat: seconds(draft.validFrom),
    nbf: seconds(draft.validFrom),
    exp: seconds(draft.validUntil),
    vc: document,
  });
}
