/** `shugu harvest`: has an exchange read a catalogue elsewhere, shows how far it is, and tells what it changed entry by entry. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CallOutput, Client } from '@shugu/wire';
import {
  createSource,
  type differenceOutcomes,
  getHarvest,
  listDifferences,
  listSources,
  sourceKinds,
  startHarvest,
} from '@shugu/wire/catalogue';
import { askingOptions, openAsking } from './asking.ts';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { dim, green, note, red, say } from './say.ts';

type Run = CallOutput<typeof getHarvest>;
type Difference = CallOutput<typeof listDifferences>['items'][number];
type Outcome = (typeof differenceOutcomes)[number];

export const limits = {
  /** Between two looks at how far it is. */
  lookMilliseconds: 500,
  /** Differences printed for people; `--json` has all. */
  shownMax: 100,
  characters: 60,
} as const;

const words = {
  zh: {
    address: '请给出要采集的目录地址（http:// 或 https://）',
    kind: `请用 --kind 给出目录的种类：${sourceKinds.join('、')}`,
    url: '请用 --url URL 给出交易所地址（http:// 或 https://）',
    key: '请用 --key-file FILE 给出有“管理目录采集源并采集”权限的密钥',
    unreadable: (name: string) => `${name}：无法读取`,
    added: (name: string) => `已登记为采集源“${name}”，不定期采集`,
    progress: ({ pages, counts, total }: Run) =>
      `已读 ${pages} 页：${Object.values(counts).reduce((sum, one) => sum + one, 0)}${total === null ? '' : ` / ${total}`} 条`,
    counts: ({ added, changed, unchanged, withdrawn, refused }: Run['counts']) =>
      `新增 ${added}，变更 ${changed}，不变 ${unchanged}，撤下 ${withdrawn}，拒收 ${refused}`,
    dry: '试采集，未写入任何条目',
    unmodified: '来源答复自上次读取后没有变化（304）',
    incomplete: '来源未能读全，不判断哪些条目已撤下',
    more: (count: number) => `另有 ${count} 条差异，--json 列出全部`,
    ended: { failed: '采集失败', stopped: '采集被停止' },
  },
  en: {
    address: 'name the catalogue to harvest (http:// or https://)',
    kind: `name the kind of catalogue with --kind: ${sourceKinds.join(', ')}`,
    url: 'name the exchange with --url URL (http:// or https://)',
    key: 'give a key that may harvest with --key-file FILE',
    unreadable: (name: string) => `${name}: cannot be read`,
    added: (name: string) => `is now a source, "${name}", without a rhythm`,
    progress: ({ pages, counts, total }: Run) =>
      `${pages} pages read: ${Object.values(counts).reduce((sum, one) => sum + one, 0)}${total === null ? '' : ` of ${total}`} entries`,
    counts: ({ added, changed, unchanged, withdrawn, refused }: Run['counts']) =>
      `${added} added, ${changed} changed, ${unchanged} unchanged, ${withdrawn} withdrawn, ${refused} refused`,
    dry: 'a dry run: no entry was written',
    unmodified: 'the source says that nothing has changed since it was last read (304)',
    incomplete: 'the source could not be read whole: what is gone there is not told',
    more: (count: number) => `${count} differences more; --json has them all`,
    ended: { failed: 'the harvest failed', stopped: 'the harvest was stopped' },
  },
} as const;

const addressOf = (text: string | undefined, word: string): URL => {
  const url = URL.parse(text ?? '');
  if (!url || !/^https?:$/.test(url.protocol)) throw new Misuse(word);
  return url;
};

const sourceFor = async (
  client: Client,
  asked: { kind: (typeof sourceKinds)[number]; address: string; name: string },
  word: (name: string) => string,
): Promise<string> => {
  const { items } = await client.call(listSources, {});
  const known = items.find(({ kind, address }) => kind === asked.kind && address === asked.address);
  if (known) return known.id;
  const made = await client.call(createSource, { body: { ...asked, rhythm: 'manual' } });
  note(dim(`${asked.address} ${word(made.name)}`));
  return made.id;
};

const untilDone = async (client: Client, started: Run, tell: (run: Run) => void): Promise<Run> => {
  let run = started;
  let told = '';
  while (run.state === 'waiting' || run.state === 'running') {
    await pause(limits.lookMilliseconds);
    run = await client.call(getHarvest, { params: { id: run.id } });
    const far = JSON.stringify([run.pages, run.counts]);
    if (run.pages > 0 && far !== told) tell(run);
    told = far;
  }
  return run;
};

const differencesOf = async (client: Client, { id }: Run): Promise<Difference[]> => {
  const found: Difference[] = [];
  for (let after: string | undefined; ; ) {
    const page = await client.call(listDifferences, { params: { id }, query: { limit: 100, after } });
    found.push(...page.items);
    if (!page.next) return found;
    after = page.next;
  }
};

const signs: Record<Outcome, string> = { added: green('+'), changed: '~', withdrawn: red('-'), refused: red('!') };
const short = (text: string): string => {
  const characters = [...text.replaceAll(/\s+/g, ' ')];
  return characters.length > limits.characters
    ? `${characters.slice(0, limits.characters).join('')}…`
    : characters.join('');
};

const print = (run: Run, differences: readonly Difference[], language: Context['language']): void => {
  const word = words[language];
  for (const { outcome, title, foreignId, changes, reason } of differences.slice(0, limits.shownMax)) {
    say(`${signs[outcome]} ${short(title || foreignId)}${reason ? dim(` ${reason[language]}`) : ''}`);
    if (outcome === 'changed')
      for (const { field, before, after } of changes) say(dim(`    ${field}: ${short(before)} → ${short(after)}`));
  }
  if (differences.length > limits.shownMax) say(dim(word.more(differences.length - limits.shownMax)));
  say(word.counts(run.counts));
  if (run.unmodified) say(dim(word.unmodified));
  if (!run.complete) say(dim(word.incomplete));
  if (run.dry) say(dim(word.dry));
  if (run.state === 'failed' || run.state === 'stopped')
    say(red(`${word.ended[run.state]}${run.fault ? `: ${run.fault.title[language]} [${run.fault.code}]` : ''}`));
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language } = context;
  const word = words[language];
  const { values, positionals } = readArgs(
    {
      args,
      allowPositionals: true,
      options: {
        ...askingOptions,
        kind: { type: 'string' },
        name: { type: 'string' },
        dry: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    },
    language,
  );
  if (positionals.length > 1) throw new Misuse(word.address);
  const address = addressOf(positionals[0], word.address);
  const kind = sourceKinds.find((one) => one === values.kind);
  if (!kind) throw new Misuse(word.kind);
  const client = await openAsking(values, word, context);
  const asked = { kind, address: positionals[0]!, name: values.name ?? address.host };
  const source = await sourceFor(client, asked, word.added);
  const started = await client.call(startHarvest, { params: { id: source }, body: { dry: values.dry } });
  const ended = await untilDone(client, started, (far) => note(dim(word.progress(far))));
  const differences = await differencesOf(client, ended);
  const ok = ended.state === 'done';
  if (values.json) say(JSON.stringify({ ok, ...ended, differences }));
  else print(ended, differences, language);
  return ok ? 0 : 1;
};
