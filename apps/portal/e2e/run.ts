/** `npm run e2e`: the portal in a real browser against a real exchange. Prints each case and, at the end, `N passed, N failed`. */
import type { Browser } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { computation } from './computation.ts';
import { dataspace } from './dataspace.ts';
import { startExchange } from './exchange.ts';
import { forms } from './forms.ts';
import { lookAtPages } from './pages.ts';
import { takePictures } from './pictures.ts';
import { strangers } from './strangers.ts';
import { trade } from './trade.ts';

export interface Run {
  browser: Browser;
  url: string;
  /** One case: fails when it throws. */
  check(name: string, test: () => Promise<void>): Promise<void>;
}

const main = async (): Promise<number> => {
  let passed = 0;
  let failed = 0;
  // A running exchange may be given, to save the start while the portal is being worked on.
  const given = process.env.SHUGU_E2E_URL;
  const exchange = given ? undefined : await startExchange();
  const url = given ?? exchange!.url;
  const browser = await launchBrowser();
  const check: Run['check'] = async (name, test) => {
    const begun = performance.now();
    try {
      await test();
      passed++;
      console.log(`✓ ${name} (${Math.round(performance.now() - begun)} ms)`);
    } catch (error) {
      failed++;
      console.log(`✗ ${name}\n  ${(error as Error).message.split('\n').slice(0, 14).join('\n  ')}`);
    }
  };
  const run: Run = { browser, url, check };
  const wanted = process.argv[2];
  try {
    if (!wanted || wanted === 'strangers') await strangers(run);
    if (!wanted || wanted === 'trade') await trade(run);
    if (!wanted || wanted === 'forms') await forms(run);
    if (!wanted || wanted === 'computation') await computation(run);
    if (!wanted || wanted === 'dataspace') await dataspace(run);
    if (!wanted || wanted === 'pages') await lookAtPages(run);
    if (!wanted || wanted === 'pictures') await takePictures(run);
  } finally {
    await browser.close();
    await exchange?.end();
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
};

process.exitCode = await main();
