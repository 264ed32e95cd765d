/**
 * Whether a registration certificate that another node issued is recognised: its log must be that of a node which the hub
 * vouches for, and the proof must hold under the key with which that node was let in.
 */
import {
  type BundleReport,
  bundleLimits,
  EvidenceError,
  parseCanonical,
  publicKeyFromJwk,
  readBundle,
  trustFrom,
  verifyBundle,
  vkeyOf,
} from '@shugu/evidence';
import { TlogError } from '@shugu/tlog';
import type { recognitionOutcomes } from '@shugu/wire/nodes';
import type { Peer } from '../model.ts';

export type Outcome = (typeof recognitionOutcomes)[number];

/** As the registry issues it: kernel/issue papers of this kind. */
const certificateKind = 'certificate';

/** Which log a file claims to stand in; undefined where it is no bundle. */
export const claimedOrigin = (bytes: Uint8Array): string | undefined => {
  try {
    return readBundle(parseCanonical(bytes, { bytesMax: bundleLimits.bytesMax })).log.origin;
  } catch (error) {
    if (error instanceof EvidenceError || error instanceof TlogError) return undefined;
    throw error;
  }
};

export interface Judged {
  outcome: Outcome;
  report?: BundleReport;
}

export interface Ground {
  ownLog: boolean;
  peer: Peer | null;
  witnesses: readonly string[];
  quorum: number;
  /** Today, YYYY-MM-DD in Beijing. */
  today: string;
}

const lastDayOf = ({ document }: BundleReport): string =>
  String((document as { validLastDay?: unknown } | undefined)?.validLastDay ?? '');

export const judge = async (bytes: Uint8Array, { ownLog, peer, ...ground }: Ground): Promise<Judged> => {
  if (claimedOrigin(bytes) === undefined) return { outcome: 'notBundle' };
  if (ownLog) return { outcome: 'ownLog' };
  if (!peer) return { outcome: 'peerUnknown' };
  const key = publicKeyFromJwk(peer.key);
  const trust = trustFrom({
    logs: [{ origin: peer.origin, suite: key.suite, vkey: vkeyOf(peer.origin, key) }],
    witnesses: ground.witnesses.map((vkey) => ({ vkey })),
    quorum: ground.quorum,
  });
  const report = await verifyBundle(bytes, trust);
  if (!report.ok) return { outcome: 'proofFails', report };
  if (report.kind !== certificateKind) return { outcome: 'notCertificate', report };
  if (peer.state !== 'active') return { outcome: 'peerEnded', report };
  const lastDay = lastDayOf(report);
  return { outcome: lastDay !== '' && lastDay < ground.today ? 'expired' : 'recognised', report };
};
