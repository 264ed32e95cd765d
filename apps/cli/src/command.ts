/** `shugu VERB …` from its words to its exit status: 0 holds, 1 does not hold or failed, 2 misuse (docs/operate/commands.md). */
import { resolve } from 'node:path';
import { reasonOf } from './failure.ts';
import { Misuse } from './misuse.ts';
import { note, say } from './say.ts';
import { help, helpOf, usageOf, verbs } from './verbs.ts';

export interface Context {
  language: 'zh' | 'en';
  /** Where the caller stands: file arguments are relative to it. */
  cwd: string;
}

const helpWords = ['help', '--help', '-h'];

const unknown = (name: string, language: Context['language']): number => {
  note(language === 'zh' ? `shugu: 没有“${name}”这个命令\n` : `shugu: there is no verb "${name}"\n`);
  note(help(language));
  return 2;
};

export const command = async (argv: readonly string[], language: Context['language']): Promise<number> => {
  const [name = 'help', ...args] = argv.filter((one) => !/^--lang(=|$)/.test(one));
  if (helpWords.includes(name)) {
    const [asked] = args;
    if (asked === undefined || helpWords.includes(asked)) say(help(language));
    else if (!Object.hasOwn(verbs, asked)) return unknown(asked, language);
    else say(helpOf(asked, language));
    return 0;
  }
  if (!Object.hasOwn(verbs, name)) return unknown(name, language);
  if (args.some((one) => ['--help', '-h'].includes(one))) {
    say(helpOf(name, language));
    return 0;
  }
  try {
    const verb = await verbs[name]!.load();
    return await verb.run(args, { language, cwd: resolve(process.env.SHUGU_CWD ?? process.cwd()) });
  } catch (error) {
    note(`shugu ${name}: ${reasonOf(error, language)}`);
    if (process.env.SHUGU_LOG_LEVEL === 'debug') note((error as Error).stack);
    if (!(error instanceof Misuse)) return 1;
    note(usageOf(name, language));
    return 2;
  }
};
