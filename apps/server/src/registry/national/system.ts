/**
 * 国家数据产权登记服务系统: public notice, evidence, uniform code. In law a registration is complete only by its evidence. Each
 * call carries a key; the same key gives the same answer, so that a call repeated after a crash changes nothing.
 */
import type { Text } from '../model.ts';

export interface NoticePayload {
  case: string;
  registrar: string;
  fields: Record<string, unknown>;
}

export interface EvidencePayload {
  case: string;
  registrar: string;
  procedure: string;
  /** sha256 over the canonical form of the application and its papers' digests. */
  digest: string;
}

export interface CodePayload {
  case: string;
  registrar: string;
}

export interface NationalSystem {
  /** Said wherever its answers are shown; a simulator says that it is one. */
  label: Text;
  publishNotice(key: string, payload: NoticePayload): Promise<{ number: string; note: string }>;
  /** `on`: day in China, YYYY-MM-DD. */
  depositEvidence(key: string, payload: EvidencePayload): Promise<{ number: string; on: string; note: string }>;
  /** @throws registry.codesExhausted when the registrar's month is full */
  obtainCode(key: string, payload: CodePayload): Promise<{ code: string; note: string }>;
}
