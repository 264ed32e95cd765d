/** `shugu compute show|sign|revoke`: a contract at an exchange, read in plain words, signed as an owner of data, and ended. */
import { getComputation, listComputations, revokeComputation, signComputation } from '@shugu/wire/compute';
import type { Context } from '../command.ts';
import { readArgs } from '../misuse.ts';
import { dim, green, say } from '../say.ts';
import { contractIn, contractOptions, digestIn, openExchange, reasonIn } from './asked.ts';
import { trustOf } from './signatures.ts';
import { isOfDigest, signaturesIn, tellContract, tellLine } from './told.ts';

const words = {
  zh: {
    digest: '请用 --digest sha256:… 给出读过的合约摘要（compute show 会列出）',
    other: '合约摘要与所给的不同，未签署；请重新阅读：',
    broken: '交易所给出的原文与其摘要不符，未签署',
    signed: (how: string) => `已签署（${how}）`,
    waiting: (names: string) => `还等待：${names}`,
    all: '数据持有单位已全部签署',
    revoked: '已撤销：此后不再运行，待发布的输出不给任何人',
    none: '没有计算合约',
    more: '还有更早的，请在门户查看',
  },
  en: {
    digest: 'name the digest of the text that you read with --digest sha256:… (compute show tells it)',
    other: 'the contract has another digest than was named; nothing was signed, read it again:',
    broken: 'the text that the exchange gives is not of its digest; nothing was signed',
    signed: (how: string) => `signed (${how})`,
    waiting: (names: string) => `still waiting for ${names}`,
    all: 'all owners of data have signed',
    revoked: 'revoked: nothing runs any more, and no output that waits is given to anybody',
    none: 'no computation contracts',
    more: 'there are older ones: see the portal',
  },
} as const;

/** Without --contract: which there are. */
export const show = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const { values } = readArgs({ args, options: contractOptions }, language);
  const id = values.contract === undefined ? undefined : contractIn(values.contract, language);
  const client = await openExchange(values, context);
  if (id === undefined) {
    const { items, next } = await client.call(listComputations, {});
    if (values.json) say(JSON.stringify({ ok: true, contracts: items, more: next !== null }));
    else if (items.length === 0) say(words[language].none);
    else for (const one of items) tellLine(one, language);
    if (!values.json && next !== null) say(dim(words[language].more));
    return 0;
  }
  const [shown, trust] = [await client.call(getComputation, { params: { id } }), await trustOf(client)];
  const [whole, checked] = [isOfDigest(shown), signaturesIn(shown, trust)];
  const ok = whole && checked.every(({ holds }) => holds);
  if (values.json) say(JSON.stringify({ ok, contract: shown, whole, signatures: checked }));
  else tellContract(shown, trust, language);
  return ok ? 0 : 1;
};

/** What is signed is named by whoever has read it: a text that changed meanwhile is another. */
export const sign = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const word = words[language];
  const { values } = readArgs({ args, options: { ...contractOptions, digest: { type: 'string' } } }, language);
  const id = contractIn(values.contract, language);
  const digest = digestIn(values.digest, word.digest);
  const client = await openExchange(values, context);
  const read = await client.call(getComputation, { params: { id } });
  if (read.digest !== digest) throw new Error(`${word.other} ${read.digest}`);
  if (!isOfDigest(read)) throw new Error(word.broken);
  const now = await client.call(signComputation, { params: { id }, body: { digest } });
  const found = signaturesIn(now, await trustOf(client));
  // The newest is this one.
  const { suite, holds } = found.at(-1)!;
  if (!holds) throw new Error(word.broken);
  const open = now.owners.filter(({ id: owner }) => !now.signatures.some(({ by }) => by.id === owner));
  if (values.json) {
    say(JSON.stringify({ ok: true, contract: id, digest, suite, state: now.state, waiting: open }));
    return 0;
  }
  say(green(word.signed(suite)));
  say(open.length ? word.waiting(open.map(({ name }) => name).join(language === 'zh' ? '、' : ', ')) : word.all);
  return 0;
};

export const revoke = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const word = words[language];
  const { values } = readArgs({ args, options: { ...contractOptions, reason: { type: 'string' } } }, language);
  const id = contractIn(values.contract, language);
  const reason = reasonIn(values.reason, language);
  const client = await openExchange(values, context);
  const { state } = await client.call(revokeComputation, { params: { id }, body: { reason } });
  say(values.json ? JSON.stringify({ ok: true, contract: id, state }) : green(word.revoked));
  return 0;
};
