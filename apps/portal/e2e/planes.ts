/** An administrator lets data planes and control planes in, by the page of the connector. */
import assert from 'node:assert/strict';
import { signedIn, widths } from './browser.ts';
import { look } from './pages.ts';
import type { Run } from './run.ts';

const administrator = 'citylogistics.admin';

export const planes = async ({ browser, url, check }: Run, goods: string): Promise<void> => {
  await check(
    'data planes are let in and refused, a control plane is let in by contract and gets another token',
    async () => {
      const person = await signedIn(browser, url, administrator);
      const { page } = person;
      const dialog = page.getByRole('dialog');
      const keep = async () => {
        await page.getByRole('button', { name: '我已保存' }).click();
        // The sheet that was filled in leaves with the one that shows the token.
        await page.locator('[role=dialog]:visible').first().waitFor({ state: 'hidden' });
      };
      await person.open('/connector');
      for (const id of ['stream-1', 'stream-2']) {
        await page.getByRole('button', { name: '准许数据面自行登记' }).click();
        await dialog.getByLabel('名称').fill(id);
        await dialog.getByLabel('承担的传输类型').fill(`urn:example:${id}`);
        await dialog.getByLabel('承担的传输类型').press('Enter');
        await dialog.getByRole('button', { name: '准许数据面自行登记' }).click();
        await keep();
      }
      const row = page.getByRole('row', { name: /stream-2/ });
      assert.match((await row.textContent()) ?? '', /马管车/);
      await row.getByRole('button', { name: '拒绝' }).click();
      await dialog.getByRole('button', { name: '确认' }).click();
      await row.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: '准许控制面' }).click();
      await dialog.getByLabel('名称').fill('edc-1');
      const contracts = dialog.getByLabel('准许的合同');
      const options = page.locator('.ant-select-item-option');
      await contracts.fill('没有这样的合同');
      await page.getByText('没有符合的合同').waitFor();
      await contracts.fill(goods.slice(0, 3));
      await options.filter({ hasText: goods }).first().click();
      await page.keyboard.press('Escape');
      await dialog.getByRole('button', { name: '准许控制面' }).click();
      await keep();
      const plane = page.getByRole('row', { name: /edc-1/ });
      await plane.getByRole('link', { name: goods }).waitFor();
      await plane.getByRole('button', { name: '更换令牌' }).click();
      await dialog.getByRole('button', { name: '更换令牌' }).click();
      await keep();
      await plane.getByText('旧令牌有效至').waitFor();
      assert.deepEqual(person.faults(), []);
      await person.context.close();
    },
  );
  for (const [size, width] of Object.entries(widths))
    await check(`${administrator} /connector ${size}`, async () => {
      const person = await signedIn(browser, url, administrator, { width, language: size === 'wide' ? 'zh' : 'en' });
      await person.open('/connector');
      await person.page.getByText('edc-1').first().waitFor();
      await look(person, width);
      await person.context.close();
    });
};
