import { readFile, writeFile } from 'node:fs/promises';
import { odrlFrom } from '@shugu/policy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KEY, openRig, planFor, type Rig } from '../../rig.ts';
import type { ShareConfig, ShareManifest } from './manifest.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());

const marked = planFor(odrlFrom({ actions: ['use'], watermark: { altered: { score: '1' }, syntheticRows: 0 } }));
const plain = planFor(odrlFrom({ actions: ['use'] }));

/** Status of a query under this plan, of a share whose manifest says whose copy it is. */
const ask = async (plan: typeof marked, own: string | undefined, served: string | undefined): Promise<number> => {
  const config: ShareConfig = { ...(await rig.shareOf(plan)), copy: own };
  const manifest = JSON.parse(await readFile(config.manifest!, 'utf8')) as ShareManifest;
  const path = config.manifest!.replace('.json', `-${own}-${served}.json`);
  await writeFile(path, JSON.stringify({ ...manifest, copy: served }));
  const grant = rig.grant({ ...config, manifest: path }, plan);
  await rig.grants.put({ ...grant, productId: grant.id });
  const answer = await fetch(`${rig.origin}/${grant.id}/shares/trucks/schemas/roads/tables/trucks/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'x-use-action': 'use' },
    body: '{}',
  });
  return answer.status;
};

test('a contract with a watermark is served its own copy, never the unmarked data nor another’s', async () => {
  expect(await ask(marked, 'con_1', 'con_1')).toBe(200);
  expect(await ask(marked, 'con_1', 'con_2')).toBe(503);
  expect(await ask(marked, 'con_1', undefined)).toBe(503);
  expect(await ask(marked, undefined, undefined)).toBe(503);
  expect(await ask(plain, undefined, undefined)).toBe(200);
  expect(await ask(plain, undefined, 'con_1')).toBe(503);
});
