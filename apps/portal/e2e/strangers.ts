/** What everybody may do without an account. */
import assert from 'node:assert/strict';
import { newPerson, signIn } from './browser.ts';
import type { Run } from './run.ts';

export const strangers = async ({ browser, url, check }: Run): Promise<void> => {
  const person = await newPerson(browser, url);
  const { page } = person;

  await check('a stranger finds a product by its words and reads its page', async () => {
    await person.open('/');
    await page.getByRole('searchbox').first().fill('行政区划');
    await page.getByRole('button', { name: '搜索' }).first().click();
    await page.waitForURL('**/products?q=*');
    await page.locator('.tile.product mark').first().waitFor();
    await page.locator('.tile.product').first().click();
    await page.getByRole('heading', { name: '使用约定' }).waitFor();
    await page.getByRole('tab', { name: '样例' }).first().click();
    assert.ok((await page.locator('.ant-table-row').count()) > 0, 'a sample is shown');
  });

  await check('a certificate on the product page is genuine under verify', async () => {
    await page.locator('a[href^="/verify/SJ"]').first().click();
    await page.getByRole('heading', { name: '数据产权登记凭证' }).waitFor();
    await page.getByText('样张').first().waitFor();
  });

  await check('an unknown code is said to be unknown', async () => {
    await person.open('/verify/ABCD-EFGH-0000');
    await page.getByText('没有查到这份凭证').waitFor();
  });

  await check('the language is remembered', async () => {
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Verify a paper' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Verify a paper' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await page.getByRole('button', { name: '中文' }).click();
  });

  await check('a wrong password is refused with what to do next', async () => {
    await signIn(person, 'xingsha.trader', 'not-the-password');
    await page.getByRole('alert').getByText('下一步').waitFor();
    assert.match(page.url(), /sign-in/);
  });

  await check('a page for members asks a stranger to sign in', async () => {
    await person.open('/desk');
    await page.getByText('请先登录').waitFor();
  });

  await check('an address that does not exist says so', async () => {
    await person.open('/no-such-page');
    await page.getByRole('heading', { name: '没有这个页面' }).waitFor();
  });

  await check('everything can be reached by keyboard: the skip link comes first', async () => {
    await person.open('/products');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.className), 'skip');
  });

  await check('no script fault and nothing against the content security policy', async () => {
    assert.deepEqual(person.faults(), []);
  });
  await person.context.close();
};
