/** `shugu backup`: the whole node in one file, of a running node too. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { connectHome, makeLog, readConfig, version, writeBackup } from '@shugu/server';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { dim, green, red, say } from './say.ts';

const words = {
  zh: {
    out: '请用 --out FILE 给出要写的备份文件',
    done: '备份已完成',
    rows: '行',
    files: '个文件',
    log: '公开日志',
    noSecret:
      '警告：本备份不含节点密钥（node.secret）。没有它，私钥与密封的个人字段都无法恢复。请用 --passphrase-file 给出口令，或另行妥善保管 node.secret',
    environment: '节点密钥来自 SHUGU_KEY_SECRET，不在备份之内：恢复时须设置同一口令',
    keep: '请把摘要另行保存；备份含有合同与商业数据，按机密资料保管',
  },
  en: {
    out: 'name the file to write with --out FILE',
    done: 'backup made',
    rows: 'rows',
    files: 'files',
    log: 'public log',
    noSecret:
      'WARNING: this backup does not hold the node’s secret (node.secret). Without it neither private keys nor sealed personal fields can be restored. Give a passphrase with --passphrase-file, or keep node.secret safe elsewhere',
    environment:
      'the node’s secret comes from SHUGU_KEY_SECRET and is not in the backup: set the same when you restore',
    keep: 'keep the digest elsewhere; the file holds contracts and trade data, so guard it as such',
  },
} as const;

/** The first line of the file, or SHUGU_BACKUP_PASSPHRASE. */
export const passphraseFrom = async (
  file: string | undefined,
  { cwd, language }: Context,
): Promise<string | undefined> => {
  if (file === undefined) return undefined;
  const text = await readFile(resolve(cwd, file), 'utf8').catch(() => {
    throw new Misuse(language === 'zh' ? `${file}：无法读取` : `${file}: cannot be read`);
  });
  return text.split(/\r?\n/)[0];
};

/** Taken out of the environment, since it is no setting of the server. */
export const environmentPassphrase = (): { passphrase: string | undefined; environment: NodeJS.ProcessEnv } => {
  const { SHUGU_BACKUP_PASSPHRASE: passphrase, ...environment } = process.env;
  return { passphrase: passphrase || undefined, environment };
};

export const run = async (args: string[], { language, cwd }: Context): Promise<number> => {
  const { values } = readArgs(
    {
      args,
      options: {
        out: { type: 'string' },
        home: { type: 'string' },
        'passphrase-file': { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    },
    language,
  );
  const word = words[language];
  if (!values.out) throw new Misuse(word.out);
  const { passphrase: given, environment } = environmentPassphrase();
  const first = readConfig(environment, values.home === undefined ? {} : { home: values.home });
  const config = { ...first, home: resolve(cwd, first.home) };
  const database = await connectHome(config, makeLog('error'));
  try {
    const report = await writeBackup({
      config,
      connection: database.connection,
      databaseVersion: database.version,
      program: version,
      out: resolve(cwd, values.out),
      now: new Date(),
      passphrase: (await passphraseFrom(values['passphrase-file'], { cwd, language })) ?? given,
    });
    const { manifest, sha256, bytes } = report;
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    const files = manifest.parts.filter((part) => part.name.startsWith('files/')).length;
    const checkpoints = manifest.checkpoints.map(({ origin, size }) => ({ origin, size }));
    if (values.json)
      say(
        JSON.stringify({
          ok: true,
          file: resolve(cwd, values.out),
          sha256,
          bytes,
          rows,
          files,
          secret: manifest.secret,
          checkpoints,
        }),
      );
    else {
      say(`${green(`✓ ${word.done}`)}  ${values.out}  ${bytes} B`);
      say(`    ${rows} ${word.rows}，${files} ${word.files}`);
      for (const { origin, size } of checkpoints) say(`    ${word.log}: ${origin} #${size}`);
      say(`    SHA-256 ${sha256}`);
      if (manifest.secret === 'environment') say(`    ${word.environment}`);
      say(dim(`    ${word.keep}`));
    }
    if (manifest.secret === 'absent') console.error(red(word.noSecret));
    return 0;
  } finally {
    await database.close();
  }
};
