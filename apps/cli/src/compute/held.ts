/** `shugu compute outputs|approve|refuse`: the second look of an owner, before recipients get what came of a use. */
import type { CallOutput } from '@shugu/wire';
import { approveOutput, getHeldOutput, listHeldOutputs, refuseOutput } from '@shugu/wire/compute-modules';
import type { Context } from '../command.ts';
import { readArgs } from '../misuse.ts';
import { dim, green, say } from '../say.ts';
import { digestIn, exchangeOptions, openExchange, reasonIn, useIn } from './asked.ts';
import { csvOf } from './opening.ts';
import { tellUse } from './told.ts';

const words = {
  zh: {
    none: '没有等待本单位查看的输出',
    waits: (use: string, title: string, number: number, until: string) =>
      `${use}  ${title}（第 ${number} 次），请在 ${until} 前答复`,
    more: '还有更多，请先答复以上各项',
    digest: (digest: string) => `输出的承诺 ${digest}`,
    answerSo: (use: string, digest: string) =>
      `批准：./shugu compute approve --use ${use} --digest ${digest} …；拒绝：./shugu compute refuse --use ${use} --reason TEXT …`,
    named: '请用 --digest sha256:… 给出看过的输出的承诺（compute outputs --use 会列出）',
    approved: '已批准；全部数据持有单位批准后交给接收单位',
    refused: '已拒绝：输出不给任何人，这次使用仍然计次',
  },
  en: {
    none: 'no output waits for your organisation',
    waits: (use: string, title: string, number: number, until: string) =>
      `${use}  ${title} (use ${number}), to be answered by ${until}`,
    more: 'there are more: answer these first',
    digest: (digest: string) => `commitment of the output ${digest}`,
    answerSo: (use: string, digest: string) =>
      `approve: ./shugu compute approve --use ${use} --digest ${digest} …; refuse: ./shugu compute refuse --use ${use} --reason TEXT …`,
    named: 'name the commitment of the output that you read with --digest sha256:… (compute outputs --use tells it)',
    approved: 'approved; recipients get it once every owner has',
    refused: 'refused: nobody gets it, and the use counts all the same',
  },
} as const;

const useOptions = { ...exchangeOptions, use: { type: 'string' } } as const;

/** Without --use: what waits; with it: what is in it, for an owner's eyes. */
export const outputs = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const word = words[language];
  const { values } = readArgs({ args, options: useOptions }, language);
  const id = values.use === undefined ? undefined : useIn(values.use, language);
  const client = await openExchange(values, context);
  if (id === undefined) {
    const { items, next } = await client.call(listHeldOutputs, {});
    if (values.json) say(JSON.stringify({ ok: true, outputs: items, more: next !== null }));
    else if (items.length === 0) say(word.none);
    else for (const { use, title, number, until } of items) say(word.waits(use, title, number, until));
    if (!values.json && next !== null) say(dim(word.more));
    return 0;
  }
  const held = await client.call(getHeldOutput, { params: { id } });
  if (values.json) {
    say(JSON.stringify({ ok: true, ...held }));
    return 0;
  }
  const rows = held.rows.map((row) => row.map((cell) => (cell === null ? null : String(cell))));
  say(csvOf({ columns: held.columns.map(({ name }) => name), rows }).trimEnd());
  say(held.trust[language]);
  say(word.digest(held.digest));
  say(dim(word.answerSo(id, held.digest)));
  return 0;
};

const tellAnswered = (
  use: CallOutput<typeof approveOutput>,
  answered: string,
  json: boolean,
  language: Context['language'],
): number => {
  if (json) say(JSON.stringify({ ok: true, use: use.id, state: use.state }));
  else {
    say(green(answered));
    tellUse(use, language);
  }
  return 0;
};

export const approve = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const word = words[language];
  const { values } = readArgs({ args, options: { ...useOptions, digest: { type: 'string' } } }, language);
  const id = useIn(values.use, language);
  const digest = digestIn(values.digest, word.named);
  const client = await openExchange(values, context);
  const use = await client.call(approveOutput, { params: { id }, body: { digest } });
  return tellAnswered(use, word.approved, values.json, language);
};

export const refuse = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const word = words[language];
  const { values } = readArgs({ args, options: { ...useOptions, reason: { type: 'string' } } }, language);
  const id = useIn(values.use, language);
  const reason = reasonIn(values.reason, language);
  const client = await openExchange(values, context);
  const use = await client.call(refuseOutput, { params: { id }, body: { reason } });
  return tellAnswered(use, word.refused, values.json, language);
};
