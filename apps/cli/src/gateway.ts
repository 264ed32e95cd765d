/** `shugu gateway`: a gateway of its own process, beside or away from the exchange. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LinkRefused } from '@shugu/gateway';
import { startGateway } from '@shugu/gateway-process';
import { untilStopped } from '@shugu/server';
import type { Context } from './command.ts';
import { Misuse, readArgs, readPort } from './misuse.ts';
import { note, say } from './say.ts';

const words = {
  zh: {
    server: '请用 --server URL 给出交易所地址（http:// 或 https://）',
    public: '--public-url 须为买方访问网关的地址（http:// 或 https://）',
    key: '请用 --key-file FILE 给出网关密钥',
    refused: '交易所不认此密钥：请向运营方核对，或密钥已更换、网关已停用',
  },
  en: {
    server: 'name the exchange with --server URL (http:// or https://)',
    public: '--public-url is the address under which buyers reach the gateway (http:// or https://)',
    key: 'give the gateway’s key with --key-file FILE',
    refused: 'the exchange does not know this key: it may have been changed, or the gateway revoked',
  },
} as const;

const addressOf = (text: string | undefined, word: string): string => {
  const url = URL.parse(text ?? '');
  if (!url || !/^https?:$/.test(url.protocol)) throw new Misuse(word);
  return url.origin;
};

const firstOf = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: Error) => {
    throw new Misuse(error.message);
  });

export const run = async (args: string[], { language, cwd }: Context): Promise<number> => {
  const { values } = readArgs(
    {
      args,
      options: {
        server: { type: 'string' },
        key: { type: 'string' },
        'key-file': { type: 'string' },
        listen: { type: 'string', default: '7272' },
        host: { type: 'string', default: '127.0.0.1' },
        home: { type: 'string', default: '.shugu-gateway' },
        'public-url': { type: 'string' },
        away: { type: 'boolean', default: false },
      },
    },
    language,
  );
  const word = words[language];
  const server = addressOf(values.server, word.server);
  const publicUrl = values['public-url'] === undefined ? undefined : addressOf(values['public-url'], word.public);
  const port = readPort(values.listen, language);
  const file = values['key-file'];
  const text = file === undefined ? values.key : await firstOf(resolve(cwd, file));
  const key = text?.split('\n', 1)[0]?.trim();
  if (!key) throw new Misuse(word.key);
  const ended = untilStopped();
  const log = (event: string, more: Record<string, unknown> = {}) =>
    say(JSON.stringify({ time: new Date().toISOString(), event, ...more }));
  try {
    const gateway = await startGateway({
      server,
      key,
      home: resolve(cwd, values.home),
      host: values.host,
      port,
      isAway: values.away,
      ...(publicUrl === undefined ? {} : { publicUrl }),
      note: log,
    });
    log('ready', { gateway: gateway.id, url: gateway.url });
    await ended;
    await gateway.close();
    log('stopped');
    return 0;
  } catch (error) {
    if (!(error instanceof LinkRefused && error.status === 401)) throw error;
    note(word.refused);
    return 1;
  }
};
