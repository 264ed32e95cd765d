/**
 * The QR code on a paper, as a phone sees it: the page is drawn by Poppler and the code read from the pixels by jsQR. It must
 * lead to the address at which this exchange knows the paper.
 */
// needs packages
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../apps/cli/src/scenario/resource.ts';
import type { Temporary } from '../apps/cli/src/server.ts';
import { systemActor } from '../apps/server/src/kernel/http/principal.ts';
import type { PaperLook } from '../apps/server/src/kernel/issue/index.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';
import { onExchange } from './exchange.ts';
import { tradeIn } from './trade.ts';

export const about = 'QR codes on papers, drawn by Poppler and read by jsQR';

export const needs = async (): Promise<string | undefined> =>
  (await versionOf('pdftoppm', '-v')) ? undefined : 'pdftoppm is not installed (poppler-utils)';

// What a cheap scanner sees, and what a phone sees.
const dotsPerInch = [110, 200];

/** The one code on the paper; it stands where the text ends, perhaps on a later page. */
const readCode = async (folder: string, pdf: string, resolution: number): Promise<string | undefined> => {
  const { default: jsQr } = await import('jsqr');
  const { PNG } = await import('pngjs');
  const find = jsQr as unknown as typeof jsQr.default;
  const pages = await mkdtemp(join(folder, 'pages-'));
  const ran = await runProgram('pdftoppm', ['-png', '-gray', '-r', String(resolution), pdf, join(pages, 'page')]);
  if (ran.code !== 0) throw new Error(`pdftoppm ended with ${ran.code}: ${ran.stderr}`);
  for (const page of (await readdir(pages)).sort().reverse()) {
    const { data, width, height } = PNG.sync.read(await readFile(join(pages, page)));
    const code = find(new Uint8ClampedArray(data), width, height);
    if (code) return code.data;
  }
  return undefined;
};

const layouts: PaperLook['layout'][] = ['certificate', 'document'];

/** A paper of each layout, issued by the kernel as rooms do. */
const issueAll = async ({ kernel, settle }: Temporary['exchange']) => {
  const papers = [];
  for (const layout of layouts) {
    papers.push(
      await kernel.database.tx(systemActor('interop'), (tx) =>
        kernel.issue.paper(tx, {
          kind: 'interop',
          title: { zh: '测试凭证', en: 'Test paper' },
          series: 'IT',
          document: { layout },
          parties: ['org_interop'],
          signers: [{ participant: 'org_interop', role: 'operator' }],
          disclosure: 'clear',
          look: { layout, issuer: '互操作测试', rows: [['名称', '二维码核验']] },
          retentionClass: 'transaction',
        }),
      ),
    );
  }
  await settle();
  return papers;
};

/** Papers are made once the log holds their entry. */
const fetchPaper = (url: string, id: string): Promise<Buffer> =>
  until('the paper', async () => {
    const response = await fetch(`${url}/api/papers/${id}/pdf`);
    return response.ok && Buffer.from(await response.arrayBuffer());
  });

const checkIssued = (counts: Tally, folder: string): Promise<void> =>
  onExchange(async (exchange) => {
    for (const { id, number, verifyCode } of await issueAll(exchange)) {
      const pdf = join(folder, 'paper.pdf');
      await writeFile(pdf, await fetchPaper(exchange.url, id));
      for (const resolution of dotsPerInch) {
        const address = await readCode(folder, pdf, resolution);
        counts.expect(
          address === `${exchange.url}/verify/${verifyCode}`,
          `${number} at ${resolution} dpi: ${address ?? 'no code found'}`,
        );
      }
      const known = (await (await fetch(`${exchange.url}/api/verify/${verifyCode}`)).json()) as {
        found: boolean;
        number?: string;
      };
      counts.expect(known.found && known.number === number, `${number}: its code is not known`);
    }
    counts.note(`${layouts.length} layouts, each at ${dotsPerInch.join(' and ')} dpi`);
  });

const checkTrade = async (counts: Tally, folder: string): Promise<void> => {
  const { files } = await tradeIn('sm');
  const papers = files.filter(({ path }) => path.endsWith('.pdf'));
  counts.expect(papers.length > 0, 'the trade left no PDF');
  for (const { kind, path } of papers) {
    const address = await readCode(folder, path, dotsPerInch[1]!);
    counts.expect(
      /\/verify\/[2-9A-HJKMNP-Z]{4}(-[2-9A-HJKMNP-Z]{4}){3}$/.test(address ?? ''),
      `${kind}: ${address ?? 'no code found'}`,
    );
  }
  counts.note(`trade: ${papers.length} papers`);
};

export const run = (): Promise<Outcome> =>
  inFolder(async (folder) => {
    const counts = tally();
    await checkIssued(counts, folder);
    await checkTrade(counts, folder).catch((error: Error) => counts.expect(false, error.message));
    return counts.outcome();
  });
