import { type Checkpoint, decodeBase64, leafHash, sha256, TlogError, verifyInclusion } from '@shugu/tlog';
import { canonicalBytes, parseCanonical, readJson } from './canonical.ts';
import { verifyCommitment } from './commitment.ts';
import { commitmentOf } from './entry.ts';
import { type PublicKey, publicKeyFromJwk } from './keys.ts';
import { chineseOf, EvidenceError } from './problem.ts';
import {
  committedManifest,
  incompleteCallsOf,
  meterRole,
  type ReceiptSegment,
  type ReceiptsFile,
  type ReceiptsRange,
  rangeOf,
  segmentKind,
  signedReceipts,
  type UsageManifest,
  type UsageReceipt,
  type UsageTotal,
} from './receipts.ts';
import { readReceipts, receiptsLimits } from './receipts-shape.ts';
import { type SignerLevel, signerLevels, verifyInContext } from './signer.ts';
import { missingStamp, unstampedNotice } from './stamp/check.ts';
import type { Label, SuiteName } from './suites.ts';
import type { Trust } from './trust.ts';
import { offlineNotice } from './verify-bundle.ts';
import { type AsOf, type Check, checkCheckpoint, isIncluded } from './verify-log.ts';

/** What a record says of a use; the rest of it is covered by its bytes all the same. */
export type ReadUse = {
  use: string;
  grant: string;
  contract: string;
  product: string;
  source: string;
  sequence: number;
  at: number;
  status: 'complete' | 'incomplete' | 'failed';
  units: { calls: number; rows: number; bytes: number };
  corrects?: string;
  reason?: string;
  part?: true;
};

export type ReceiptsReport = {
  /** Every check holds. Show nothing of the file as true when this is false. */
  ok: boolean;
  checks: Check[];
  grant?: string;
  node?: string;
  issued?: string;
  contracts?: string[];
  products?: string[];
  period?: { from: string; until: string };
  range?: ReceiptsRange;
  /** Instants of the first and the last use, RFC 3339. */
  firstAt?: string;
  lastAt?: string;
  total?: UsageTotal;
  signer?: { keyId: string; holder?: string; level: SignerLevel; levelLabel: Label };
  /** The checkpoints under which the segments stand. */
  asOf: (AsOf & { origin: string; suite: SuiteName })[];
  notice: Label;
};

/**
 * Verifies a file of receipts against what the caller trusts, without network. Never throws for any bytes. The file's
 * signature covers every byte of it; what is checked beyond is that each part says what it must.
 */
export async function verifyReceipts(bytes: Uint8Array, trust: Trust): Promise<ReceiptsReport> {
  const notice = {
    zh: `${unstampedNotice.zh}${offlineNotice.zh}`,
    en: `${unstampedNotice.en} ${offlineNotice.en}`,
  };
  const report: ReceiptsReport = { ok: false, checks: [], asOf: [], notice };
  const file = readStrictly(bytes);
  add(
    report,
    'format',
    !(file instanceof Error),
    '回执包逐字节符合规范编码',
    'the file is the one canonical encoding of what it says, byte by byte',
    file,
  );
  if (file instanceof Error) return report;
  const { grant, node, issued, period } = file;
  Object.assign(report, { grant, node, issued, period, range: rangeOf(file) });
  const keys = new Map(file.keys.map(({ keyId, jwk }) => [keyId, publicKeyFromJwk(jwk)]));
  checkSigner(file, keys, trust, report);
  const checkpoints = await checkCheckpoints(file, trust, report);
  checkSegments(file, keys, checkpoints, trust, report);
  checkUses(file, report);
  // Files of receipts carry no stamp: whoever requires one cannot believe them.
  if (trust.stampRequired) report.checks.push({ id: 'stamp', ok: false, ...missingStamp });
  report.ok = report.checks.every((check) => check.ok);
  return report;
}

function add(report: ReceiptsReport, id: string, ok: boolean, zh: string, en: string, why?: unknown): void {
  const reason = !ok && why instanceof Error ? why : undefined;
  report.checks.push({
    id,
    ok,
    zh: ok ? zh : `不成立：${zh}${reason ? `（${chineseOf(reason)}）` : ''}`,
    en: ok ? en : `does not hold: ${en}${reason ? ` (${reason.message})` : ''}`,
  });
}

function readStrictly(bytes: Uint8Array): ReceiptsFile | Error {
  try {
    return readReceipts(parseCanonical(bytes, { bytesMax: receiptsLimits.bytesMax }));
  } catch (problem) {
    if (problem instanceof EvidenceError || problem instanceof TlogError) return problem;
    throw problem;
  }
}

/** A listed key must be one of a meter; where the trust file lists none, the log must vouch for it by a segment. */
function trusted(keyId: string, file: ReceiptsFile, trust: Trust): boolean {
  if (!trust.keys) return file.segments.some(({ manifest }) => manifest.keyId === keyId);
  return trust.keys.some(
    (one) =>
      one.keyId === keyId &&
      one.roles.includes(meterRole) &&
      (one.notAfter === undefined || Date.parse(file.issued) <= Date.parse(one.notAfter)),
  );
}

function checkSigner(file: ReceiptsFile, keys: Map<string, PublicKey>, trust: Trust, report: ReceiptsReport): void {
  const { signature, ...receipts } = file;
  const { keyId, level } = file.signer;
  const key = keys.get(keyId)!;
  const message = signedReceipts(receipts, key.suite);
  const holder = trust.keys?.find((one) => one.keyId === keyId)?.holder;
  const levelLabel = signerLevels[level];
  report.signer = { keyId, ...(holder ? { holder } : {}), level, levelLabel };
  const who = holder ?? keyId;
  const ok = verifyInContext(key, 'receipt', message, decodeBase64(signature));
  add(
    report,
    'signature',
    ok,
    `${who}签名声明：所列期间与记录范围内的回执全部在此`,
    `${who} has signed that these are all receipts of the period and records named`,
  );
  add(
    report,
    'signer.known',
    trusted(keyId, file, trust),
    '签署方为受信任的计量密钥',
    'who signed is trusted as a meter',
  );
}

async function checkCheckpoints(file: ReceiptsFile, trust: Trust, report: ReceiptsReport) {
  const found: (Checkpoint | undefined)[] = [];
  for (const { note, ...log } of file.checkpoints) {
    const seen = await checkCheckpoint({ ...log, checkpoint: note }, trust, report.checks);
    if (seen) report.asOf.push({ origin: log.origin, suite: log.suite, ...seen.asOf });
    found.push(seen?.checkpoint);
  }
  const used = new Set(file.segments.map(({ log }) => log.checkpoint));
  if (used.size !== file.checkpoints.length)
    add(report, 'checkpoints.used', false, '每个检查点都有用量分段引用', 'every checkpoint belongs to a segment');
  return found;
}

/** First fault of a segment, if it has any. */
function segmentFault(
  { manifest, log }: ReceiptSegment,
  file: ReceiptsFile,
  keys: Map<string, PublicKey>,
  checkpoint: Checkpoint | undefined,
): string | undefined {
  const { origin: _, suite } = file.checkpoints[log.checkpoint]!;
  if (manifest.lastSequence - manifest.firstSequence + 1 !== manifest.count) return 'count';
  if (!manifestSigned(manifest, keys.get(manifest.keyId)!)) return 'signature';
  const committed = verifyCommitment({
    suite,
    kind: segmentKind,
    record: committedManifest(manifest),
    salt: decodeBase64(log.salt),
    commitment: commitmentOf(log.entry)!,
  });
  if (!committed) return 'log entry';
  return checkpoint && isIncluded({ ...log, suite }, checkpoint) ? undefined : 'inclusion';
}

function manifestSigned({ signature, ...manifest }: UsageManifest, key: PublicKey): boolean {
  return verifyInContext(key, 'segment', canonicalBytes(manifest), decodeBase64(signature));
}

function checkSegments(
  file: ReceiptsFile,
  keys: Map<string, PublicKey>,
  checkpoints: readonly (Checkpoint | undefined)[],
  trust: Trust,
  report: ReceiptsReport,
): void {
  let fault: Error | undefined;
  const sources = rangeOf(file).sources.map(({ source }) => source);
  for (const [i, segment] of file.segments.entries()) {
    const { manifest } = segment;
    const before = file.segments[i - 1]?.manifest;
    const wrong =
      (sources.includes(manifest.source) ? undefined : 'source') ??
      segmentFault(segment, file, keys, checkpoints[segment.log.checkpoint]) ??
      (trusted(manifest.keyId, file, trust) ? undefined : 'key') ??
      (before ? linkFault(before, manifest) : undefined);
    if (wrong) fault ??= new Error(`${manifest.source}/${manifest.segment}: ${wrong}`);
  }
  const count = file.segments.length;
  add(
    report,
    'segments',
    fault === undefined,
    `${count}个用量分段均经计量密钥签名，且在公开日志之中`,
    `segments: ${count}, each signed by the meter and in the public log`,
    fault,
  );
}

/** Segments stand in order, source after source, and neighbours are linked by digest. */
function linkFault(before: UsageManifest, manifest: UsageManifest): string | undefined {
  if (manifest.source !== before.source) return manifest.source > before.source ? undefined : 'order';
  if (manifest.segment <= before.segment || manifest.firstSequence <= before.lastSequence) return 'order';
  if (manifest.segment > before.segment + 1) return undefined;
  return manifest.previousDigest === before.digest && manifest.firstSequence === before.lastSequence + 1
    ? undefined
    : 'chain';
}

function readUse({ manifest }: ReceiptSegment, receipt: UsageReceipt, file: ReceiptsFile): ReadUse | string {
  const payload = decodeBase64(receipt.payload);
  const index = receipt.sequence - manifest.firstSequence;
  const included =
    index >= 0 &&
    verifyInclusion({
      hash: sha256,
      index,
      size: manifest.count,
      leaf: leafHash(sha256, payload),
      proof: receipt.path.map(decodeBase64),
      root: new Uint8Array(Buffer.from(manifest.root, 'hex')),
    });
  if (!included) return 'path';
  const use = useIn(payload);
  if (!use) return 'record';
  if (use.sequence !== receipt.sequence || use.source !== manifest.source) return 'sequence';
  if (use.grant.split('.', 1)[0] !== file.grant) return 'grant';
  const inTime = use.at >= Date.parse(file.period.from) && use.at < Date.parse(file.period.until);
  const range = rangeOf(file).sources.find(({ source }) => source === use.source);
  return inTime && range && use.sequence > range.after && use.sequence <= range.through ? use : 'period';
}

const texts = ['use', 'grant', 'contract', 'product', 'source', 'status'] as const;

/** Undefined for what is no record of a use, however well its bytes are proven. */
function useIn(payload: Uint8Array): ReadUse | undefined {
  try {
    const use = readJson(payload) as Partial<ReadUse> | null;
    const numbers = [use?.sequence, use?.at, use?.units?.calls, use?.units?.rows, use?.units?.bytes];
    const whole = numbers.every(Number.isSafeInteger) && texts.every((name) => typeof use?.[name] === 'string');
    return whole && Math.abs(use!.at!) <= 8.64e15 ? (use as ReadUse) : undefined;
  } catch (problem) {
    if (problem instanceof EvidenceError) return undefined;
    throw problem;
  }
}

function checkUses(file: ReceiptsFile, report: ReceiptsReport): void {
  const uses: ReadUse[] = [];
  let fault: Error | undefined;
  let doubled = false;
  const last = new Map<string, number>();
  const ids = new Set<string>();
  for (const segment of file.segments)
    for (const receipt of segment.receipts) {
      const use = readUse(segment, receipt, file);
      if (typeof use === 'string') {
        fault ??= new Error(`${segment.manifest.source} ${receipt.sequence}: ${use}`);
        continue;
      }
      doubled ||= use.sequence <= (last.get(use.source) ?? 0) || ids.has(use.use);
      last.set(use.source, use.sequence);
      ids.add(use.use);
      uses.push(use);
    }
  const count = uses.length;
  add(
    report,
    'receipts',
    fault === undefined,
    `${count}条回执均在各自用量分段之中，且属于该授权与期间`,
    `receipts: ${count}, each in its segment, and of this grant and period`,
    fault,
  );
  add(
    report,
    'receipts.once',
    !doubled,
    '回执按序号排列，没有重复',
    'receipts are in the order of their numbers, none twice',
  );
  describe(uses, report);
  const same = JSON.stringify(report.total) === JSON.stringify(inOrderOf(file.total));
  add(
    report,
    'total',
    same,
    '合计与所声明的一致，没有缺少',
    'they add up to what the file states, and none is missing',
  );
}

const inOrderOf = ({ receipts, calls, incompleteCalls, rows, bytes }: UsageTotal): UsageTotal => ({
  receipts,
  calls,
  incompleteCalls,
  rows,
  bytes,
});

function describe(uses: readonly ReadUse[], report: ReceiptsReport): void {
  const sum = (unit: keyof ReadUse['units']) => uses.reduce((total, one) => total + one.units[unit], 0);
  report.total = {
    receipts: uses.length,
    calls: sum('calls'),
    incompleteCalls: uses.reduce((total, use) => total + incompleteCallsOf(use), 0),
    rows: sum('rows'),
    bytes: sum('bytes'),
  };
  report.contracts = [...new Set(uses.map(({ contract }) => contract))];
  report.products = [...new Set(uses.map(({ product }) => product))];
  const times = uses.map(({ at }) => at).sort((a, b) => a - b);
  if (times.length === 0) return;
  report.firstAt = new Date(times[0]!).toISOString();
  report.lastAt = new Date(times.at(-1)!).toISOString();
}
