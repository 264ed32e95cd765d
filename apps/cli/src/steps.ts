/** Steps of a walk: each does something, says what was proven, and counts as failed when it throws or its proof does not hold. */
import { reasonOf } from './failure.ts';
import { dim, green, red } from './say.ts';

export interface StepResult {
  name: string;
  ok: boolean;
  ms: number;
  title: string;
  proven: string[];
  failure?: string;
}

export interface Walk {
  results: StepResult[];
  /** Runs a step; `prove(what, holds)` records one fact. Returns what the step returns; throws on failure, so that the walk ends there. */
  step<T>(name: string, title: { zh: string; en: string }, run: (prove: Prove) => Promise<T>): Promise<T>;
}

export type Prove = (fact: { zh: string; en: string }, holds?: boolean) => void;

export class StepFailed extends Error {}

/** `print` gets each line for people as it comes; without it the walk is silent. */
export const makeWalk = (language: 'zh' | 'en', print: (line: string) => void = () => {}): Walk => {
  const results: StepResult[] = [];
  const step: Walk['step'] = async (name, title, run) => {
    const started = performance.now();
    const result: StepResult = { name, ok: true, ms: 0, title: title[language], proven: [] };
    const prove: Prove = (fact, holds = true) => {
      if (!holds) throw new StepFailed(`${fact[language]} — ${language === 'zh' ? '不成立' : 'does not hold'}`);
      result.proven.push(fact[language]);
    };
    try {
      return await run(prove);
    } catch (error) {
      result.ok = false;
      result.failure = reasonOf(error, language);
      throw error;
    } finally {
      result.ms = Math.round(performance.now() - started);
      results.push(result);
      print(`${result.ok ? green('✓') : red('✗')} ${result.title} ${dim(`${result.ms} ms`)}`);
      for (const fact of result.proven) print(`    ${fact}`);
      if (result.failure) print(red(`    ${result.failure}`));
    }
  };
  return { results, step };
};
