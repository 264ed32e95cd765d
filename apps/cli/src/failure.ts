/** What went wrong, in one line that says where: network failures hide theirs in a chain of causes. */
import { ProblemError } from '@shugu/wire';
import type { Context } from './main.ts';

const causeOf = (error: Error): NodeJS.ErrnoException | undefined => {
  for (let one = error.cause; one instanceof Error; one = one.cause)
    if ((one as NodeJS.ErrnoException).code) return one as NodeJS.ErrnoException;
  return undefined;
};

/** True where nobody answered, or stopped answering in the middle. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof TypeError && (error.message === 'fetch failed' || error.message === 'terminated');

export const reasonOf = (error: unknown, language: Context['language']): string => {
  if (isUnreachable(error)) {
    const code = causeOf(error as Error)?.code;
    return `${language === 'zh' ? '交易所没有应答' : 'the exchange does not answer'}${code ? ` (${code})` : ''}`;
  }
  if (error instanceof ProblemError) {
    const { title, next } = error.problem[language];
    const fields = error.problem.errors?.map((fault) => `${fault.field}: ${fault.message}`).join('; ');
    return `${title} [${error.problem.code}]${error.problem.detail ? ` ${error.problem.detail}` : ''}${fields ? ` (${fields})` : ''}${
      next ? (language === 'zh' ? `。${next}` : `. ${next}`) : ''
    }`;
  }
  return error instanceof Error ? error.message : String(error);
};
