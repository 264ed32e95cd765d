/** `shugu fetch`: asks for the data of what was bought at another node, in a type of transfer that its supplier offers. */
import { resolve } from 'node:path';
import type { CallOutput, Client } from '@shugu/wire';
import { listFormats } from '@shugu/wire/federation-elsewhere';
import { fetchPurchase, listPurchases } from '@shugu/wire/nodes-trade';
import { askingOptions, firstLine, openAsking } from './asking.ts';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { dim, say } from './say.ts';

type Purchase = CallOutput<typeof listPurchases>['items'][number];
type Format = CallOutput<typeof listFormats>['items'][number];

const words = {
  zh: {
    purchase: '请给出一笔跨节点购买的编号（npu_…）',
    url: '请用 --url URL 给出交易所地址（http:// 或 https://）',
    key: '请用 --key-file FILE 给出有“购买其他节点的产品”权限的密钥',
    unreadable: (name: string) => `${name}：无法读取`,
    unknown: (id: string) => `${id}：本单位没有这笔购买`,
    token: '--token-file 只与 --to 一起使用',
    choose: '请用 --format TYPE 从供方现在提供的传输类型中选择：',
    way: { pull: '自行取数', push: '送达 --to 所给地址', plane: '经本单位数据面', none: '本单位不能接收' },
    asked: (format: string) => `已请求传输（${format}）`,
    next: '供方开通后，地址与密钥见该传输',
  },
  en: {
    purchase: 'name a purchase at another node (npu_…)',
    url: 'name the exchange with --url URL (http:// or https://)',
    key: 'give a key that may buy at other nodes with --key-file FILE',
    unreadable: (name: string) => `${name}: cannot be read`,
    unknown: (id: string) => `${id}: your organisation has no such purchase`,
    token: '--token-file goes with --to',
    choose: 'choose with --format TYPE, of the types that the supplier offers now:',
    way: {
      pull: 'fetched by you',
      push: 'brought to --to',
      plane: 'by a data plane of yours',
      none: 'not receivable here',
    },
    asked: (format: string) => `asked for (${format})`,
    next: 'once the supplier has opened it, address and key stand with the transfer',
  },
} as const;

const purchaseOf = async (client: Client, id: string): Promise<Purchase | undefined> => {
  for (let after: string | undefined; ; ) {
    const { items, next } = await client.call(listPurchases, { query: { limit: 100, after } });
    const found = items.find((one) => one.id === id);
    if (found || !next) return found;
    after = next;
  }
};

const property = (name: string, value: string) => ({ '@type': 'EndpointProperty' as const, name, value });
const addressOf = (endpoint: string, token: string | undefined) => ({
  '@type': 'DataAddress' as const,
  endpointType: 'https://w3id.org/idsa/v4.1/HTTP',
  endpoint,
  ...(token ? { endpointProperties: [property('authorization', token), property('authType', 'bearer')] } : {}),
});

const offered = (items: readonly Format[], way: Record<Format['way'], string>): string =>
  items.map((one) => `\n  ${one.format}  ${way[one.way]}`).join('') || ' —';

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language, cwd } = context;
  const { values, positionals } = readArgs(
    {
      args,
      allowPositionals: true,
      options: {
        ...askingOptions,
        format: { type: 'string' },
        to: { type: 'string' },
        'token-file': { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    },
    language,
  );
  const word = words[language];
  const [id] = positionals;
  if (id === undefined || positionals.length > 1) throw new Misuse(word.purchase);
  const { format, to, 'token-file': tokenFile } = values;
  if (tokenFile !== undefined && to === undefined) throw new Misuse(word.token);
  const client = await openAsking(values, word, context);
  const token = tokenFile === undefined ? undefined : await firstLine(resolve(cwd, tokenFile), word.unreadable);
  const found = await purchaseOf(client, id);
  if (!found) throw new Misuse(word.unknown(id));
  if (format === undefined && found.format === null && found.state === 'bought') {
    const { items } = await client.call(listFormats, { params: { id: found.negotiation } });
    throw new Misuse(`${word.choose}${offered(items, word.way)}`);
  }
  const body = { format, ...(to === undefined ? {} : { dataAddress: addressOf(to, token) }) };
  const asked = await client.call(fetchPurchase, { params: { id }, body });
  if (values.json) say(JSON.stringify({ ok: true, ...asked }));
  else {
    say(`${asked.transfer} ${word.asked(asked.format)}`);
    if (asked.way === 'pull') say(dim(word.next));
  }
  return 0;
};
