/** `shugu compute draft`: a contract from a file as the API takes it, or from a template, the own data and what is said of the others'. */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CallInput, Client } from '@shugu/wire';
import { computeLimits, draftComputation, previewComputation } from '@shugu/wire/compute';
import { type RoomStart, roomStarts } from '@shugu/wire/compute-templates';
import { getResource } from '@shugu/wire/registry';
import type { Context } from '../command.ts';
import { Misuse, readArgs } from '../misuse.ts';
import { green, say } from '../say.ts';
import { askedWords, exchangeOptions, numberIn, openExchange, pairsIn } from './asked.ts';
import { trustOf } from './signatures.ts';
import { tellContract, tellExplained } from './told.ts';

type Language = Context['language'];
type Body = CallInput<typeof draftComputation>['body'];
type Room = Extract<Body, { mode: 'cleanRoom' }>;
const templates = Object.keys(roomStarts) as (keyof typeof roomStarts)[];

const dataForm = 'TABLE=res_… | TABLE=org_…,res_…,sha256:…';
const valuesForm = 'NAME=VALUE,VALUE…';

const words = {
  zh: {
    source: `请给出合约的 JSON 文件，或用 --template 选择模板：${templates.join('、')}`,
    both: '文件与 --template 只能给出一个',
    json: (name: string) => `${name}：不是 JSON`,
    missing: (option: string) => `用模板起草还需要 ${option}`,
    table: (table: string) => `模板中没有表 ${table}`,
    values: (name: string) => `模板中没有参数或分组 ${name}`,
    noData: (resource: string) => `${resource}：还没有可用的数据，或不是本单位可见的`,
    date: (option: string) => `${option} 要写成 2026-07-01 的样子`,
    written: (path: string) => `已写入 ${path}：改好字段名等后，./shugu compute draft ${path} --url … --key-file …`,
    drafted: (id: string) => `已起草 ${id}`,
    notYet: '以上只是预览，未起草',
  },
  en: {
    source: `name the contract’s JSON file, or a template with --template: ${templates.join(', ')}`,
    both: 'give either a file or --template',
    json: (name: string) => `${name}: not JSON`,
    missing: (option: string) => `a draft from a template needs ${option}, too`,
    table: (table: string) => `the template has no table ${table}`,
    values: (name: string) => `the template has no parameter or group ${name}`,
    noData: (resource: string) => `${resource}: has no data that are ready, or is not yours to see`,
    date: (option: string) => `${option} looks like 2026-07-01`,
    written: (path: string) =>
      `written to ${path}: with names of columns and so on put right, ./shugu compute draft ${path} --url … --key-file …`,
    drafted: (id: string) => `drafted as ${id}`,
    notYet: 'a preview: nothing was drafted',
  },
} as const;

const texts = { type: 'string', multiple: true, default: [] as string[] } as const;
const options = {
  ...exchangeOptions,
  template: { type: 'string' },
  title: { type: 'string' },
  purpose: { type: 'string' },
  data: texts,
  recipient: texts,
  values: texts,
  entities: { type: 'string', default: '5' },
  uses: { type: 'string', default: '12' },
  from: { type: 'string' },
  until: { type: 'string' },
  out: { type: 'string' },
  ask: { type: 'boolean', default: false },
  preview: { type: 'boolean', default: false },
} as const;
type Given = ReturnType<typeof readArgs<{ args: string[]; allowPositionals: true; options: typeof options }>>['values'];

const required = (option: string, given: string | undefined, language: Language): string => {
  if (!given) throw new Misuse(words[language].missing(option));
  return given;
};

const dayIn = (option: string, given: string | undefined, time: string, language: Language): string => {
  const day = required(option, given, language);
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) throw new Misuse(words[language].date(option));
  return `${day}T${time}+08:00`;
};

type RoomSet = Room['dataSets'][number];

/** The own resource as the exchange has it; of another owner what it told. */
const dataOf = async (
  client: Client,
  told: string,
  language: Language,
): Promise<Pick<RoomSet, 'owner' | 'resource' | 'version'>> => {
  const [first = '', resource, version] = told.split(',');
  if (resource !== undefined && version !== undefined) return { owner: first, resource, version };
  const found = await client.call(getResource, { params: { id: first } });
  const digest = found.content?.normalDigest;
  if (!digest) throw new Error(words[language].noData(first));
  return { owner: found.holder.id, resource: found.id, version: digest };
};

const fromTemplate = async (client: Client, given: Given, language: Language): Promise<Room> => {
  const word = words[language];
  const name = templates.find((one) => one === given.template);
  if (!name) throw new Misuse(word.source);
  const start: RoomStart = roomStarts[name];
  const data = pairsIn('--data', given.data, dataForm, language);
  const values = pairsIn('--values', given.values, valuesForm, language);
  const tables = start.dataSets.map(({ table }) => table);
  for (const table of data.keys()) if (!tables.includes(table)) throw new Misuse(word.table(table));
  const known = [...start.query.parameters.map((one) => one.name), start.noise?.group];
  for (const each of values.keys()) if (!known.includes(each)) throw new Misuse(word.values(each));
  const valuesOf = (each: string): string[] =>
    required(`--values ${each}=…`, values.get(each), language)
      .split(',')
      .map((one) => one.trim());
  if (given.recipient.length === 0) throw new Misuse(word.missing('--recipient ORG'));
  const dataSets: Room['dataSets'] = [];
  for (const set of start.dataSets) {
    const told = required(`--data ${set.table}=…`, data.get(set.table), language);
    dataSets.push({ ...(await dataOf(client, told, language)), ...set, columns: [...set.columns] });
  }
  return {
    mode: 'cleanRoom',
    title: required('--title', given.title, language),
    purpose: required('--purpose', given.purpose, language),
    dataSets,
    recipients: given.recipient,
    query: {
      sql: start.query.sql,
      parameters: start.query.parameters.map((one) => ({ ...one, values: valuesOf(one.name) })),
    },
    release: {
      entitiesMin: numberIn('--entities', given.entities, computeLimits.entitiesMost, language),
      rowsMax: start.noise ? computeLimits.noiseRowsMax : 100,
      rho: start.noise?.rho ?? null,
      ...(given.ask && { how: 'ask' }),
    },
    ...(start.noise && {
      noise: {
        rows: tables.map((table) => ({ table, rowsMax: 1 })),
        bounds: [],
        groups: [{ column: start.noise.group, values: valuesOf(start.noise.group) }],
      },
    }),
    uses: numberIn('--uses', given.uses, computeLimits.usesMax, language),
    from: dayIn('--from', given.from, '00:00:00', language),
    until: dayIn('--until', given.until, '23:59:59', language),
    priceFen: '0',
  };
};

/** The exchange says at which field something is wrong. */
const fromFile = async (path: string, name: string, language: Language): Promise<Body> => {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Misuse(askedWords[language].unreadable(name));
  });
  try {
    return JSON.parse(text) as Body;
  } catch {
    throw new Misuse(words[language].json(name));
  }
};

export const draft = async (args: string[], context: Context): Promise<number> => {
  const { language, cwd } = context;
  const word = words[language];
  const { values, positionals } = readArgs({ args, allowPositionals: true, options }, language);
  const [file, ...more] = positionals;
  if ((file === undefined) === (values.template === undefined) || more.length > 0)
    throw new Misuse(file === undefined ? word.source : word.both);
  const client = await openExchange(values, context);
  const body =
    file === undefined
      ? await fromTemplate(client, values, language)
      : await fromFile(resolve(cwd, file), file, language);
  if (values.out) {
    await writeFile(resolve(cwd, values.out), `${JSON.stringify(body, undefined, 2)}\n`, { mode: 0o600 });
    say(
      values.json ? JSON.stringify({ ok: true, out: resolve(cwd, values.out), draft: body }) : word.written(values.out),
    );
    return 0;
  }
  if (values.preview) {
    const told = await client.call(previewComputation, { body });
    if (values.json) {
      say(JSON.stringify({ ok: true, ...told }));
      return 0;
    }
    tellExplained(told.explained, told.trust, language);
    if (told.sql) say(told.sql);
    say(word.notYet);
    return 0;
  }
  const made = await client.call(draftComputation, { body });
  if (values.json) {
    say(JSON.stringify({ ok: true, contract: made.id, digest: made.digest, state: made.state }));
    return 0;
  }
  tellContract(made, await trustOf(client), language);
  say(green(word.drafted(made.id)));
  return 0;
};
