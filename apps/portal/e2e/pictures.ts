/** Pictures of the portal for the README and the guides. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { newPerson, type Person, signedIn, widths } from './browser.ts';
import type { Run } from './run.ts';

const folder = join(import.meta.dirname, '../../../docs/pictures');

const shoot = async (person: Person, path: string, name: string, fullPage = false): Promise<void> => {
  await person.open(path);
  await person.page.waitForTimeout(400);
  await person.page.screenshot({ path: join(folder, `${name}.png`), fullPage });
};

const firstOf = async (person: Person, list: string): Promise<string> => {
  await person.open(list);
  return (
    (await person.page.locator(`main a[href^="${list}/"]:not([href$="/new"])`).first().getAttribute('href')) ?? list
  );
};

export const takePictures = async ({ browser, url, check }: Run): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await check('pictures for the README', async () => {
    for (const language of ['zh', 'en'] as const) {
      const stranger = await newPerson(browser, url, { language });
      await shoot(stranger, '/', `home-${language}`);
      await shoot(stranger, '/products', `products-${language}`);
      await shoot(stranger, '/board', `board-${language}`);
      const address = await stranger
        .open('/products')
        .then(() => stranger.page.locator('.tile.product').first().getAttribute('href'));
      if (address) await shoot(stranger, address, `product-${language}`);
      await stranger.context.close();
      const buyer = await signedIn(browser, url, 'citylogistics.trader', { language });
      await shoot(buyer, await firstOf(buyer, '/orders'), `order-${language}`);
      await shoot(buyer, await firstOf(buyer, '/grants'), `access-${language}`);
      await buyer.context.close();
      const operator = await signedIn(browser, url, 'operator.settlement', { language });
      await shoot(operator, '/clearing', `clearing-${language}`);
      await operator.context.close();
    }
    const phone = await newPerson(browser, url, { width: widths.narrow });
    await shoot(phone, '/', 'home-phone');
    await shoot(phone, '/products', 'products-phone');
    await phone.context.close();
  });
};
