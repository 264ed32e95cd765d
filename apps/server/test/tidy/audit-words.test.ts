/** Every act that the audit log can hold has words in both languages: its noun, and what was done. */
import { expect, test } from 'vitest';
import { audit } from '../../../portal/src/i18n/words/audit.ts';
import { isTest, server, sources } from './sources.ts';

const words: Record<string, readonly string[]> = audit;
const code = sources().filter(({ path }) => path.startsWith(`${server}/`) && !isTest(path));
/** `room.noun.verb`, and of an act made from its state `room.noun.`. */
const actions = [
  ...new Set(code.flatMap((one) => [...one.code.matchAll(/action:\s*['`]([a-z][\w.]*)/g)].map((match) => match[1]!))),
].filter((one) => one.split('.').length === 3);

test('each has a noun', () => {
  expect(actions.length).toBeGreaterThan(100);
  const nouns = [...new Set(actions.map((one) => one.split('.').slice(0, 2).join('.')))];
  expect(nouns.filter((one) => !words[`auditNoun.${one}`])).toEqual([]);
});

test('each has a verb', () => {
  const verbs = [...new Set(actions.map((one) => one.split('.')[2]!))].filter(Boolean);
  expect(verbs.filter((one) => !words[`auditVerb.${one}`])).toEqual([]);
});

test('nothing is said in one language only', () => {
  for (const [key, [zh, en]] of Object.entries(words)) {
    expect(zh, key).toMatch(/\p{Script=Han}/u);
    expect(en, key).not.toMatch(/\p{Script=Han}/u);
  }
});
