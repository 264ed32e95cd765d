import * as registryWire from '@shugu/wire/registry';
import { expect, test } from 'vitest';
import { buyer, supplier } from '../market/testing.ts';
import {
  approveLater,
  certificateFor,
  creditCode,
  laterCase,
  mapping,
  move,
  review,
  xingsha,
} from '../registry/testing.server.ts';
import {
  bought,
  cancelBy,
  contractOf,
  ended,
  exchange,
  listed,
  listingOf,
  moveTo,
  newResource,
  noticesOf,
  onExchange,
  rig,
  settle,
  standing,
  state,
  steward,
} from './testing.ground.ts';

onExchange('rights, reports and proof of title', {}, () => {
  test('a transfer of the right to operate stops what stood on it', async () => {
    const resource = await newResource();
    const code = await certificateFor(rig, steward, resource);
    const goods = await listed(resource);
    const deal = await bought(goods);
    const transfer = async (right: string) => {
      const form = {
        transferor: [{ name: xingsha.name, code: creditCode.xingsha }],
        transferee: [{ name: mapping.name, code: creditCode.mapping }],
        transfereeMember: [exchange.seeded.organisations.mapping!],
        rights: [{ right }],
        limits: '无',
        noNotice: true,
      };
      const id = await laterCase(rig, steward, 'registration.transfer', code, form, ['identity', 'transferContract']);
      await move(steward, id, 'submit');
      await move(await exchange.as('mapping.trader'), id, 'join');
      await review(rig, id);
      await move(await exchange.as('registrar.reviewer'), id, 'exemptFromNotice', { input: { reason: '双方一致' } });
      await settle();
      await move(await exchange.as('registrar.clerk'), id, 'certify');
      await settle();
    };
    // Nothing is sold by the right to use.
    await transfer('use');
    expect(await state(goods, deal)).toEqual(standing);
    await transfer('operate');
    expect(await state(goods, deal)).toEqual(ended);
    expect(await noticesOf(buyer, deal.contract)).toMatchObject([expect.stringContaining('经营权已转让')]);
  }, 120_000);

  test('another right of the supplier on the same data bears listing and contracts until it ends too', async () => {
    const resource = await newResource();
    const first = await certificateFor(rig, steward, resource);
    const second = await certificateFor(rig, steward, resource);
    const goods = await listed(resource);
    const deal = await bought(goods);
    await cancelBy(first);
    expect(await state(goods, deal)).toEqual(standing);
    expect(
      (await exchange.exchange.rooms.market.listing(exchange.exchange.kernel.database, goods.listing.id))!.basis
        .certificates,
    ).toEqual([second]);
    await cancelBy(second);
    expect(await state(goods, deal)).toEqual(ended);
  }, 120_000);

  test('without a certificate, listing and contract stand on the law firm’s opinion, and end with it', async () => {
    const resource = await newResource();
    const goods = await listed(resource);
    const deal = await bought(goods, 'direct', 24);
    const contract = await contractOf(deal);
    expect(contract.current!.basis).toMatchObject([
      { kind: 'titleProof', subject: '', until: null },
      { kind: 'complianceReport' },
    ]);
    // The opinion is good for 330 days: the contract cannot be longer, whatever was asked.
    const end = new Date(contract.current!.basis[1]!.until!);
    expect(contract.until).toBe(end.toISOString());
    await moveTo(new Date(end.getTime() - 60_000).toISOString());
    expect(await state(goods, deal)).toEqual(standing);
    await moveTo(end.toISOString());
    expect(await state(goods, deal)).toEqual(['suspended', 'expired', 403]);
    expect(await noticesOf(supplier, goods.listing.id)).toMatchObject([expect.stringContaining('已过有效期')]);
  }, 120_000);

  test('a compliance report that ends takes the listing with it on the day, though the certificate stands', async () => {
    const resource = await newResource();
    const code = await certificateFor(rig, steward, resource);
    const goods = await listed(resource);
    const deal = await bought(goods, 'direct', 24);
    const basis = (await contractOf(deal)).current!.basis;
    expect(basis.map((one) => one.kind).sort()).toEqual(['complianceReport', 'operatingRight']);
    const end = new Date(basis.find((one) => one.kind === 'complianceReport')!.until!);
    await moveTo(new Date(end.getTime() - 60_000).toISOString());
    expect(await state(goods, deal)).toEqual(standing);
    await moveTo(end.toISOString());
    expect(await state(goods, deal)).toEqual(['suspended', 'expired', 403]);
    expect((await exchange.anyone.call(registryWire.getCertificate, { params: { code } })).state).toBe('valid');
  }, 120_000);
});

onExchange('after five years', {}, () => {
  test('a certificate that is not renewed ends with its last day; one renewed in time carries everything on', async () => {
    const [lost, kept] = [await newResource(), await newResource()];
    const code = await certificateFor(rig, steward, lost);
    const renewedCode = await certificateFor(rig, steward, kept);
    const { validUntil } = await exchange.anyone.call(registryWire.getCertificate, { params: { code } });
    const end = new Date(validUntil);
    await moveTo(new Date(end.getTime() - 60 * 86_400_000).toISOString());
    const goods = await listed(lost);
    const going = await listed(kept);
    const deal = await bought(goods);
    expect((await contractOf(deal)).until).toBe(validUntil);
    expect((await listingOf(going)).standsUntil).toBe(validUntil);

    const renewal = await laterCase(rig, steward, 'registration.renewal', renewedCode, {
      years: 5,
      rightsKept: ['hold', 'use', 'operate'],
    });
    await move(steward, renewal, 'submit');
    await approveLater(rig, renewal);
    expect(Date.parse((await listingOf(going)).standsUntil!)).toBeGreaterThan(end.getTime());
    const carried = await bought(going);
    expect(Date.parse((await contractOf(carried)).until!)).toBeGreaterThan(end.getTime());

    await moveTo(new Date(end.getTime() - 60_000).toISOString());
    expect(await state(goods, deal)).toEqual(standing);
    await moveTo(validUntil);
    expect(await state(goods, deal)).toEqual(['suspended', 'expired', 403]);
    expect((await exchange.anyone.call(registryWire.getCertificate, { params: { code } })).state).toBe('expired');
    expect(await state(going, carried)).toEqual(standing);
  }, 180_000);
});
