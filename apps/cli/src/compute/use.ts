/** `shugu compute take|result`: a recipient takes a use of a contract, and fetches what came of it with what proves that. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { getComputation, getComputationResult, runComputation } from '@shugu/wire/compute';
import { proofOf } from '@shugu/wire/compute-proof';
import { trust as roots } from '@shugu/wire/kernel';
import type { Context } from '../command.ts';
import { readArgs } from '../misuse.ts';
import { dim, green, note, red, say } from '../say.ts';
import { contractIn, contractOptions, exchangeOptions, numberIn, openExchange, pairsIn, useIn } from './asked.ts';
import { csvOf } from './opening.ts';
import { evidenceOf } from './papers.ts';
import { type Contract, tellUse, type Use } from './told.ts';

const secondsMax = 86_400;
const lookMilliseconds = 300;

const words = {
  zh: {
    taken: (number: number, id: string) => `已占用第 ${number} 次使用（${id}）`,
    elsewhere: (contract: string, use: string) =>
      `数据留在双方：各自在数据旁运行 ./shugu compute run --contract ${contract} --use ${use} --input FILE …`,
    late: '等待超时；稍后用 compute show 查看，用 compute result 取结果',
    fetch: (use: string) => `取结果：./shugu compute result --use ${use} --out DIR …`,
    held: '按合约，输出须由各数据持有单位的人员查看并批准后才能取得',
    left: (left: number, total: number) => `还可使用 ${left} 次（共 ${total} 次）`,
    noise: (name: string, deviation: string) => `${name} 含噪声，标准差约 ${deviation}`,
    noProof: '早先的结果没有承诺，不能离线核验，未写证明文件',
    kept: (out: string, rows: number) => `结果 ${rows} 行与证明文件在 ${out}；核验：./shugu compute verify ${out}`,
  },
  en: {
    taken: (number: number, id: string) => `use ${number} is taken (${id})`,
    elsewhere: (contract: string, use: string) =>
      `data stay with both owners: each runs, beside them, ./shugu compute run --contract ${contract} --use ${use} --input FILE …`,
    late: 'waited as long as was said; look later with compute show, and fetch with compute result',
    fetch: (use: string) => `fetch it: ./shugu compute result --use ${use} --out DIR …`,
    held: 'by the contract a person of every owner looks at the output and approves it before it can be fetched',
    left: (left: number, total: number) => `${left} of ${total} uses left`,
    noise: (name: string, deviation: string) => `${name} has noise, with a standard deviation of about ${deviation}`,
    noProof: 'this earlier result has no commitment and cannot be checked offline: no proof was written',
    kept: (out: string, rows: number) =>
      `${rows} ${rows === 1 ? 'row' : 'rows'} of result and the proof are in ${out}; check them: ./shugu compute verify ${out}`,
  },
} as const;

const takeOptions = {
  ...contractOptions,
  value: { type: 'string', multiple: true, default: [] as string[] },
  wait: { type: 'string', default: '600' },
} as const;

const pairForm = 'NAME=VALUE';

/** Exit status 0 where the use ended released, or waits for its owners or their processes; 1 where it failed or did not end in time. */
export const take = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const word = words[language];
  const { values } = readArgs({ args, options: takeOptions }, language);
  const id = contractIn(values.contract, language);
  const asked = pairsIn('--value', values.value, pairForm, language);
  const seconds = numberIn('--wait', values.wait, secondsMax, language);
  const client = await openExchange(values, context);
  const read = (): Promise<Contract> => client.call(getComputation, { params: { id } });
  const { query, shares } = await read();
  const taken = await client.call(runComputation, {
    params: { id },
    body: { query: query.digest, values: Object.fromEntries(asked) },
  });
  if (!values.json) say(word.taken(taken.number, taken.id));
  const seen = async (): Promise<{ now: Contract; use: Use }> => {
    const until = performance.now() + seconds * 1000;
    for (;;) {
      const now = await read();
      const use = now.history.find((one) => one.id === taken.id) ?? taken;
      if (shares || use.endedAt !== null || use.state === 'held' || performance.now() >= until) return { now, use };
      await pause(lookMilliseconds);
    }
  };
  const { now, use } = await seen();
  const ended = use.state === 'released' || use.state === 'held' || shares !== null;
  if (values.json) {
    const { number, state, reason, rows } = use;
    say(JSON.stringify({ ok: ended, contract: id, use: use.id, number, state, reason, rows, uses: now.uses }));
    return ended ? 0 : 1;
  }
  if (shares) say(word.elsewhere(id, use.id));
  else {
    tellUse(use, language);
    if (use.state === 'released') say(green(word.fetch(use.id)));
    else if (use.state === 'held') say(word.held);
    else if (use.endedAt === null) say(red(word.late));
  }
  say(dim(word.left(now.uses.left, now.uses.total)));
  return ended ? 0 : 1;
};

const resultOptions = { ...exchangeOptions, use: { type: 'string' }, out: { type: 'string' } } as const;

/** The figures, one file with what proves them, and whose keys that stands on. */
export const result = async (args: string[], context: Context): Promise<number> => {
  const { language, cwd } = context;
  const word = words[language];
  const { values } = readArgs({ args, options: resultOptions }, language);
  const id = useIn(values.use, language);
  const client = await openExchange(values, context);
  const told = await client.call(getComputationResult, { params: { id } });
  const { columns, rows, trust } = told;
  const evidence = JSON.parse(Buffer.from(await evidenceOf(client, id)).toString('utf8')) as unknown;
  const out = resolve(cwd, values.out ?? join('shugu-use', id));
  await mkdir(out, { recursive: true });
  const texts = rows.map((row) => row.map((cell) => (cell === null ? null : String(cell))));
  const answer = { columns: columns.map(({ name }) => name), rows: texts };
  const keep = (name: string, text: string | Uint8Array) => writeFile(join(out, name), text, { mode: 0o600 });
  await keep('result.csv', csvOf(answer));
  if (told.opening) await keep(`result-${id}.proof.json`, JSON.stringify(proofOf(told, evidence)));
  await keep('rests-on.txt', `${trust.zh}\n\n${trust.en}\n`);
  await keep('trust.json', new Uint8Array(await (await client.raw(roots, {})).arrayBuffer()));
  if (values.json) {
    say(JSON.stringify({ ok: true, use: id, columns, rows, proof: told.opening !== null, out, trust }));
    return 0;
  }
  say(csvOf(answer).trimEnd());
  for (const { name, deviation } of columns)
    if (deviation !== null) say(dim(word.noise(name, deviation.toPrecision(2))));
  say(trust[language]);
  if (!told.opening) note(word.noProof);
  say(green(word.kept(out, rows.length)));
  return 0;
};
