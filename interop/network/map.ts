/** The hub's map of its nodes in a browser, as anybody opens it: drawn whole, and live without a reload. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser, newPerson } from '../../apps/portal/e2e/browser.ts';
import { root } from '../trade.ts';

const patience = { timeout: 90_000 };

export interface NodeMap {
  /** Waits until the map says of a node that it stands so. */
  shows(operator: string, standing: '在线' | '离线'): Promise<boolean>;
  /** Nodes that are drawn. */
  drawn(): Promise<number>;
  faults(): string[];
  close(): Promise<void>;
}

/** A reason, where there is nothing to look with or at. */
export const openMap = async (url: string): Promise<NodeMap | string> => {
  if (!existsSync(join(root, 'apps/portal/dist/index.html'))) return 'the portal is not built';
  const browser = await launchBrowser().catch((error: Error) => error.message);
  if (typeof browser === 'string') return browser;
  const { page, open, faults } = await newPerson(browser, url);
  await open('/nodes');
  const named = (name: RegExp) => page.getByRole('img', { name });
  await named(/个节点：/).waitFor(patience);
  return {
    shows: (operator, standing) =>
      named(new RegExp(`${operator} ${standing}`))
        .waitFor(patience)
        .then(
          () => true,
          () => false,
        ),
    // Beside those of the nodes there is the hub's own.
    drawn: async () =>
      (await named(/个节点：/)
        .locator('circle')
        .count()) - 1,
    faults,
    close: () => browser.close(),
  };
};
