/**
 * The national system over HTTP, for a licensed registrar: the operator's adapter translates three posts into what its access
 * contract asks for. A post repeated with its `Idempotency-Key` gets the same answer. What comes back is checked, since a
 * certificate is built on it.
 *
 *   POST /notices   NoticePayload   → { number, note }
 *   POST /evidence  EvidencePayload → { number, on, note }
 *   POST /codes     CodePayload     → { code, note }; 409 when the month's codes are used up
 */
import { z } from 'zod';
import { parseCertificateCode } from '../identifiers.ts';
import type { RegistrySettings } from '../model.ts';
import { registryProblems } from '../problems.ts';
import type { NationalSystem } from './system.ts';

export const nationalLimits = { patienceSeconds: 30, answerBytesMax: 20_000 } as const;

const number = z.string().min(1).max(100);
const note = z.string().max(500).default('');
const notice = z.object({ number, note });
const evidence = z.object({ number, on: z.iso.date(), note });
const code = z.object({ code: z.string(), note });

export interface NationalAccess extends RegistrySettings {
  url: string;
  key: string;
  request: typeof fetch;
}

export const nationalOverHttp = (access: NationalAccess): NationalSystem => {
  const { url, key: secret, region, registrarDigit, request } = access;
  if (!/^\d{2}$/.test(region) || !/^\d$/.test(registrarDigit) || secret === '')
    throw new Error('the national system needs SHUGU_NATIONAL_KEY, SHUGU_REGISTRAR_REGION and SHUGU_REGISTRAR_DIGIT');
  const base = url.replace(/\/$/, '');

  const post = async <Answer>(path: string, key: string, payload: object, shape: z.ZodType<Answer>) => {
    const response = await request(`${base}/${path}`, {
      method: 'POST',
      body: JSON.stringify(payload),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}`, 'idempotency-key': key },
      redirect: 'error',
      signal: AbortSignal.timeout(nationalLimits.patienceSeconds * 1000),
    });
    const text = await response.text();
    if (path === 'codes' && response.status === 409) throw registryProblems.codesExhausted();
    if (!response.ok) throw new Error(`the national system answered ${response.status}: ${text.slice(0, 300)}`);
    if (text.length > nationalLimits.answerBytesMax) throw new Error('the answer of the national system is too long');
    return shape.parse(JSON.parse(text));
  };

  return {
    label: { zh: '国家数据产权登记服务系统', en: 'National registration system' },
    publishNotice: (key, payload) => post('notices', key, payload, notice),
    depositEvidence: (key, payload) => post('evidence', key, payload, evidence),
    obtainCode: async (key, payload) => {
      const answer = await post('codes', key, payload, code);
      const parsed = parseCertificateCode(answer.code);
      if (parsed?.region !== region || parsed.registrar !== registrarDigit)
        throw new Error(`the national system gave a code of another registrar: ${answer.code.slice(0, 40)}`);
      return answer;
    },
  };
};
