/** Signatures over the locked text, on line or on paper, and the moment a contract takes effect. */
import {
  certificatesInPem,
  chineseOf,
  EvidenceError,
  type EvidenceProblemCode,
  type Json,
  signInContext,
} from '@shugu/evidence';
import type { Text } from '@shugu/wire';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { StoredObject } from '../../kernel/objects.ts';
import type { Problem, ProblemDetails } from '../../kernel/problem.ts';
import { lookOf } from '../look.ts';
import type { Contract, ContractSignature, ContractVersion, ProtocolSignature } from '../model.ts';
import { agreementProblems as problems } from '../problems.ts';
import { findVersion, lockContract, openVersion, paperOf, signaturesOf } from '../reads.ts';
import { nextState, uncoveredResource } from '../rules.ts';
import { insertSignature, putPaper, saveContract, saveVersion, setPaperConfirmed } from '../store.ts';
import { type AgreementsDeps, asParty, orThrow, partiesOf, tell } from './deps.ts';
import { concludes } from './policies.ts';

export interface CertifiedSignature {
  authority: string;
  /** Base64. */
  signature: string;
  /** PEM, the signer's first. */
  certificates: string;
}

type NewSignature = Omit<ContractSignature, 'at' | 'person' | 'participant'>;

/** The text that waits for signatures, if it is the one that the signer has read and it still stands on firm ground. */
const textToSign = async (
  deps: AgreementsDeps,
  tx: Tx,
  contract: Contract,
  documentHash: string,
): Promise<ContractVersion> => {
  const version = await openVersion(tx, contract.id);
  if (version?.state !== 'pendingSignature') throw problems.wrongState({ detail: version?.state ?? contract.state });
  if (version.documentHash !== documentHash) throw problems.hashDiffers({ field: 'body.documentHash' });
  await stillStands(deps, tx, contract, version);
  return version;
};

/** A certificate may have been revoked or shortened since the terms were locked; the hash cannot say so, the registry can. */
const stillStands = async (
  deps: AgreementsDeps,
  tx: Tx,
  contract: Contract,
  version: ContractVersion,
): Promise<void> => {
  const until = version.until!;
  if (until <= tx.now) throw problems.termEmpty();
  if (!(await concludes(deps, tx, version.terms.policy, contract.buyer.participant)))
    throw problems.basisEnded({
      detail: { zh: '需方已不是数据空间的成员', en: 'the buyer is no member of the data space any more' },
    });
  for (const item of version.basis)
    if (item.until && new Date(item.until) <= tx.now)
      throw problems.basisEnded({ detail: `${item.kind} ${item.reference}` });
  const standing = await deps.standing?.(tx, contract.productVersion);
  if (standing)
    for (const item of version.basis)
      if (
        item.kind !== 'operatingRight' &&
        !standing.some((one) => one.kind === item.kind && one.reference === item.reference)
      )
        throw problems.basisEnded({ detail: `${item.kind} ${item.reference}` });
  const rights = await deps.catalogue.rightsOfVersion(tx, contract.productVersion, tx.now);
  for (const { resource, right } of rights) {
    const titled =
      uncoveredResource(
        [resource],
        version.basis.filter((item) => item.kind === 'titleProof'),
      ) === undefined;
    if (!titled && !right)
      throw problems.basisEnded({ detail: { zh: `没有经营权：${resource}`, en: `no right to operate: ${resource}` } });
    if (!titled && right!.until < until)
      throw problems.outlasts({
        detail: {
          zh: `经营权 ${right!.certificateCode} 至 ${right!.until.toISOString()}`,
          en: `right to operate ${right!.certificateCode} until ${right!.until.toISOString()}`,
        },
      });
  }
};

/** What is wrong with a certified signature, apart; what is not named here is a certificate that is not one to sign with. */
const refusals: Partial<Record<EvidenceProblemCode, (more: ProblemDetails) => Problem>> = {
  'evidence.certified-signature': problems.certifiedWrong,
  'evidence.certificate-expired': problems.certificateExpired,
  'evidence.certificate-revoked': problems.certificateRevoked,
  'evidence.revocation-unknown': problems.revocationUnknown,
};

/** Over the very bytes of the text: what authorities' tools sign is a file. */
const certifiedSignature = async (
  deps: AgreementsDeps,
  tx: Tx,
  bytes: Uint8Array,
  given: CertifiedSignature,
  creditCode: string,
): Promise<NewSignature> => {
  const authority = deps.authorities?.find(({ id }) => id === given.authority);
  if (!authority) throw problems.authorityUnknown({ field: 'body.certified.authority' });
  const { id, title } = authority;
  const signature = Buffer.from(given.signature, 'base64');
  try {
    const found = await authority.verify({
      bytes,
      signature: new Uint8Array(signature),
      certificates: certificatesInPem(given.certificates),
      at: tx.now,
    });
    const { keyId, subject, serialHex, path } = found;
    if (found.creditCode !== creditCode)
      throw problems.certificateNotYours({ field: 'body.certified.certificates', detail: found.creditCode });
    const chain = path.map((one) => Buffer.from(one).toString('base64'));
    const { zh, en } = title;
    const certified = { authorityId: id, authority: { zh, en }, certificateHolder: subject, serialHex, chain };
    return { keyId, level: 'licensed-ca', signature: signature.toString('base64'), certified, protocol: null };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    const { code, message } = error;
    const refusal = refusals[code] ?? problems.certificateRefused;
    const field = code === 'evidence.certified-signature' ? 'signature' : 'certificates';
    throw refusal({ field: `body.certified.${field}`, detail: { zh: chineseOf(error), en: message } });
  }
};

/** Signs the canonical bytes in the name of the actor's organisation; the last signature puts the contract into effect. */
export const signContract = async (
  deps: AgreementsDeps,
  tx: Tx,
  id: string,
  documentHash: string,
  external?: CertifiedSignature,
): Promise<void> => {
  const { contract, side } = await asParty(tx, id);
  const me = tx.actor.participant;
  const version = await textToSign(deps, tx, contract, documentHash);
  if (await paperOf(tx, id, version.number)) throw problems.waysMixed();
  const before = await signaturesOf(tx, id, version.number);
  if (before.some((one) => one.participant === me)) throw problems.alreadySigned();
  const bytes = Buffer.from(version.document!, 'utf8');
  const made = external
    ? await certifiedSignature(deps, tx, bytes, external, contract[side].creditCode)
    : await platformSignature(deps, tx, me, bytes);
  await insertSignature(tx, version, { participant: me, ...made });
  await audit(tx, {
    action: 'agreements.contract.sign',
    subject: id,
    data: {
      version: version.number,
      documentHash,
      keyId: made.keyId,
      level: made.level,
      ...(made.certified ? { authority: made.certified.authorityId, serial: made.certified.serialHex } : {}),
    },
  });
  await tell(tx, 'agreements.contract.signed', contract, { version: version.number, by: me });
  const signed = new Set([...before.map((one) => one.participant), me]);
  if (partiesOf(contract).every((party) => signed.has(party))) await takeEffect(deps, tx, contract, version, 'online');
};

/** With the organisation's platform key, in the context of agreements: contracts of this room, and those that others draw up. */
export const platformSignature = async (
  deps: Pick<AgreementsDeps, 'signerFor'>,
  tx: Tx,
  participant: string,
  bytes: Uint8Array,
): Promise<NewSignature> => {
  const signer = await deps.signerFor(tx, participant);
  const signature = Buffer.from(await signInContext(signer, 'agreement', bytes)).toString('base64');
  return { keyId: signer.keyId, level: signer.level, signature, certified: null, protocol: null };
};

/**
 * A contract that was negotiated over the Dataspace Protocol: the consumer signs by its messages there, whose sender federation
 * has identified; the supplier, who agreed by its rules or its people, by the platform's key. It takes effect.
 */
export const signByProtocol = async (
  deps: AgreementsDeps,
  tx: Tx,
  id: string,
  protocol: ProtocolSignature,
): Promise<void> => {
  const contract = await lockContract(tx, id);
  if (!contract) throw new Error(`no contract ${id}`);
  // Where both are of this node, their people may have signed it here meanwhile.
  if (contract.state === 'effective') return;
  const open = await openVersion(tx, id);
  const version = await textToSign(deps, tx, contract, open?.documentHash ?? '');
  if (await paperOf(tx, id, version.number)) throw problems.waysMixed();
  const signed = new Set((await signaturesOf(tx, id, version.number)).map((one) => one.participant));
  const [supplier, buyer] = partiesOf(contract);
  const own = await platformSignature(deps, tx, supplier, Buffer.from(version.document!, 'utf8'));
  const level = 'dataspace-protocol';
  const theirs = { keyId: protocol.sender, level, signature: protocol.verification.digest, certified: null, protocol };
  for (const [participant, made] of [
    [supplier, own],
    [buyer, theirs],
  ] as const) {
    if (signed.has(participant)) continue;
    await insertSignature(tx, version, { participant, ...made });
    await audit(tx, {
      action: 'agreements.contract.sign',
      subject: id,
      participant,
      data: { version: version.number, documentHash: version.documentHash!, keyId: made.keyId, level: made.level },
    });
    await tell(tx, 'agreements.contract.signed', contract, { version: version.number, by: participant });
  }
  await takeEffect(deps, tx, contract, version, 'online');
};

/** A contract signed by hand: one party files the scan, the other confirms that it says what was locked. */
export const filePaper = async (
  deps: AgreementsDeps,
  tx: Tx,
  id: string,
  documentHash: string,
  object: StoredObject,
): Promise<void> => {
  const { contract } = await asParty(tx, id);
  const version = await textToSign(deps, tx, contract, documentHash);
  if ((await signaturesOf(tx, id, version.number)).length > 0) throw problems.waysMixed();
  await putPaper(tx, version, tx.actor.participant, object);
  await audit(tx, {
    action: 'agreements.contract.paperUpload',
    subject: id,
    data: { version: version.number, digest: object.digest },
  });
};

export const confirmPaper = async (
  deps: AgreementsDeps,
  tx: Tx,
  id: string,
  digest: string,
  documentHash: string,
): Promise<void> => {
  const { contract } = await asParty(tx, id);
  const me = tx.actor.participant;
  const version = await textToSign(deps, tx, contract, documentHash);
  const paper = await paperOf(tx, id, version.number);
  if (!paper) throw problems.wrongState({ detail: { zh: '尚未上传纸质合同', en: 'no paper was uploaded' } });
  if (paper.digest !== digest) throw problems.hashDiffers({ field: 'body.digest' });
  if (paper.confirmedBy.includes(me)) throw problems.alreadySigned();
  const confirmed = [...paper.confirmedBy, me];
  await setPaperConfirmed(tx, version, confirmed);
  await audit(tx, {
    action: 'agreements.contract.paperConfirm',
    subject: id,
    data: { version: version.number, digest },
  });
  await tell(tx, 'agreements.contract.signed', contract, { version: version.number, by: me });
  if (partiesOf(contract).every((party) => confirmed.includes(party)))
    await takeEffect(deps, tx, contract, version, 'paper');
};

const takeEffect = async (
  deps: AgreementsDeps,
  tx: Tx,
  contract: Contract,
  version: ContractVersion,
  way: 'online' | 'paper',
): Promise<void> => {
  const bound =
    way === 'paper'
      ? (await paperOf(tx, contract.id, version.number))!.confirmedBy
      : (await signaturesOf(tx, contract.id, version.number)).map((one) => one.participant);
  if (!partiesOf(contract).every((party) => bound.includes(party))) throw new Error(`${contract.id} lacks a signature`);
  const amends = version.number > 1;
  if (amends) {
    const before = (await findVersion(tx, contract.id, contract.currentVersion))!;
    await saveVersion(tx, { ...before, state: 'superseded' });
  }
  await saveVersion(tx, { ...version, state: 'effective', effectiveAt: tx.now });
  const state = amends ? contract.state : orThrow(nextState(contract.state, 'takeEffect', 'system'));
  const paper = await issueContract(deps, tx, contract, version);
  const { policyHash, from, until } = version;
  const saved: Contract = {
    ...contract,
    state,
    currentVersion: version.number,
    policyHash,
    from,
    until,
    paper,
    effectiveAt: contract.effectiveAt ?? tx.now,
  };
  await saveContract(tx, saved);
  const data = {
    version: version.number,
    policyHash: policyHash!,
    from: from!.toISOString(),
    until: until!.toISOString(),
    paper,
  };
  await audit(tx, {
    action: amends ? 'agreements.contract.amend' : 'agreements.contract.takeEffect',
    subject: contract.id,
    participant: contract.participant,
    data,
  });
  await tell(tx, amends ? 'agreements.contract.amended' : 'agreements.contract.effective', saved, data);
};

/**
 * Whose platform keys sign the paper. Of a party that signed by hand or with its own certificate the platform's key states
 * nothing: then the operator states what was filed.
 */
const signersOf = (contract: Contract, signatures: readonly ContractSignature[], operator: string) => {
  const byPlatform = (party: string) =>
    signatures.some((one) => one.participant === party && !one.certified && !one.protocol);
  const { supplier, buyer } = contract;
  const parties = [
    { participant: supplier.participant, role: 'supplier' },
    { participant: buyer.participant, role: 'buyer' },
  ].filter(({ participant }) => byPlatform(participant));
  return parties.length === 2 ? parties : [...parties, { participant: operator, role: 'operator' }];
};

/** As the paper has it: with the certificates, so that an auditor can check the signature without asking us. */
const statedSignature = ({ person: _, certified, protocol, at, ...one }: ContractSignature): Json => ({
  ...one,
  at: at.toISOString(),
  ...(certified ? { certified } : {}),
  ...(protocol
    ? {
        protocol: {
          sender: protocol.sender,
          agreement: protocol.agreement.digest,
          verification: protocol.verification.digest,
        },
      }
    : {}),
});

/** The paper of both parties: a commitment in the public log, contents with the parties only. */
const issueContract = async (
  deps: AgreementsDeps,
  tx: Tx,
  contract: Contract,
  version: ContractVersion,
): Promise<string> => {
  const signatures = await signaturesOf(tx, contract.id, version.number);
  const scan = await paperOf(tx, contract.id, version.number);
  const operator = await deps.operator(tx);
  const text = JSON.parse(version.document!) as Record<string, Json> & { template: { title: Text } };
  const { zh, en } = text.template.title;
  const title = version.number === 1 ? { zh, en } : { zh: `${zh}（变更）`, en: `${en} (amended)` };
  const { id } = await deps.issue.paper(tx, {
    kind: 'contract',
    title,
    number: version.number === 1 ? contract.number! : `${contract.number}-${version.number}`,
    document: {
      contract: text,
      documentHash: version.documentHash!,
      signatures: signatures.map(statedSignature),
      ...(scan ? { signedPaper: { digest: scan.digest, confirmedBy: scan.confirmedBy } } : {}),
    },
    parties: partiesOf(contract),
    signers: signersOf(contract, signatures, operator.id),
    disclosure: 'commitment',
    look: lookOf(contract, version, text, signatures, operator.name),
    retentionClass: 'contract',
  });
  return id;
};
