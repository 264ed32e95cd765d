import { type Checkpoint, decodeBase64, TlogError } from '@shugu/tlog';
import { type BundleCore, type BundleLog, type BundleSignature, signedMessage } from './bundle.ts';
import { type BundleFile, bundleLimits, readBundle } from './bundle-shape.ts';
import { canonicalBytes, type Json, parseCanonical } from './canonical.ts';
import { checkCertified } from './certified-parties.ts';
import { verifyCommitment } from './commitment.ts';
import { commitmentOf, undisclosedKind } from './entry.ts';
import { type PublicKey, publicKeyFromJwk } from './keys.ts';
import { chineseOf, EvidenceError } from './problem.ts';
import { type SignerLevel, signerLevels, verifyInContext } from './signer.ts';
import { checkStamp } from './stamp/check.ts';
import type { Stamp } from './stamp/stamp.ts';
import { digestText, type Label, type SuiteName } from './suites.ts';
import type { Trust, TrustedKey } from './trust.ts';
import { type AsOf, type Check, checkCheckpoint, isIncluded } from './verify-log.ts';

export type ReportedSigner = {
  keyId: string;
  role: string;
  level: SignerLevel;
  levelLabel: Label;
  /** From the trust file; undefined when it doesn't list the key. */
  holder?: string;
};

export type BundleReport = {
  /** Every check holds. Show nothing of a bundle as true when this is false. */
  ok: boolean;
  checks: Check[];
  kind?: string;
  title?: Label;
  issued?: string;
  node?: string;
  document?: Json;
  signers: ReportedSigner[];
  attachments: { name: string; compared: boolean }[];
  asOf?: AsOf & { origin: string; suite: SuiteName; index: number };
  /** The outside time stamp over the checkpoint, verified. Without one, only the node and its witnesses speak of its time. */
  stamp?: Stamp;
  notice: Label;
};

/** Contents of the files that travel beside the bundle, by name. */
export type BundleFiles = ReadonlyMap<string, Uint8Array>;

export const offlineNotice: Label = {
  zh: '本次验证仅说明截至所列检查点时的状态；此后的撤销或变更无法离线获知，请向签发节点查询。',
  en: 'This says what held as of the checkpoint named here; a later withdrawal or change is not known offline. Ask the issuing node.',
};

/**
 * Verifies a bundle against what the caller trusts, without network. Never throws for any bytes: whatever is wrong is a
 * failed check. (A trust value that `trustFrom` would refuse does throw.) Each byte of a bundle is covered by one of the checks; none is skipped as unknown.
 */
export async function verifyBundle(
  bytes: Uint8Array,
  trust: Trust,
  options: { files?: BundleFiles } = {},
): Promise<BundleReport> {
  const report: BundleReport = { ok: false, checks: [], signers: [], attachments: [], notice: offlineNotice };
  const add = (id: string, ok: boolean, zh: string, en: string) => report.checks.push({ id, ok, zh, en });
  const bundle = readStrictly(bytes);
  if (bundle instanceof Error) {
    add('format', false, `不是规范的凭证包：${chineseOf(bundle)}`, `not a canonical bundle: ${bundle.message}`);
    return report;
  }
  add(
    'format',
    true,
    '凭证包逐字节符合规范编码',
    'the file is the one canonical encoding of what it says, byte by byte',
  );
  const { log, ...core } = bundle;
  const { kind, title, issued, node, document } = core;
  Object.assign(report, { kind, title, issued, node, document });
  checkSignatures(core, trust, report);
  const seen = await checkCheckpoint({ ...log, size: log.inclusion.size }, trust, report.checks);
  if (seen) {
    const { origin, suite: name, index } = log;
    report.asOf = { origin, suite: name, index, ...seen.asOf };
  }
  checkEntry(core, log, report);
  if (seen) {
    checkInclusion(log, seen.checkpoint, report);
    checkStamp(log, core.issued, trust, report);
  }
  if (kind === 'contract') checkCertified(document, trust, report);
  checkAttachments(core, log.suite, options.files, report);
  report.ok = report.checks.every((check) => check.ok);
  return report;
}

function readStrictly(bytes: Uint8Array): BundleFile | Error {
  try {
    return readBundle(parseCanonical(bytes, { bytesMax: bundleLimits.bytesMax }));
  } catch (problem) {
    if (problem instanceof EvidenceError || problem instanceof TlogError) return problem;
    throw problem;
  }
}

function checkSignatures(core: BundleCore, trust: Trust, report: BundleReport): void {
  const { signatures, keys, ...statement } = core;
  const bytes = canonicalBytes(statement);
  const digests = new Map<SuiteName, string>();
  for (const [i, signature] of signatures.entries()) {
    const key = publicKeyFromJwk(keys.find(({ keyId }) => keyId === signature.keyId)?.jwk);
    const digest = digests.get(key.suite) ?? digestText(key.suite, bytes);
    digests.set(key.suite, digest);
    const known = trust.keys?.find(({ keyId }) => keyId === key.keyId);
    addSignatureChecks(i, signature, signatureHolds(key, digest, signature), known, core.issued, report);
  }
  if (trust.keys && !report.signers.some(({ holder }) => holder !== undefined)) {
    report.checks.push({
      id: 'signer.known',
      ok: false,
      zh: '签署方均不在信任文件所列密钥之中',
      en: 'none of the signers is among the keys of the trust file',
    });
  }
}

function signatureHolds(key: PublicKey, statementDigest: string, signature: BundleSignature): boolean {
  const message = signedMessage(statementDigest, signature);
  return verifyInContext(key, 'bundle', message, decodeBase64(signature.signature));
}

function addSignatureChecks(
  i: number,
  { keyId, role, level }: BundleSignature,
  ok: boolean,
  known: TrustedKey | undefined,
  issued: string,
  report: BundleReport,
): void {
  const who = known?.holder ?? keyId;
  const label = signerLevels[level];
  report.checks.push({
    id: `signature.${i}`,
    ok,
    zh: ok ? `签名有效：${who}（${role}，${label.zh}）` : `签名无效：${who}（${role}）`,
    en: ok ? `signature holds: ${who} (${role}, ${label.en})` : `signature is wrong: ${who} (${role})`,
  });
  report.signers.push({ keyId, role, level, levelLabel: label, ...(known ? { holder: known.holder } : {}) });
  if (!known) return;
  const inTime = known.notAfter === undefined || Date.parse(issued) <= Date.parse(known.notAfter);
  const allowed = inTime && known.roles.includes(role);
  report.checks.push({
    id: `signer.${i}`,
    ok: allowed,
    zh: allowed ? `${who}有权以${role}身份签署` : inTime ? `${who}无权以${role}身份签署` : `${who}的密钥在签发时已失效`,
    en: allowed
      ? `${who} may sign as ${role}`
      : inTime
        ? `${who} may not sign as ${role}`
        : `the key of ${who} had ended when this was issued`,
  });
}

function checkEntry(core: BundleCore, log: BundleLog, report: BundleReport): void {
  const { form, kind } = log.entry;
  const kindFits = kind === core.kind || (form === 'commitment' && kind === undisclosedKind);
  const ok = kindFits && entryCommits(core, log);
  report.checks.push({
    id: 'log.entry',
    ok,
    zh: ok ? '日志条目承诺的正是本凭证包' : '日志条目承诺的不是本凭证包',
    en: ok ? 'the log entry commits to exactly this bundle' : 'the log entry commits to something else',
  });
}

function entryCommits(core: BundleCore, { suite: name, entry, salt }: BundleLog): boolean {
  if (entry.form === 'commitment') {
    const commitment = commitmentOf(entry)!;
    return verifyCommitment({ suite: name, kind: core.kind, record: core, salt: decodeBase64(salt ?? ''), commitment });
  }
  const { bundle, document, ...rest } = entry.body;
  if (Object.keys(rest).length > 0 || bundle !== digestText(name, canonicalBytes(core))) return false;
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return false;
  const whole = Object(core.document) as { [member: string]: Json };
  const same = (a: Json, b: Json) => Buffer.compare(canonicalBytes(a), canonicalBytes(b)) === 0;
  return Object.entries(document).every(
    ([member, value]) => Object.hasOwn(whole, member) && same(value, whole[member]!),
  );
}

function checkInclusion(log: BundleLog, checkpoint: Checkpoint, report: BundleReport): void {
  const ok = isIncluded({ ...log, proof: log.inclusion.proof }, checkpoint);
  report.checks.push({
    id: 'inclusion',
    ok,
    zh: ok ? `条目${log.index}在日志的前${checkpoint.size}条之中` : '包含证明不成立',
    en: ok
      ? `entry ${log.index} is among the first ${checkpoint.size} of the log`
      : 'the inclusion proof does not hold',
  });
}

function checkAttachments(
  core: BundleCore,
  logSuite: SuiteName,
  files: BundleFiles | undefined,
  report: BundleReport,
): void {
  for (const [i, attachment] of core.attachments.entries()) {
    const bytes = files?.get(attachment.name);
    report.attachments.push({ name: attachment.name, compared: bytes !== undefined });
    if (!bytes) continue;
    const ok = bytes.length === attachment.size && digestText(logSuite, bytes) === attachment.digest;
    report.checks.push({
      id: `attachment.${i}`,
      ok,
      zh: ok ? `附件一致：${attachment.name}` : `附件不一致：${attachment.name}`,
      en: ok ? `the attachment is the one named: ${attachment.name}` : `the attachment differs: ${attachment.name}`,
    });
  }
  for (const name of files?.keys() ?? []) {
    if (core.attachments.some((attachment) => attachment.name === name)) continue;
    report.checks.push({
      id: 'attachment.unknown',
      ok: false,
      zh: `凭证包未载明此文件：${name}`,
      en: `the bundle knows nothing of this file: ${name}`,
    });
  }
}
