/** `shugu witness`: watches logs and cosigns their checkpoints (C2SP tlog-witness); a process of its own, best elsewhere. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { openWitness, serveWitness, untilStopped } from '@shugu/server';
import type { Context } from './command.ts';
import { Misuse, readArgs, readPort } from './misuse.ts';
import { say } from './say.ts';

const words = {
  zh: { home: '请用 --home DIR 给出见证方的文件夹', suite: '--suite 只能是 intl 或 sm' },
  en: { home: 'name the witness’s folder with --home DIR', suite: '--suite is intl or sm' },
} as const;

export const run = async (args: string[], { language, cwd }: Context): Promise<number> => {
  const { values } = readArgs(
    {
      args,
      options: {
        home: { type: 'string' },
        port: { type: 'string', default: '7171' },
        host: { type: 'string', default: '127.0.0.1' },
        name: { type: 'string' },
        suite: { type: 'string', default: 'intl' },
        log: { type: 'string', multiple: true },
      },
    },
    language,
  );
  const word = words[language];
  if (!values.home) throw new Misuse(word.home);
  const port = readPort(values.port, language);
  if (values.suite !== 'intl' && values.suite !== 'sm') throw new Misuse(word.suite);
  const witness = await openWitness({
    home: resolve(cwd, values.home),
    name:
      values.name ??
      `${hostname()
        .toLowerCase()
        .replace(/[^a-z0-9.-]/g, '-')}/witness`,
    suite: values.suite,
    logs: values.log ?? [],
    now: () => new Date(),
  });
  const server = serveWitness(witness);
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, values.host, done));
  const address = server.address();
  const url = `http://${values.host}:${typeof address === 'object' ? address?.port : port}`;
  say(
    JSON.stringify({
      ready: true,
      url,
      vkey: witness.vkey,
      logs: witness.logs().map(({ origin, size }) => ({ origin, size })),
    }),
  );
  if (witness.logs().length === 0)
    console.error(
      language === 'zh' ? '尚未登记任何日志：用 --log 公钥 添加' : 'no log is watched yet: add one with --log VKEY',
    );
  await untilStopped();
  await new Promise((done) => server.close(done));
  return 0;
};
