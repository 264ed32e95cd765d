/** `shugu compute run`: an owner's part of one use of a contract on shares or on an intersection, beside its data. */
import { access, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EvidenceError, parseTrust, type Trust } from '@shugu/evidence';
import { ComputeError, kusciaSettings, scqlSettings } from '@shugu/private-compute';
import { untilStopped } from '@shugu/server';
import { getComputation } from '@shugu/wire/compute';
import type { Context } from '../command.ts';
import { Misuse, readArgs } from '../misuse.ts';
import { dim, green, note, red, say } from '../say.ts';
import { askedWords, contractIn, numberIn, openExchange, partyOptions } from './asked.ts';
import { openFolder } from './folder.ts';
import { csvOf, saltOf } from './opening.ts';
import { keepPapers } from './papers.ts';
import { PartRefused, type PartStep, playPart, type Refused } from './part.ts';
import { reasonIn } from './reason.ts';

const secondsMax = 86_400;

const words = {
  zh: {
    input: '请用 --input FILE 给出本方的 CSV 文件',
    listen: '--listen 要写成 主机:端口 的样子',
    twice: '--take 与 --use 只能给出一个',
    steps: {
      checked: '合约、查询与文件核对无误',
      waiting: '等待结果接收单位占用一次使用…',
      came: '已到场，等待另一方与交易所…',
      started: '开始计算',
      stated: '已签名陈述，等待各方…',
    } satisfies Record<PartStep, string>,
    refused: {
      mode: '这份合约在本节点上计算，不在数据持有单位处运行',
      digest: '交易所给出的合约与其摘要不符',
      changed: '合约与本方所知的摘要不同：不运行',
      notAnOwner: '合约中没有本方的密钥，或不是 --as 所说的单位',
      signatures: '合约没有由每个数据持有单位以其密钥签署：不运行',
      peer: '对方的密钥不是您所核对的那一方的：不运行；合约中的指纹是',
      peerUnconfirmed: '对方尚未以自己保管的密钥确认这份合约（compute confirm）：不运行',
      query: '合约的执行计划与其查询或约定不符：不运行',
      input: '文件不是签署时承诺的那一份：不运行',
      uses: '本方参与的次数已达合约约定：不再运行',
      period: '本方在这一期参与的次数已达合约约定：下一期再运行',
      played: '本方已参与并陈述过这一次',
      late: '等待超时',
      engineMissing:
        '合约约定的引擎在这里没有：请用 --python PATH 给出装有它的 Python，或用 --scql FILE 给出本方 SCQLBroker 的设置，或用 --kuscia FILE 给出本方 Kuscia 节点的设置；未占用使用',
      engineDiffers: '这里的引擎版本不是合约约定的：不运行；未占用使用',
      link: '这个引擎的连接不加密，双方只能在回环地址（或通到那里的隧道）上相连',
    } satisfies Record<Refused, string>,
    trust: (name: string) => `${name}：不是信任文件`,
    service: (name: string, why: string) => `${name}：不能用作设置（${why}）`,
    released: (rows: number) => `已完成：结果 ${rows} 行`,
    nothing: '已完成：按合约，结果不在本方打开',
    left: (left: number, total: number, period?: { left: number; most: number; renewsAt: string }) =>
      `还可使用 ${left} 次（共 ${total} 次）${period ? `；本期还有 ${period.left} 次（每期 ${period.most} 次），下一期自 ${period.renewsAt} 起` : ''}`,
    returned: '未触及数据，全部签名确认，这次使用已退回，不计次',
    failed: (why: string) => `未完成：${why}`,
    kept: (out: string) => `结果、合约与证据在 ${out}；核验：./shugu compute verify ${out}`,
  },
  en: {
    input: 'name your CSV file with --input FILE',
    listen: '--listen looks like host:port',
    twice: 'give either --take or --use',
    steps: {
      checked: 'contract, query and file are what was signed',
      waiting: 'waiting for a recipient to take a use…',
      came: 'there; waiting for the other owner and the exchange…',
      started: 'computing',
      stated: 'stated and signed; waiting for the others…',
    } satisfies Record<PartStep, string>,
    refused: {
      mode: 'this contract is computed at the node and does not run at its owners',
      digest: 'the contract that the exchange gives is not of its digest',
      changed: 'the contract has another digest than is known here: nothing is run',
      notAnOwner: 'the contract does not have your keys, or you are not whom --as says',
      signatures: 'the contract is not signed by every owner with a key of its own: nothing is run',
      peer: 'the other owner’s keys are not those that it told you: nothing is run; by the contract its fingerprint is',
      peerUnconfirmed:
        'the other owner has not confirmed this contract with the key that it keeps itself (compute confirm): nothing is run',
      query: 'the plan of the contract is not what its query or its terms say: nothing is run',
      input: 'the file is not the one that was committed to: nothing is run',
      uses: 'your part has been played as often as agreed: nothing more is run',
      period: 'your part has been played as often as agreed for this period: run it in the next one',
      played: 'your part of this use has been played and stated',
      late: 'waited as long as was said',
      engineMissing:
        'the engine of the contract is not here: name a Python that has it with --python PATH, or the settings of your SCQLBroker with --scql FILE, or of your Kuscia node with --kuscia FILE; no use was taken',
      engineDiffers: 'the engine here has another version than was agreed: nothing is run, and no use was taken',
      link: 'this engine’s connection is not encrypted: both listen on loopback addresses, or on a tunnel that ends there',
    } satisfies Record<Refused, string>,
    trust: (name: string) => `${name}: not a trust file`,
    service: (name: string, why: string) => `${name}: cannot be used as settings (${why})`,
    released: (rows: number) => `done: ${rows} ${rows === 1 ? 'row' : 'rows'} of result`,
    nothing: 'done: by the contract the result does not open here',
    left: (left: number, total: number, period?: { left: number; most: number; renewsAt: string }) =>
      `${left} of ${total} uses left${period ? `, ${period.left} of ${period.most} in this period; the next one begins ${period.renewsAt}` : ''}`,
    returned: 'no data were touched, as all have signed: the use is given back and does not count',
    failed: (why: string) => `not done: ${why}`,
    kept: (out: string) => `result, contract and evidence are in ${out}; check them: ./shugu compute verify ${out}`,
  },
} as const;

const options = {
  ...partyOptions,
  input: { type: 'string' },
  take: { type: 'boolean', default: false },
  use: { type: 'string' },
  listen: { type: 'string', default: '127.0.0.1:0' },
  address: { type: 'string' },
  wait: { type: 'string', default: '900' },
  python: { type: 'string' },
  scql: { type: 'string' },
  kuscia: { type: 'string' },
  out: { type: 'string' },
  trust: { type: 'string' },
} as const;

const readTrust = async (path: string, language: Context['language']): Promise<Trust> => {
  const { unreadable } = askedWords[language];
  const bytes = await readFile(path).catch(() => {
    throw new Misuse(unreadable(path));
  });
  try {
    return parseTrust(bytes);
  } catch (error) {
    if (error instanceof EvidenceError) throw new Misuse(words[language].trust(path));
    throw error;
  }
};

/** Settings of an engine that the owner runs as a service; undefined where none are named. */
const settingsOf = async <Settings>(
  path: string | undefined,
  language: Context['language'],
  settingsIn: (text: string) => Settings | Promise<Settings>,
): Promise<Settings | undefined> => {
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Misuse(askedWords[language].unreadable(path));
  });
  try {
    return await settingsIn(text);
  } catch (error) {
    if (error instanceof ComputeError) throw new Misuse(words[language].service(path, error.message));
    throw error;
  }
};

/** In the words of whoever asked. */
export const refusedIn = ({ why, detail }: PartRefused, language: Context['language']): Error =>
  new Error(`${words[language].refused[why]}${detail && ` (${detail})`}`);

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language, cwd } = context;
  const word = words[language];
  const { values } = readArgs({ args, options }, language);
  const contract = contractIn(values.contract, language);
  if (!values.input) throw new Misuse(word.input);
  if (values.take && values.use) throw new Misuse(word.twice);
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(values.listen) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new Misuse(word.listen);
  const seconds = numberIn('--wait', values.wait, secondsMax, language);
  const input = resolve(cwd, values.input);
  await access(input).catch(() => {
    throw new Misuse(askedWords[language].unreadable(values.input!));
  });
  const trust = values.trust === undefined ? undefined : await readTrust(resolve(cwd, values.trust), language);
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(cwd, path));
  const scql = await settingsOf(at(values.scql), language, scqlSettings);
  const kuscia = await settingsOf(at(values.kuscia), language, (text) =>
    // Files are named from where the settings are.
    kusciaSettings(text, (file) => readFile(resolve(dirname(at(values.kuscia)!), file), 'utf8')),
  );
  const client = await openExchange(values, context);
  const folder = await openFolder(resolve(cwd, values.party));
  const print = values.json ? note : say;
  const stop = new AbortController();
  void untilStopped().then(() => stop.abort());
  try {
    const bare = host.replace(/^\[|\]$/g, '');
    const outcome = await playPart({
      client,
      folder,
      contract,
      input,
      take: values.take,
      trust,
      ...(values.use ? { use: values.use } : {}),
      ...(values.as ? { as: values.as } : {}),
      ...(values.peer ? { peer: values.peer } : {}),
      listen: { host: bare, port: Number(port), address: values.address ?? bare },
      waitSeconds: seconds,
      ...(values.python ? { python: resolve(cwd, values.python) } : {}),
      ...(scql ? { scql } : {}),
      ...(kuscia ? { kuscia } : {}),
      tell: (step) => print(dim(word.steps[step])),
      signal: stop.signal,
    });
    const { use, ended, report, found } = outcome;
    const ok = ended.state === 'released';
    const out = resolve(cwd, values.out ?? join('shugu-use', use));
    const opened = ok ? outcome.opened : null;
    const answer = opened?.answer ?? null;
    if (!ok && outcome.opened.rows) await rm(outcome.opened.rows, { force: true });
    const hasResult = opened !== null && (opened.answer !== null || opened.rows !== null);
    const proof = hasResult ? { use, salt: saltOf(outcome.terms, folder, use).toString('hex') } : undefined;
    await keepPapers(client, { contract, use, opened, out, proof });
    if (values.json) {
      const { statement, terms, owner } = outcome;
      say(
        JSON.stringify({
          ok,
          use,
          owner,
          state: ended.state,
          reason: ended.reason,
          statement,
          answer,
          report: report ?? found,
          out,
          trust: terms.trust,
        }),
      );
      return ok ? 0 : 1;
    }
    if (answer) {
      say(csvOf(answer).trimEnd());
      say(green(word.released(answer.rows.length)));
    } else if (opened?.rows) say(green(word.released(found?.rowsOut ?? 0)));
    else if (ok) say(green(word.nothing));
    else if (ended.state === 'returned') say(word.returned);
    else say(red(word.failed(ended.reason?.[language] ?? ended.state)));
    if (outcome.fault) say(dim((reasonIn(outcome.fault, language) as Error).message));
    say(outcome.terms.trust[language]);
    const now = await client.call(getComputation, { params: { id: contract } });
    say(dim(word.left(now.uses.left, now.uses.total, now.usesPer ?? undefined)));
    say(dim(word.kept(out)));
    return ok ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    if (error instanceof PartRefused) throw refusedIn(error, language);
    throw reasonIn(error, language);
  }
};
