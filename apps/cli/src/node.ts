/** `shugu node`: starts an exchange as a node of its kind; with a hub it applies there by itself. */
import { nodeKinds } from '@shugu/wire/nodes';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { run as start } from './start.ts';

const words = {
  zh: {
    kind: `请用 --kind 给出节点类型：${nodeKinds.join('、')}`,
    hub: '请用 --hub URL 给出枢纽地址（http:// 或 https://）',
  },
  en: {
    kind: `name the kind of node with --kind: ${nodeKinds.join(', ')}`,
    hub: 'name the hub with --hub URL (http:// or https://)',
  },
} as const;

const addressOf = (text: string | undefined, word: string): string => {
  const url = URL.parse(text ?? '');
  if (!url || !/^https?:$/.test(url.protocol)) throw new Misuse(word);
  return url.origin;
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const word = words[context.language];
  const { values } = readArgs(
    {
      args,
      options: {
        kind: { type: 'string' },
        hub: { type: 'string' },
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
  const passed = (['port', 'home'] as const).flatMap((name) => (values[name] ? [`--${name}`, values[name]] : []));
  return start([...passed, ...(values['no-demo'] ? ['--no-demo'] : [])], context);
};
