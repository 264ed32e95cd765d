/** Forms that begin with what is known, and pickers that spare their reader codes: by clicks, as far as what was sent. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { signedIn } from './browser.ts';
import type { Run } from './run.ts';

/** Exports a memory and `run`, which does nothing: (module (memory (export "memory") 1 1) (func (export "run"))). */
const emptyModule = Buffer.from(
  '0061736d0100000001040160000003020100050401010101071002066d656d6f7279020003' + '72756e00000a040102000b',
  'hex',
);

export const forms = async ({ browser, url, check }: Run): Promise<void> => {
  const steward = await signedIn(browser, url, 'xingsha.steward');
  await check(
    'a registration begins with what is known of the resource and the applicant, and is filed so',
    async () => {
      const { page } = steward;
      await steward.open('/organisation');
      const applicant = await page.locator('.facts dd').first().innerText();
      await steward.open('/resources');
      const link = page.locator('main a[href^="/resources/res_"]').first();
      const name = await link.innerText();
      await link.click();
      await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
      await page.getByRole('button', { name: '申请产权登记' }).click();
      await page.waitForURL('**/cases/new/registration.first?*');
      await page.getByText('已按数据资源和本单位信息预填').waitFor();
      assert.equal(await page.getByLabel('标题', { exact: true }).inputValue(), name);
      assert.equal(await page.getByLabel('数据名称', { exact: true }).inputValue(), name);
      assert.match(await page.getByLabel('地域名称', { exact: true }).inputValue(), /省|市|区|县/);
      const applicants = page.locator('fieldset', { hasText: '登记申请人' });
      assert.equal(await applicants.getByLabel('名称').inputValue(), applicant);
      assert.equal(
        await page.locator('fieldset', { hasText: '权利配置' }).getByRole('textbox').first().inputValue(),
        applicant,
      );
      await page.getByRole('button', { name: '保存草稿' }).click();
      await page.waitForURL(/\/cases\/cas_/);
      await page.getByText(applicant).first().waitFor();
    },
  );
  await check('a paper is added to the draft, and data to the resource', async () => {
    const { page } = steward;
    const paper = { name: '来源说明.txt', mimeType: 'text/plain', buffer: Buffer.from('数据来源：业务系统。') };
    await page.getByRole('tab', { name: /^材料/ }).click();
    await page.getByLabel('上传材料').setInputFiles(paper);
    await page.getByRole('link', { name: paper.name }).waitFor();
    await steward.open('/resources');
    await page.locator('main a[href^="/resources/res_"]').first().click();
    const data = { name: '站点.csv', mimeType: 'text/csv', buffer: Buffer.from('id,name\n1,一号站\n2,二号站\n') };
    await page.getByLabel('选择文件').setInputFiles(data);
    await page.getByText(data.name).first().waitFor();
  });

  const trader = await signedIn(browser, url, 'xingsha.trader');
  await check('regions of use are picked by name, and the terms say them in words', async () => {
    const { page } = trader;
    await trader.open('/own-products');
    await page.locator('main a[href^="/own-products/prd_"]').first().click();
    await page.locator('main a[href^="/listings/new/"]').first().click();
    const regions = page.getByLabel('使用地域');
    await regions.click();
    await regions.fill('岳麓');
    await page.locator('.ant-cascader-dropdown').getByText('岳麓区').first().click();
    await regions.fill('');
    await regions.fill('湖北');
    await page
      .locator('.ant-cascader-dropdown')
      .getByText(/^湖北省 420000/)
      .first()
      .click();
    await page.keyboard.press('Escape');
    for (const place of ['岳麓区', '湖北省'])
      await page.locator('.ant-select-selection-item', { hasText: place }).first().waitFor();
    await page.locator('.ant-alert', { hasText: '岳麓' }).filter({ hasText: '湖北' }).waitFor();
  });
  await check(
    'a program is sent and drafted by keyboard: its digest goes into the form, and what it may read is told',
    async () => {
      const { page } = trader;
      await trader.open('/computations/new');
      // The second radio from the end; arrows move among them.
      await page.getByRole('radio', { name: '数据各留本地（份额计算）' }).focus();
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('ArrowUp');
      const send = page.getByRole('button', { name: '提交程序文件（.wasm）' });
      await send.focus();
      assert.ok(await send.evaluate((button) => button === document.activeElement));
      const buffer = emptyModule;
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: '空程序.wasm', mimeType: 'application/wasm', buffer });
      const digest = `sha256:${createHash('sha256').update(emptyModule).digest('hex')}`;
      // A machine without a sandbox refuses programs, and says so.
      const refused = page.getByText('不运行外来代码').first();
      await Promise.race([page.getByText(digest).waitFor(), refused.waitFor()]);
      if (!(await refused.isVisible()))
        assert.equal(await page.getByLabel('程序摘要（sha256:…）', { exact: true }).inputValue(), digest);
      await page.getByText('各数据持有单位看过并批准后发布').first().waitFor();
      await page.getByRole('button', { name: '看各方会知道什么' }).click();
      // What is missing is said at its field.
      await page.locator('.ant-form-item-explain-error').first().waitFor();
    },
  );
  await check(
    'an intersection is drafted by form: what opens, by which protocol, from how many common keys',
    async () => {
      const { page } = trader;
      await trader.open('/computations/new');
      await page.getByRole('radio', { name: /^共同客户（隐私求交/ }).check();
      await page.getByText('数量与合计（可分组）').first().waitFor();
      await page.getByText('交易所协助').first().waitFor();
      assert.equal(await page.getByLabel('合计：相同标识至少多少个才开放', { exact: true }).inputValue(), '10');
    },
  );
  await check('no script fault in the forms', async () => {
    assert.deepEqual([...steward.faults(), ...trader.faults()], []);
  });
  await steward.context.close();
  await trader.context.close();
};
