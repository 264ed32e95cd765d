/** A computation contract as the terminal tells it: what each party learns and what that rests on first, then who signed and what is left. */
import { createHash } from 'node:crypto';
import type { Trust } from '@shugu/evidence';
import type { CallOutput } from '@shugu/wire';
import type { getComputation } from '@shugu/wire/compute';
import type { Context } from '../command.ts';
import { dim, green, red, say } from '../say.ts';
import { holds } from './signatures.ts';

export type Contract = CallOutput<typeof getComputation>;
export type Use = Contract['history'][number];
type Language = Context['language'];

const words = {
  zh: {
    states: {
      draft: '起草中，待签署',
      signed: '已签署，待生效',
      active: '生效中',
      exhausted: '次数用完',
      expired: '已到期',
      revoked: '已撤销',
    },
    modes: {
      cleanRoom: '洁净室（交易所节点上计算）',
      shares: '秘密分享（数据留在双方）',
      psi: '隐私求交（数据留在双方）',
    },
    uses: {
      reserved: '等待运行',
      running: '运行中',
      held: '输出待数据持有单位查看',
      released: '已发布',
      failed: '未完成',
      returned: '已退回，不计次',
    },
    learn: '各方会知道什么：',
    trust: '前提与会透露的大小：',
    owners: (names: string, recipients: string) => `数据持有单位：${names}；结果接收单位：${recipients}`,
    query: '约定的查询：',
    left: (left: number, total: number) => `还可使用 ${left} 次（共 ${total} 次）`,
    period: (left: number, most: number, renewsAt: string) =>
      `本期还有 ${left} 次（每期 ${most} 次），下一期自 ${renewsAt} 起`,
    budget: (left: number) => `各方隐私预算还够 ${left} 次`,
    term: (from: string, until: string, fen: string) => `${from} 至 ${until}；每次 ${fen} 分`,
    digest: (digest: string) => `合约摘要 ${digest}`,
    signed: (name: string, how: string, level: string) => `${name} 已签署（${how}，${level}）`,
    holds: (yes: boolean) => (yes ? '签名与原文相符' : '签名与原文或信任文件不符'),
    unsigned: (name: string) => `${name} 未签署`,
    ended: (reason: string) => `结束原因：${reason}`,
    use: (number: number, state: string, id: string) => `第 ${number} 次：${state}（${id}）`,
    broken: '交易所给出的原文与其摘要不符：请勿签署',
    signSo: (id: string, digest: string) =>
      `读过并同意后签署：./shugu compute sign --contract ${id} --digest ${digest} --url … --key-file …`,
  },
  en: {
    states: {
      draft: 'draft, to be signed',
      signed: 'signed, not begun',
      active: 'active',
      exhausted: 'all uses taken',
      expired: 'expired',
      revoked: 'revoked',
    },
    modes: {
      cleanRoom: 'clean room (computed on the exchange’s node)',
      shares: 'secret shares (data stay with both owners)',
      psi: 'private intersection (data stay with both owners)',
    },
    uses: {
      reserved: 'waits to run',
      running: 'running',
      held: 'its output waits for the owners’ look',
      released: 'released',
      failed: 'not done',
      returned: 'given back, does not count',
    },
    learn: 'What each party learns:',
    trust: 'What that rests on, and what sizes tell:',
    owners: (names: string, recipients: string) => `owners of data: ${names}; recipients: ${recipients}`,
    query: 'The agreed query:',
    left: (left: number, total: number) => `${left} of ${total} uses left`,
    period: (left: number, most: number, renewsAt: string) =>
      `${left} of ${most} in this period; the next one begins ${renewsAt}`,
    budget: (left: number) => `privacy budgets of all owners bear ${left} more`,
    term: (from: string, until: string, fen: string) => `from ${from} until ${until}; ${fen} fen a use`,
    digest: (digest: string) => `digest of the contract ${digest}`,
    signed: (name: string, how: string, level: string) => `${name} has signed (${how}, ${level})`,
    holds: (yes: boolean) => (yes ? 'signature over this very text' : 'NO signature over this text by a known key'),
    unsigned: (name: string) => `${name} has not signed`,
    ended: (reason: string) => `ended: ${reason}`,
    use: (number: number, state: string, id: string) => `use ${number}: ${state} (${id})`,
    broken: 'the text that the exchange gives is not of its digest: do not sign it',
    signSo: (id: string, digest: string) =>
      `to sign, once you have read and agreed: ./shugu compute sign --contract ${id} --digest ${digest} --url … --key-file …`,
  },
} as const;

const list = (items: readonly string[], language: Language) => items.join(language === 'zh' ? '、' : ', ');

/** Whether the text is the one that its digest names: what is signed is the digest. */
export const isOfDigest = ({ document, digest }: Pick<Contract, 'document' | 'digest'>): boolean =>
  `sha256:${createHash('sha256').update(document).digest('hex')}` === digest;

/** By whose key, in which suite, and whether each signature stands over this very text. */
export const signaturesIn = ({ document, signatures }: Contract, trust: Trust) => {
  const bytes = new Uint8Array(Buffer.from(document, 'utf8'));
  return signatures.map((one) => ({
    by: one.by,
    suite: one.publicKey.crv,
    level: one.level,
    at: one.at,
    holds: holds(one, bytes, trust),
  }));
};

export const tellExplained = (explained: Contract['explained'], trust: Contract['trust'], language: Language): void => {
  const word = words[language];
  say(word.learn);
  for (const line of explained) say(`- ${line[language]}`);
  say(word.trust);
  say(`- ${trust[language]}`);
};

export const tellUse = (use: Pick<Use, 'number' | 'state' | 'id' | 'reason'>, language: Language): void => {
  const word = words[language];
  say(
    `  ${word.use(use.number, word.uses[use.state], use.id)}${use.reason ? `${language === 'zh' ? '：' : ': '}${use.reason[language]}` : ''}`,
  );
};

export const tellContract = (of: Contract, trust: Trust, language: Language): void => {
  const word = words[language];
  say(`${of.title} · ${word.states[of.state]} · ${word.modes[of.mode]}`);
  say(of.purpose);
  const names = (parties: Contract['owners']) =>
    list(
      parties.map(({ name }) => name),
      language,
    );
  say(word.owners(names(of.owners), names(of.recipients)));
  tellExplained(of.explained, of.trust, language);
  if (of.query.sql) say(`${word.query}\n  ${of.query.sql}`);
  say(word.left(of.uses.left, of.uses.total));
  if (of.usesPer) say(word.period(of.usesPer.left, of.usesPer.most, of.usesPer.renewsAt));
  if (of.privacy) {
    say(word.budget(of.privacy.usesLeft));
    if (of.privacy.warning) say(of.privacy.warning[language]);
  }
  say(word.term(of.from, of.until, of.priceFen));
  say(word.digest(of.digest));
  const found = signaturesIn(of, trust);
  for (const { id, name } of of.owners) {
    const one = found.find(({ by }) => by.id === id);
    if (!one) say(`  ${word.unsigned(name)}`);
    else
      say(
        `  ${one.holds ? green('✓') : red('✗')} ${word.signed(name, one.suite, one.level)} ${dim(word.holds(one.holds))}`,
      );
  }
  if (of.reason) say(word.ended(of.reason));
  for (const use of of.history) tellUse(use, language);
  if (!isOfDigest(of)) say(red(word.broken));
  else if (of.state === 'draft' && of.yours.owner && !of.yours.signed) say(dim(word.signSo(of.id, of.digest)));
};

export const tellLine = (
  { id, title, state, mode, uses }: Pick<Contract, 'id' | 'title' | 'state' | 'mode' | 'uses'>,
  language: Language,
): void => {
  const word = words[language];
  say(`${id}  ${title} · ${word.states[state]} · ${word.modes[mode]} · ${word.left(uses.left, uses.total)}`);
};
