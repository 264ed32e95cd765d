/** `shugu node`: starts an exchange as a node of its kind; with a hub it applies there by itself. */
import { accessSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  kindsOfNode,
  type NodeKind,
  namesIndustries,
  namesSupplier,
  nodeKinds,
  stepWords,
} from '@shugu/wire/node-kinds';
import { applicationFile } from '@shugu/wire/nodes-application';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { run as start } from './start.ts';

const words = {
  zh: {
    kind: `请用 --kind 给出节点类型：${nodeKinds.join('、')}`,
    hub: '请用 --hub URL 给出枢纽地址（http:// 或 https://）',
    application: (fault: string) => `--application 所指文件不能用作接入申请材料：${fault}`,
    industry: '--industry 只用于行业节点（--kind industry）',
    supplier: '--supplier 只用于供方节点（--kind supplier）',
    unnamed: '供方节点须用 --supplier 给出其供方的统一社会信用代码（或设 SHUGU_NODE_SUPPLIER）',
    next: '接下来（门户“本节点”页会逐项核对）：',
    setUp: '打开 /setup，用初始化令牌登记运营方与三员',
  },
  en: {
    kind: `name the kind of node with --kind: ${nodeKinds.join(', ')}`,
    hub: 'name the hub with --hub URL (http:// or https://)',
    application: (fault: string) => `the file of --application cannot go with an application: ${fault}`,
    industry: '--industry is for a node of an industry (--kind industry)',
    supplier: '--supplier is for a supplier’s node (--kind supplier)',
    unnamed: 'a supplier’s node says whose it is: --supplier CREDITCODE (or SHUGU_NODE_SUPPLIER)',
    next: 'Next (the page “This node” of the portal checks each):',
    setUp: 'open /setup, and enter the operator and its three administrators with the setup token',
  },
} as const;

const addressOf = (text: string | undefined, word: string): string => {
  const url = URL.parse(text ?? '');
  if (!url || !/^https?:$/.test(url.protocol)) throw new Misuse(word);
  return url.origin;
};

/** Looked through before anything starts: the file, and that what it names lies beside it. */
const readable = (path: string, word: (fault: string) => string): string => {
  try {
    const { success, data, error } = applicationFile.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    if (!success) throw new Error(error.issues.map((one) => `${one.path.join('.')}: ${one.message}`).join('; '));
    for (const { file } of data.attachments) accessSync(resolve(dirname(path), file));
  } catch (error) {
    throw new Misuse(word((error as Error).message));
  }
  return resolve(path);
};

/** What bounds its market, where its kind does; checked as any setting when it starts. */
const nameScope = (
  kind: NodeKind,
  { industry, supplier }: { industry?: string | undefined; supplier?: string | undefined },
  word: (typeof words)['zh' | 'en'],
): void => {
  if (industry !== undefined && !namesIndustries(kind)) throw new Misuse(word.industry);
  if (supplier !== undefined && !namesSupplier(kind)) throw new Misuse(word.supplier);
  if (industry !== undefined) process.env.SHUGU_NODE_INDUSTRIES = industry;
  if (supplier !== undefined) process.env.SHUGU_NODE_SUPPLIER = supplier;
  if (namesSupplier(kind) && !process.env.SHUGU_NODE_SUPPLIER) throw new Misuse(word.unnamed);
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const word = words[context.language];
  const { values } = readArgs(
    {
      args,
      options: {
        kind: { type: 'string' },
        hub: { type: 'string' },
        application: { type: 'string' },
        industry: { type: 'string' },
        supplier: { type: 'string' },
        port: { type: 'string' },
        home: { type: 'string' },
        'no-demo': { type: 'boolean', default: false },
      },
    },
    context.language,
  );
  const kind = nodeKinds.find((one) => one === values.kind);
  if (!kind) throw new Misuse(word.kind);
  process.env.SHUGU_NODE_KIND = kind;
  nameScope(kind, values, word);
  if (values.hub !== undefined) process.env.SHUGU_HUB_URL = addressOf(values.hub, word.hub);
  if (values.application !== undefined)
    process.env.SHUGU_NODE_APPLICATION = readable(values.application, word.application);
  const passed = (['port', 'home'] as const).flatMap((name) => (values[name] ? [`--${name}`, values[name]] : []));
  const next = [word.setUp, ...kindsOfNode[kind].steps.map((step) => stepWords[step][context.language])];
  return start([...passed, ...(values['no-demo'] ? ['--no-demo'] : [])], context, [
    word.next,
    ...next.map((one) => `  · ${one}`),
  ]);
};
