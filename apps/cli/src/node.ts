/** `shugu node`: starts an exchange as a node of its kind; with a hub it applies there by itself. */
import { accessSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { nodeKinds } from '@shugu/wire/nodes';
import { applicationFile } from '@shugu/wire/nodes-application';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { run as start } from './start.ts';

const words = {
  zh: {
    kind: `请用 --kind 给出节点类型：${nodeKinds.join('、')}`,
    hub: '请用 --hub URL 给出枢纽地址（http:// 或 https://）',
    application: (fault: string) => `--application 所指文件不能用作接入申请材料：${fault}`,
  },
  en: {
    kind: `name the kind of node with --kind: ${nodeKinds.join(', ')}`,
    hub: 'name the hub with --hub URL (http:// or https://)',
    application: (fault: string) => `the file of --application cannot go with an application: ${fault}`,
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

export const run = async (args: string[], context: Context): Promise<number> => {
  const word = words[context.language];
  const { values } = readArgs(
    {
      args,
      options: {
        kind: { type: 'string' },
        hub: { type: 'string' },
        application: { type: 'string' },
        port: { type: 'string' },
        home: { type: 'string' },
        'no-demo': { type: 'boolean', default: false },
      },
    },
    context.language,
  );
  if (!nodeKinds.some((kind) => kind === values.kind)) throw new Misuse(word.kind);
  process.env.SHUGU_NODE_KIND = values.kind;
  if (values.hub !== undefined) process.env.SHUGU_HUB_URL = addressOf(values.hub, word.hub);
  if (values.application !== undefined)
    process.env.SHUGU_NODE_APPLICATION = readable(values.application, word.application);
  const passed = (['port', 'home'] as const).flatMap((name) => (values[name] ? [`--${name}`, values[name]] : []));
  return start([...passed, ...(values['no-demo'] ? ['--no-demo'] : [])], context);
};
