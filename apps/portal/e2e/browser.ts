/** People at their browsers: each in a context of their own, with console and overflow watched. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';

export interface Person {
  page: Page;
  context: BrowserContext;
  /** Opens an address of the portal and waits until nothing is loading. */
  open(path: string): Promise<void>;
  /** Faults that the console or a script reported since the last look. */
  faults(): string[];
}

export const widths = { wide: 1360, narrow: 375 } as const;

const chromiumPaths = [
  process.env.SHUGU_E2E_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

export const launchBrowser = async (): Promise<Browser> => {
  const executablePath = chromiumPaths.find((path) => path && existsSync(path));
  if (!executablePath)
    throw new Error('no Chromium found: install it (Debian: apt-get install chromium) or set SHUGU_E2E_CHROMIUM');
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
};

// A refused request is the server's answer, and shown on the page; it is no fault of the portal.
const refusal = /Failed to load resource: the server responded with a status of 4/;

export const newPerson = async (
  browser: Browser,
  url: string,
  { width = widths.wide as number, language = 'zh' } = {},
): Promise<Person> => {
  const context = await browser.newContext({ baseURL: url, viewport: { width, height: 900 } });
  await context.addInitScript((chosen) => {
    if (!localStorage.getItem('shugu.language')) localStorage.setItem('shugu.language', chosen);
  }, language);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  let seen: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !refusal.test(message.text())) seen.push(message.text());
  });
  page.on('pageerror', (error) => seen.push(String(error)));
  const open = async (path: string) => {
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    await page
      .locator('.ant-spin-spinning')
      .first()
      .waitFor({ state: 'detached', timeout: 15_000 })
      .catch(() => undefined);
  };
  return {
    page,
    context,
    open,
    faults: () => {
      const found = seen;
      seen = [];
      return found;
    },
  };
};

export const demoPassword = 'Shugu-demo-2026';

/** Signs in through the form, as people do. */
export const signIn = async (person: Person, login: string, password = demoPassword): Promise<void> => {
  await person.open('/sign-in');
  await person.page.locator('input[autocomplete=username]').fill(login);
  await person.page.locator('input[autocomplete=current-password]').fill(password);
  await person.page.locator('button[type=submit]').click();
};

export const signedIn = async (browser: Browser, url: string, login: string, options = {}): Promise<Person> => {
  const person = await newPerson(browser, url, options);
  await signIn(person, login);
  await person.page.waitForURL('**/desk');
  return person;
};

/** Picks one of a list's options. A list that is still opening may let a click pass: it is told by staying open. */
export const choose = async (field: Locator, option: string | RegExp): Promise<void> => {
  const list = field.page().locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden)');
  for (let tries = 1; ; tries++) {
    if (!(await list.isVisible())) await field.click();
    await list.locator('.ant-select-item-option', { hasText: option }).click();
    const closed = list.waitFor({ state: 'hidden', timeout: tries < 4 ? 5_000 : 20_000 });
    if (tries === 4) return closed;
    if (
      await closed.then(
        () => true,
        () => false,
      )
    )
      return;
  }
};
