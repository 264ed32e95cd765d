/** First registration through the door: as applicant, clerk, reviewer, neighbour and stranger, on a simulated calendar. */
import * as wire from '@shugu/wire/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal } from '../members/testing.server.ts';
import {
  draftCase,
  firstForm,
  move,
  profiledResource,
  review,
  startRegistryServer,
  type TestRegistry,
} from './testing.server.ts';

let rig: TestRegistry;
beforeAll(async () => {
  rig = await startRegistryServer();
}, 120_000);
afterAll(() => rig?.close());

const papers = ['identity', 'sourceProof', 'sample'];

test('from a file to a certificate: read, apply, review, notice, evidence, code', async () => {
  const steward = await rig.as('xingsha.steward');
  const resource = await profiledResource(rig, steward);
  const seen = await steward.call(wire.getResource, { params: { id: resource } });
  expect(seen).toMatchObject({
    state: 'profiled',
    content: {
      state: 'ready',
      rowCount: 40,
      columns: [
        { name: 'day', sensitivity: 'general' },
        { name: 'plate', sensitivity: 'personal' },
        { name: 'phone', sensitivity: 'personal' },
        { name: 'mileage', type: 'decimal' },
      ],
    },
  });
  const id = await draftCase(rig, steward, 'registration.first', resource, firstForm(), papers);
  expect((await move(steward, id, 'submit')).state).toBe('submitted');
  await review(rig, id);
  const clerk = await rig.as('registrar.clerk');
  const reviewer = await rig.as('registrar.reviewer');
  expect((await move(reviewer, id, 'publish')).state).toBe('notice');
  rig.moveTo('2026-03-10T01:00:00Z');
  await rig.settle();
  const evidenced = await steward.call(wire.rightsOfResource, { params: { id: resource } });
  expect(evidenced.items).toEqual([]);
  expect((await move(clerk, id, 'certify')).state).toBe('certified');
  await rig.settle();
  const { items } = await rig.stranger.call(wire.listCertificates, {});
  expect(items[0]).toMatchObject({
    code: 'SJ9902026030001',
    state: 'valid',
    specimen: true,
    validFrom: '2026-03-09T16:00:00.000Z',
    validUntil: '2031-03-09T16:00:00.000Z',
  });
  const right = await rig.registry.operatingRight(
    rig.kernel.database,
    rig.cast.organisations.xingsha!,
    resource,
    new Date('2026-03-11T00:00:00Z'),
  );
  expect(right).toMatchObject({ certificateCode: 'SJ9902026030001' });
  expect(await refusal(rig.stranger.call(wire.getResource, { params: { id: resource } }))).toBe('kernel.notSignedIn');
});
