/** `shugu compute prepare`: what an owner tells whoever drafts a contract on shares: its keys, and a commitment to its file. */
import { resolve } from 'node:path';
import { partyFingerprint, tableCommitment } from '@shugu/private-compute';
import type { Context } from '../command.ts';
import { Misuse, readArgs } from '../misuse.ts';
import { dim, say } from '../say.ts';
import { openFolder, type PartyFolder } from './folder.ts';
import { reasonIn } from './reason.ts';

const words = {
  zh: {
    input: '请用 --input FILE 给出本方的 CSV 文件',
    fingerprint: (text: string) => `本方指纹 ${text}：请当面或电话告知对方，对方用 compute confirm --peer 核对`,
    kept: (path: string) => `密钥与盐留在 ${path}，请备份并勿外传；文件改动后须另签合约`,
  },
  en: {
    input: 'name your CSV file with --input FILE',
    fingerprint: (text: string) =>
      `your fingerprint is ${text}: tell it to the other owner yourself, who gives it to compute confirm --peer`,
    kept: (path: string) =>
      `keys and salt stay in ${path}: keep a copy, give it to nobody; a changed file needs another contract`,
  },
} as const;

/** As a data set of the draft has it, without owner and table. */
export const preparedSet = async (folder: PartyFolder, input: string, join: string | undefined) => ({
  // Either side's key is looked for in the own file alone.
  commitment: await tableCommitment(
    input,
    folder.salt,
    { align: join ? { first: join, second: join } : 'place' },
    'first',
  ),
  channelKey: folder.channelKey,
  signingKey: folder.signingKey,
});

export const run = async (args: string[], { language, cwd }: Context): Promise<number> => {
  const { values } = readArgs(
    {
      args,
      options: {
        input: { type: 'string' },
        join: { type: 'string' },
        party: { type: 'string', default: '.shugu-party' },
        json: { type: 'boolean', default: false },
      },
    },
    language,
  );
  if (!values.input) throw new Misuse(words[language].input);
  const folder = await openFolder(resolve(cwd, values.party));
  const set = await preparedSet(folder, resolve(cwd, values.input), values.join).catch((error: unknown) => {
    throw reasonIn(error, language);
  });
  const fingerprint = partyFingerprint(folder);
  say(JSON.stringify(values.json ? { ok: true, ...set, fingerprint } : set, undefined, values.json ? undefined : 2));
  if (!values.json) {
    say(words[language].fingerprint(fingerprint));
    say(dim(words[language].kept(folder.path)));
  }
  return 0;
};
