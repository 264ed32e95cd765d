/** What was asked cannot be begun: the command line is wrong, or what it names cannot be used. Exit status 2, and nothing was done. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Context } from './command.ts';

export class Misuse extends Error {}

type Language = Context['language'];

const portMax = 65_535;

const words = {
  zh: {
    unknown: (option: string) => `没有 ${option} 这个选项`,
    value: (option: string) => `${option} 后面要有一个值`,
    noValue: (option: string) => `${option} 后面不带值`,
    port: (text: string) => `--port 是 0 到 ${portMax} 之间的整数，不是“${text}”`,
    extra: (word: string) => `不明白“${word}”：这里不需要别的参数`,
  },
  en: {
    unknown: (option: string) => `there is no option ${option}`,
    value: (option: string) => `${option} needs a value`,
    noValue: (option: string) => `${option} takes no value`,
    port: (text: string) => `--port is a whole number up to ${portMax}, and not "${text}"`,
    extra: (word: string) => `"${word}" is not understood: no further argument is needed here`,
  },
} as const;

/** Of Node's message only what stands in quotes is kept: the option or word at fault, without the short forms beside it. */
const plainly = (error: NodeJS.ErrnoException, language: Language): string => {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const option = /--[\w-]+/.exec(quoted)?.[0] ?? quoted;
  const word = words[language];
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return word.unknown(option);
  if (error.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return word.extra(quoted);
  return /does not take an argument/.test(error.message) ? word.noValue(option) : word.value(option);
};

export const readPort = (text: string, language: Language): number => {
  if (!/^\d{1,5}$/.test(text) || Number(text) > portMax) throw new Misuse(words[language].port(text));
  return Number(text);
};

/** As `parseArgs`; what it refuses is told in plain words. */
export const readArgs = <T extends ParseArgsConfig>(config: T, language: Language): ReturnType<typeof parseArgs<T>> => {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error;
    throw new Misuse(plainly(error as NodeJS.ErrnoException, language));
  }
};
