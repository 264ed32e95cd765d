/** The command line as a newcomer meets it, in both languages. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { command } from './command.ts';
import { type Said, saidBy } from './testing.ts';
import { verbs } from './verbs.ts';

const folder = mkdtempSync(join(tmpdir(), 'shugu-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const languages = ['zh', 'en'] as const;

/** A process of its own, in a locale. */
const shugu = (args: string[], locale: string) =>
  new Promise<Said>((done) => {
    const env = { ...process.env, LANG: locale, LC_ALL: '', LC_MESSAGES: '', SHUGU_CWD: folder };
    execFile(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { env }, (error, out, err) =>
      done({ status: error ? Number(error.code) : 0, out, err }),
    );
  });

test('speaks the language of the locale, or the one asked for, and ends with its status', async () => {
  expect(await shugu([], 'zh_CN.UTF-8')).toMatchObject({
    status: 0,
    err: '',
    out: expect.stringContaining('数据交易所'),
  });
  expect(await shugu(['sell'], 'en_GB.UTF-8')).toMatchObject({
    status: 2,
    out: '',
    err: expect.stringContaining('no verb'),
  });
  expect((await shugu(['help', '--lang=en'], 'zh_CN.UTF-8')).out).toContain('exit status: 0 all holds');
});

test('without a verb, and asked for help, it lists what it can do and how it ends', async () => {
  for (const args of [[], ['help'], ['--help'], ['-h']]) {
    const { status, out, err } = await saidBy(() => command(args, 'zh'));
    expect({ status, err }).toEqual({ status: 0, err: '' });
    for (const verb of Object.values(verbs)) expect(out).toContain(`shugu ${verb.usage}`);
    expect(out).toContain('退出码：0 成立，1 不成立或失败，2 命令有误');
  }
  const of = await saidBy(() => command(['help', 'verify'], 'en'));
  expect(of.out).toContain('--trust KEYS');
  expect(await saidBy(() => command(['verify', '--help'], 'en'))).toEqual(of);
});

// What a newcomer gets wrong, and what must be said then: [arguments, Chinese, English].
const wrong: [string[], string, string][] = [
  [['sell'], '没有“sell”这个命令', 'there is no verb "sell"'],
  [['constructor'], '没有“constructor”这个命令', 'there is no verb "constructor"'],
  [['help', 'sell'], '没有“sell”这个命令', 'there is no verb "sell"'],
  [['verify'], '请给出要核验的文件或文件夹', 'name the files to check'],
  [['verify', 'nowhere'], 'nowhere：没有这个文件', 'nowhere: there is no such file'],
  [['verify', '.', '--log', 'here'], '--log 要写成', '--log looks like'],
  [['trace'], '请给出要溯源的文件', 'name the file to trace'],
  [['trace', 'leak.csv'], '请用 --url URL', 'name the exchange with --url URL'],
  [['trace', 'leak.csv', '--url', 'http://127.0.0.1:9'], '请用 --key-file FILE', 'with --key-file FILE'],
  [['trace', 'nowhere', '--url', 'http://127.0.0.1:9', '--key', 'k'], 'nowhere：无法读取', 'nowhere: cannot be read'],
  [['node', '--kind', 'supplier'], '供方节点须用 --supplier', 'a supplier’s node says whose it is'],
  [
    ['node', '--kind', 'city', '--industry', 'G'],
    '--industry 只用于行业节点',
    '--industry is for a node of an industry',
  ],
  [['fetch'], '请给出一笔跨节点购买的编号', 'name a purchase at another node'],
  [['fetch', 'npu_1', '--token-file', 't'], '--token-file 只与 --to 一起使用', '--token-file goes with --to'],
  [['fetch', 'npu_1'], '请用 --url URL', 'name the exchange with --url URL'],
  [['harvest'], '请给出要采集的目录地址', 'name the catalogue to harvest'],
  [['harvest', 'https://a.example'], '请用 --kind', 'with --kind'],
  [['harvest', 'https://a.example', '--kind', 'ckan'], '请用 --url URL', 'name the exchange with --url URL'],
  [
    ['harvest', 'https://a.example', '--kind', 'ckan', '--url', 'http://127.0.0.1:9'],
    '请用 --key-file FILE',
    '--key-file FILE',
  ],
  [['verify', '--trust'], '--trust 后面要有一个值', '--trust needs a value'],
  [['verify', '--json=yes', '.'], '--json 后面不带值', '--json takes no value'],
  [['trade', '--fast'], '没有 --fast 这个选项', 'there is no option --fast'],
  [['trade', 'now'], '不明白“now”', '"now" is not understood'],
  [['trade', '--suite', 'rsa'], '--suite 只能是 intl 或 sm', '--suite is intl or sm'],
  [['trade', '--url', 'localhost:7070'], '--url 要写成', '--url looks like'],
  [['start', '--port', 'abc'], '--port 是 0 到 65535 之间的整数', '--port is a whole number up to 65535'],
  [['demo'], '请加 --network', 'say --network'],
  [['demo', '--network', '--nodes', '1'], '--nodes 是 2 到 14 之间的整数', '--nodes is a whole number from 2 to 14'],
  [['demo', '--network', '--nodes', '15'], '--nodes 是 2 到 14 之间的整数', '--nodes is a whole number from 2 to 14'],
  [['backup'], '请用 --out FILE', 'with --out FILE'],
  [['restore'], '请给出一个备份文件', 'name one backup'],
  [['restore', 'nowhere'], 'nowhere：无法读取', 'nowhere: cannot be read'],
  [['doctor', 'me'], '不明白“me”', '"me" is not understood'],
  [['witness'], '请用 --home DIR', 'with --home DIR'],
];
test.each(wrong)('misuse is told in words and ends with 2: %j', async (args, ...texts) => {
  for (const [place, language] of languages.entries()) {
    const { status, out, err } = await saidBy(() => command(args, language));
    expect({ status, out, said: err.includes(texts[place]!) || err }).toEqual({ status: 2, out: '', said: true });
    expect(err).toMatch(language === 'zh' ? /用法: shugu|shugu help 命令/ : /usage: shugu|shugu help VERB/);
    expect(err).not.toMatch(/\n\s+at |ERR_/);
  }
});
