import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from './compile.ts';
import type { Counters, Decide, UseRequest } from './decide.ts';
import { parsePolicy } from './parse.ts';
import type { RefusalCode } from './refusals.ts';

/** One expected decision. `now` is RFC 3339; `counters.used` is keyed as `calls:month`. */
export type PolicyVector = {
  name: string;
  request: UseRequest;
  counters: Counters;
  now: string;
  expected: { allow: true } | { allow: false; code: RefusalCode; retryAfter?: number };
};

/** A policy with its allowed and refused uses; one file a limit. */
export type PolicyVectorFile = { limit: string; policy: unknown; vectors: PolicyVector[] };

/** The golden pairs: for every limit at least one allowed and one refused. Each delivery path runs the same files. */
export function policyVectors(): PolicyVectorFile[] {
  const folder = fileURLToPath(new URL('../vectors/', import.meta.url));
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as PolicyVectorFile);
}

/** Run the pairs against a decision function; returns what failed, so that a broken one can be shown to fail. */
export function checkVectors(files: readonly PolicyVectorFile[], decide: Decide): string[] {
  return files.flatMap(({ limit, policy, vectors }) => {
    const parsed = parsePolicy(policy);
    if (!parsed.ok) return [`${limit}: ${parsed.problems.map(({ code }) => code).join(', ')}`];
    const compiled = compile(parsed.policy);
    if (!compiled.ok) return [`${limit}: ${compiled.problems.map(({ code }) => code).join(', ')}`];
    return vectors.flatMap(({ name, request, counters, now, expected }) => {
      const got = decide(compiled.plan, request, counters, Date.parse(now));
      const seen = got.allow ? { allow: true } : { allow: false, code: got.code, retryAfter: got.retryAfter };
      const wrong = Object.entries(expected).some(([key, value]) => (seen as Record<string, unknown>)[key] !== value);
      return wrong ? [`${limit} / ${name}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(seen)}`] : [];
    });
  });
}
