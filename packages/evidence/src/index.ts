export {
  type Attachment,
  assembleCore,
  attachmentOf,
  type BundleCore,
  type BundleKey,
  type BundleLog,
  type BundleSignature,
  buildBundle,
  bundleEntry,
  draftStatement,
  type SignedStatement,
  type Statement,
  signedMessage,
  signStatement,
} from './bundle.ts';
export { type BundleFile, bundleLimits, readBundle, readCore, readStatement } from './bundle-shape.ts';
export {
  type CanonicalLimits,
  canonicalBytes,
  canonicalBytesMax,
  canonicalDepthMax,
  type Json,
  parseCanonical,
} from './canonical.ts';
export {
  type Certified,
  type CertifyingAuthority,
  certifiedLimits,
  checkAuthority,
  verifyCertified,
} from './certified.ts';
export { claimedFormat, type EvidenceFormat } from './claimed.ts';
export { commit, saltBytes, verifyCommitment } from './commitment.ts';
export { type Context, contexts, inContext } from './contexts.ts';
export {
  clearEntry,
  commitmentEntry,
  commitmentOf,
  entryBytes,
  type LogEntry,
  paddingEntry,
  parseEntry,
  undisclosedKind,
} from './entry.ts';
export { newSealingKey, open, seal, sealingKeyBytes } from './fields.ts';
export {
  generateKey,
  keyIdShape,
  type PrivateKey,
  type PublicJwk,
  type PublicKey,
  privateKeyFrom,
  publicJwk,
  publicKeyFrom,
  publicKeyFromJwk,
  publicPem,
} from './keys.ts';
export { checkpointSigner, type KnownVerifier, type NoteUse, verifierOf, vkeyOf, witnessSigner } from './notes.ts';
export { chineseOf, EvidenceError, type EvidenceProblemCode } from './problem.ts';
export {
  type DatedCheckpoint,
  judgePromise,
  type LogPromise,
  makeDatedCheckpoint,
  makePromise,
  type PromiseReport,
  type PromiseVerdict,
  promiseBytesMax,
  verifyPromise,
} from './promise.ts';
export {
  buildReceipts,
  committedManifest,
  type EndingReason,
  incompleteCallsOf,
  meterRole,
  orderedNote,
  type ReceiptSegment,
  type Receipts,
  type ReceiptsFile,
  type ReceiptsRange,
  type SourceRange,
  segmentKind,
  type UsageManifest,
  type UsageTotal,
} from './receipts.ts';
export { readReceipts, receiptsLimits } from './receipts-shape.ts';
export { openKey, scryptCost, sealKey, type Unlock } from './sealed-key.ts';
export {
  type Signer,
  type SignerLevel,
  signerLevels,
  signInContext,
  softwareSigner,
  verifyInContext,
  verifySignature,
} from './signer.ts';
export {
  acceptStamp,
  type Stamp,
  type StampAuthority,
  stampAhead,
  stampAheadSecondsMax,
  stampedBytes,
  stampRequest,
  verifyStamp,
} from './stamp/stamp.ts';
export { tokenLimits } from './stamp/token.ts';
export {
  digestText,
  isSuiteName,
  type Label,
  type Random,
  type SignatureAlgorithm,
  type Suite,
  type SuiteName,
  suite,
} from './suites.ts';
export {
  formatTrust,
  parseTrust,
  stampAuthorities,
  type Trust,
  type TrustedCertifyingAuthority,
  type TrustedKey,
  type TrustedLog,
  type TrustedStampAuthority,
  type TrustedWitness,
  type TrustInput,
  trustFrom,
} from './trust.ts';
export {
  type BundleFiles,
  type BundleReport,
  type ReportedSigner,
  verifyBundle,
} from './verify-bundle.ts';
export type { AsOf, Check } from './verify-log.ts';
export { type ReadUse, type ReceiptsReport, verifyReceipts } from './verify-receipts.ts';
export { certificatesInPem, certificateTerm } from './x509/certificate.ts';
export { type RevocationList, readRevocationList, revocationListBytesMax } from './x509/revocation.ts';
