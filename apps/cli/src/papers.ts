/** `shugu papers`: statements and papers of what was bought of another connector, read there by the organisation's own node. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { CallOutput, Client } from '@shugu/wire';
import * as wire from '@shugu/wire/federation-records';
import { askingOptions, openAsking } from './asking.ts';
import type { Context } from './command.ts';
import { Misuse, readArgs } from './misuse.ts';
import { dim, say } from './say.ts';

type Statement = CallOutput<typeof wire.listForeignStatements>['items'][number];
type Paper = CallOutput<typeof wire.listForeignPapers>['items'][number];

const words = {
  zh: {
    negotiation: '请给出本单位作为使用方的协商编号（neg_…）',
    url: '请用 --url URL 给出本单位所在节点的地址（http:// 或 https://）',
    key: '请用 --key-file FILE 给出能查看本单位连接器的密钥',
    unreadable: (name: string) => `${name}：无法读取`,
    statements: (count: number) => `结算单 ${count} 张`,
    papers: (count: number) => `凭证 ${count} 件`,
    yuan: '元',
    kept: (files: number, where: string) => `${files} 个文件已存入 ${where}；请用供方节点的信任文件核验`,
    waits: '尚未制成，稍后再取',
  },
  en: {
    negotiation: 'name a negotiation in which your organisation is the consumer (neg_…)',
    url: 'name your organisation’s node with --url URL (http:// or https://)',
    key: 'give a key that may see your connector with --key-file FILE',
    unreadable: (name: string) => `${name}: cannot be read`,
    statements: (count: number) => (count === 1 ? 'one statement' : `${count} statements`),
    papers: (count: number) => (count === 1 ? 'one paper' : `${count} papers`),
    yuan: 'yuan',
    kept: (files: number, where: string) =>
      `${files} files kept in ${where}; verify them with the supplier node’s trust file`,
    waits: 'not made yet; fetch it later',
  },
} as const;

/** A counter-party that goes on for ever is not followed for ever. */
const pagesMax = 200;
const allOf = async <T>(ask: (after: string | undefined) => Promise<{ items: T[]; next: string | null }>) => {
  const found: T[] = [];
  let after: string | undefined;
  for (let page = 0; page < pagesMax; page++) {
    const { items, next } = await ask(after);
    found.push(...items);
    if (next === null) break;
    after = next;
  }
  return found;
};

const yuanOf = (fen: string): string => {
  const digits = fen.replace('-', '').padStart(3, '0');
  return `${fen.startsWith('-') ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

/** Numbers come from elsewhere. */
const fileOf = ({ kind, number }: Paper): string =>
  `${kind}-${number}`.replace(/[^\p{L}\p{N}.-]+/gu, '_').slice(0, 120);

/** Both files of every paper that is made. How many. */
const keep = async (client: Client, id: string, papers: readonly Paper[], folder: string): Promise<number> => {
  await mkdir(folder, { recursive: true });
  let files = 0;
  for (const paper of papers.filter(({ ready }) => ready)) {
    const params = { id, paper: paper.id };
    const name = join(folder, fileOf(paper));
    const bytes = async (part: typeof wire.foreignPaperPdf) =>
      new Uint8Array(await (await client.raw(part, { params })).arrayBuffer());
    await writeFile(`${name}.pdf`, await bytes(wire.foreignPaperPdf));
    await writeFile(`${name}.bundle.json`, await bytes(wire.foreignPaperBundle));
    files += 2;
  }
  return files;
};

export const run = async (args: string[], context: Context): Promise<number> => {
  const { language, cwd } = context;
  const { values, positionals } = readArgs(
    {
      args,
      allowPositionals: true,
      options: { ...askingOptions, out: { type: 'string' }, json: { type: 'boolean', default: false } },
    },
    language,
  );
  const word = words[language];
  const [id] = positionals;
  if (id === undefined || !/^[a-z]{2,5}_[0-9a-z]{26}$/.test(id) || positionals.length > 1)
    throw new Misuse(word.negotiation);
  const client = await openAsking(values, word, context);
  const params = { id };
  const statements = await allOf<Statement>((after) =>
    client.call(wire.listForeignStatements, { params, query: { after } }),
  );
  const papers = await allOf<Paper>((after) => client.call(wire.listForeignPapers, { params, query: { after } }));
  const out = values.out === undefined ? undefined : resolve(cwd, values.out);
  const files = out === undefined ? 0 : await keep(client, id, papers, out);
  if (values.json) {
    say(JSON.stringify({ ok: true, statements, papers, files }));
    return 0;
  }
  say(word.statements(statements.length));
  for (const { number, from, until, total, state } of statements)
    say(
      `  ${number}  ${from.slice(0, 10)} – ${until.slice(0, 10)}  ${total ? yuanOf(total) : '—'} ${word.yuan}  ${dim(state)}`,
    );
  say(word.papers(papers.length));
  for (const { number, title, issuedAt, ready } of papers)
    say(`  ${number}  ${title[language]}  ${issuedAt.slice(0, 10)}${ready ? '' : `  ${dim(word.waits)}`}`);
  if (out !== undefined) say(dim(word.kept(files, out)));
  return 0;
};
