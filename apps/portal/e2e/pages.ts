/** Every page of every seat: no serious accessibility fault (axe, WCAG 2.2 AA), no script fault, nothing wider than the screen. */
import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { newPerson, type Person, signedIn, widths } from './browser.ts';
import type { Run } from './run.ts';

const open = [
  '/',
  '/products',
  '/demands',
  '/spaces',
  '/public-notices',
  '/verify',
  '/rules',
  '/procedures',
  '/procedures/registration.first',
  '/directory',
  '/board',
  '/complaint',
  '/foreign-entries',
  '/sign-in',
  '/join',
  '/invitation',
];
const seats: Record<string, string[]> = {
  'operator.reviewer': [
    '/desk',
    '/cases',
    '/members',
    '/listings',
    '/orders',
    '/contracts',
    '/filings',
    '/contract-templates',
    '/rulebook',
    '/inbox',
    '/papers',
    '/jobs',
    '/harvest',
    '/nodes',
    '/uplink',
    '/recognitions',
  ],
  'operator.settlement': ['/clearing'],
  'operator.system': ['/people', '/api-keys', '/me', '/organisation', '/jobs', '/gateways'],
  'operator.audit': ['/audit', '/retention'],
  'registrar.clerk': ['/desk', '/rights', '/cases'],
  'regulator.officer': [
    '/supervision',
    '/risks',
    '/risks?state=all&order=latest',
    '/ledger',
    '/ledger?show=all',
    '/statistics',
    '/statistics?by=region',
    '/directives',
    '/retention',
    '/members',
    '/orders',
  ],
  'xingsha.steward': [
    '/desk',
    '/resources',
    '/resources/new',
    '/imports',
    '/harvest',
    '/rights',
    '/own-products',
    '/own-products/new',
  ],
  'xingsha.trader': [
    '/desk',
    '/listings',
    '/reports',
    '/orders',
    '/contracts',
    '/grants',
    '/usage',
    '/account',
    '/statements',
    '/invoices',
    '/papers',
    '/traces',
    '/cases/new/registration.first',
    '/spaces/new',
  ],
  'xingsha.finance': ['/credits'],
  'lawfirm.assessor': ['/desk', '/reports'],
  'citylogistics.trader': [
    '/desk',
    '/scenarios',
    '/orders',
    '/contracts',
    '/computations',
    '/computations/new',
    '/pushes',
    '/enquiries',
    '/account',
    '/statements',
  ],
  'citylogistics.finance': ['/credits'],
  'citylogistics.admin': ['/usage'],
};
/** Lists whose first entry is opened too. */
const details: Record<string, string[]> = {
  'citylogistics.trader': ['/orders', '/contracts', '/grants', '/statements'],
  'xingsha.steward': ['/resources', '/own-products'],
  'xingsha.trader': ['/listings', '/papers'],
  'regulator.officer': ['/risks'],
};

export const look = async (person: Person, width: number): Promise<void> => {
  const found = await new AxeBuilder({ page: person.page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  const serious = found.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
  assert.deepEqual(
    serious.map(
      (one) =>
        `${one.id}: ${one.nodes
          .slice(0, 3)
          .map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`)
          .join(' | ')}`,
    ),
    [],
  );
  const wide = await person.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `the page is ${wide} px wide on a screen of ${width}`);
  assert.deepEqual(person.faults(), []);
};

export const lookAtPages = async ({ browser, url, check }: Run): Promise<void> => {
  // Chinese on a wide screen and English on a narrow one: each language and each width once.
  for (const [size, width] of Object.entries(widths)) {
    const person = await newPerson(browser, url, { width, language: size === 'wide' ? 'zh' : 'en' });
    for (const path of open)
      await check(`${path} ${size}`, async () => {
        await person.open(path);
        await look(person, width);
      });
    await person.context.close();
  }
  for (const [login, paths] of Object.entries(seats))
    for (const [size, width] of Object.entries(widths)) {
      const person = await signedIn(browser, url, login, { width, language: size === 'wide' ? 'zh' : 'en' });
      for (const path of paths)
        await check(`${login} ${path} ${size}`, async () => {
          await person.open(path);
          await look(person, width);
        });
      for (const list of details[login] ?? [])
        await check(`${login} first of ${list} ${size}`, async () => {
          await person.open(list);
          const link = person.page.locator(`main a[href^="${list}/"]:not([href$="/new"])`).first();
          if ((await link.count()) === 0) return;
          await person.open((await link.getAttribute('href'))!);
          await look(person, width);
        });
      await person.context.close();
    }
};
