/** Lines for people. Chinese unless the locale or --lang=en says otherwise. */
export const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** Progress and remarks, where standard output is for the answer. */
export const note = (line = ''): void => void process.stderr.write(`${line}\n`);

export const languageOf = (argv: readonly string[]): 'zh' | 'en' => {
  const asked = argv.find((one) => one.startsWith('--lang='))?.slice(7);
  if (asked === 'en' || asked === 'zh') return asked;
  const locale = process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || '';
  return /^en/i.test(locale) ? 'en' : 'zh';
};

const colours = process.stdout.isTTY && !process.env.NO_COLOR;
export const green = (text: string): string => (colours ? `\u001b[32m${text}\u001b[0m` : text);
export const red = (text: string): string => (colours ? `\u001b[31m${text}\u001b[0m` : text);
export const dim = (text: string): string => (colours ? `\u001b[2m${text}\u001b[0m` : text);
