/** `shugu restore`: a backup into an empty folder (and an empty database where SHUGU_DATABASE_URL names one). */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeLog, ownMigrations, readConfig, restoreBackup, type Standing, startPostgres } from '@shugu/server';
import { environmentPassphrase, passphraseFrom } from './backup.ts';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { dim, green, red, say } from './say.ts';

const words = {
  zh: {
    one: '请给出一个备份文件',
    unreadable: (path: string) => `${path}：无法读取`,
    done: '恢复完成',
    rows: '行',
    files: '个文件',
    standing: {
      continues: '日志延续：与所持检查点一致',
      unwitnessed: '没有可比对的检查点：若备份之后还签发过凭证，请用 --new-origin 重新恢复，以免同名日志出现两种历史',
      behind: '备份早于已被见证的检查点：已启用新的日志，原日志封存',
      forked: '备份与已被见证的检查点不一致：已启用新的日志，原日志封存',
    },
    asked: '按要求启用了新的日志，原日志封存',
    log: '公开日志',
    closed: '已封存',
    tell: '请将新日志的公钥（/.well-known/shugu-trust.json）告知见证方与核验方',
    settings: '启动时请使用',
  },
  en: {
    one: 'name one backup',
    unreadable: (path: string) => `${path}: cannot be read`,
    done: 'restored',
    rows: 'rows',
    files: 'files',
    standing: {
      continues: 'the log goes on: it agrees with the checkpoints that others hold',
      unwitnessed:
        'no checkpoint to compare with: if papers were issued after this backup, restore again with --new-origin, or one log would have two histories',
      behind: 'the backup is older than a witnessed checkpoint: a new log was opened and the old one closed',
      forked: 'the backup disagrees with a witnessed checkpoint: a new log was opened and the old one closed',
    },
    asked: 'a new log was opened as asked, and the old one closed',
    log: 'public log',
    closed: 'closed',
    tell: 'tell witnesses and verifiers the new log’s key (/.well-known/shugu-trust.json)',
    settings: 'start it with',
  },
} as const satisfies Record<string, { standing: Record<Standing['kind'], string> } & Record<string, unknown>>;

const lines = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== '');

export const run = async (args: string[], { language, cwd }: Context): Promise<number> => {
  const { values, positionals } = readArgs(
    {
      args,
      allowPositionals: true,
      options: {
        home: { type: 'string' },
        'passphrase-file': { type: 'string' },
        'secret-file': { type: 'string' },
        witness: { type: 'string', multiple: true },
        'new-origin': { type: 'boolean', default: false },
        erased: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    },
    language,
  );
  const [file, ...more] = positionals;
  const word = words[language];
  if (!file || more.length) throw new Misuse(word.one);
  const { passphrase: given, environment } = environmentPassphrase();
  const first = readConfig(environment, values.home === undefined ? {} : { home: values.home });
  const config = { ...first, home: resolve(cwd, first.home) };
  const read = (path: string) =>
    readFile(resolve(cwd, path), 'utf8').catch(() => {
      throw new Misuse(word.unreadable(path));
    });
  if (!existsSync(resolve(cwd, file))) throw new Misuse(word.unreadable(file));
  const log = makeLog('error');
  const report = await restoreBackup({
    config,
    file: resolve(cwd, file),
    migrations: await ownMigrations(),
    connect: async () => {
      const postgres = await startPostgres({
        dataDirectory: join(config.home, 'postgres'),
        url: config.databaseUrl || undefined,
        log,
      });
      return { connection: postgres.connection, close: () => postgres.stop() };
    },
    now: new Date(),
    passphrase: (await passphraseFrom(values['passphrase-file'], { cwd, language })) ?? given,
    ...(values['secret-file'] ? { secret: Buffer.from((await read(values['secret-file'])).trim(), 'hex') } : {}),
    checkpoints: await Promise.all((values.witness ?? []).map(read)),
    newOrigin: values['new-origin'],
    erased: values.erased ? lines(await read(values.erased)) : [],
  });
  const { manifest, rows, files, standing, origin, size, succeeded } = report;
  if (values.json)
    say(
      JSON.stringify({
        ok: true,
        home: config.home,
        rows,
        files,
        standing,
        origin,
        size,
        succeeded: succeeded ?? null,
      }),
    );
  else {
    say(`${green(`✓ ${word.done}`)}  ${config.home}`);
    say(`    ${rows} ${word.rows}，${files} ${word.files}`);
    const asked = succeeded !== undefined && !('last' in standing);
    const line = asked ? word.asked : word.standing[standing.kind];
    say(`    ${asked || standing.kind === 'continues' ? line : red(line)}`);
    if (succeeded) say(`    ${word.closed}: ${succeeded}`);
    say(`    ${word.log}: ${origin} #${size}`);
    if (succeeded) say(`    ${word.tell}`);
    say(
      dim(
        `    ${word.settings} SHUGU_NODE=${manifest.node} SHUGU_MARKET=${manifest.market} SHUGU_SUITE=${manifest.suite}`,
      ),
    );
  }
  return 0;
};
