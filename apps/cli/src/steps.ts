/** Steps of a walk: each does something, says what was proven, and counts as failed when it throws or its proof does not hold. */
import { dim, green, red, say } from './say.ts';

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

export const makeWalk = (language: 'zh' | 'en', quiet: boolean): Walk => {
  const results: StepResult[] = [];
  const step: Walk['step'] = async (name, title, run) => {
    const started = performance.now();
    const result: StepResult = { name, ok: true, ms: 0, title: title[language], proven: [] };
    const prove: Prove = (fact, holds = true) => {
      if (!holds)
        throw new StepFailed(`${name}: ${fact[language]} — ${language === 'zh' ? '不成立' : 'does not hold'}`);
      result.proven.push(fact[language]);
    };
    try {
      return await run(prove);
    } catch (error) {
      result.ok = false;
      result.failure = (error as Error).message;
      throw error;
    } finally {
      result.ms = Math.round(performance.now() - started);
      results.push(result);
      if (!quiet) {
        say(`${result.ok ? green('✓') : red('✗')} ${result.title} ${dim(`${result.ms} ms`)}`);
        for (const fact of result.proven) say(`    ${fact}`);
        if (result.failure) say(red(`    ${result.failure}`));
      }
    }
  };
  return { results, step };
};
