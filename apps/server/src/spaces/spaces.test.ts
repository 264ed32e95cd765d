/** A data space from its founding to its end, through the door, as those concerned and as everybody else. */
import * as casesWire from '@shugu/wire/cases';
import { verifyFile } from '@shugu/wire/kernel';
import { delistListing } from '@shugu/wire/market';
import * as wire from '@shugu/wire/spaces';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import { type TestExchange, testExchange } from '../../test/support/exchange.ts';
import { listed, refusal } from '../market/testing.ts';
import {
  admitted,
  consumer,
  draftOf,
  found,
  joined,
  look,
  operator,
  outsider,
  provider,
  rulesOf,
  sign,
} from './testing.ts';

let world: TestExchange;
const names = ['乙 港口吞吐', '甲 道路货运'];
/** On the market, of the provider; each stands in as many spaces as it is put into. */
const goods: { product: string; id: string }[] = [];
beforeAll(async () => {
  world = await testExchange();
  for (const [at, name] of names.entries())
    goods.push(await listed(world, { name, summary: name, industry: at === 0 ? 'G55' : 'G54' }));
}, 240_000);
afterAll(() => world?.end());

const day = 86_400_000;
const later = async (days: number): Promise<void> => {
  const { clock } = world.exchange.kernel;
  (clock as unknown as { moveTo(to: Date): void }).moveTo(new Date(clock.now().getTime() + days * day));
  await world.settle();
};
const nothing = 'kernel.unknown';
const entriesOf = async (id: string, login: string, query: object = {}) =>
  (await (await world.as(login)).call(wire.listSpaceEntries, { params: { id }, query })).items;
const noticesOf = async (login: string): Promise<string[]> => {
  const { items } = await (await world.as(login)).call(casesWire.cases.notices, { query: { limit: 100 } });
  return items.map(({ text }) => text.zh);
};
const add = async (id: string, product: string, login = provider) =>
  (await world.as(login)).call(wire.addSpaceEntry, { params: { id }, body: { product } });

describe('founding', { timeout: 120_000 }, () => {
  test('two people of the operator admit a space; until then it is its founder’s business', async () => {
    const { id, state, yours, ...space } = await found(world);
    expect({ state, yours: yours?.roles, entries: space.entries }).toEqual({
      state: 'reviewing',
      yours: ['operator'],
      entries: null,
    });
    const { case: filed } = space;
    const stranger = await world.as(outsider);
    expect(await refusal(stranger.call(wire.getSpace, { params: { id } }))).toBe(nothing);
    expect(await refusal(world.anyone.call(wire.listSpaceRules, { params: { id }, query: {} }))).toBe(nothing);
    const ids = async () => (await world.anyone.call(wire.listSpaces, { query: {} })).items.map((one) => one.id);
    expect(await ids()).not.toContain(id);
    const invitation = { organisation: world.seeded.organisations.bank!, roles: ['consumer' as const] };
    const early = (await world.as(operator)).call(wire.inviteToSpace, { params: { id }, body: invitation });
    expect(await refusal(early)).toBe('spaces.wrongState');

    const reviewer = await world.as('operator.reviewer');
    await move(reviewer, filed!, 'concludeReview', { opinion: '相符' });
    expect(await refusal(move(reviewer, filed!, 'approve'))).toBe('kernel.notPermitted');
    await move(await world.as('operator.approver'), filed!, 'approve');
    expect(await world.anyone.call(wire.getSpace, { params: { id } })).toMatchObject({
      state: 'active',
      members: 1,
      case: null,
      yours: null,
      waiting: null,
    });
    expect(await ids()).toContain(id);
  });

  test('what the rule pack asks of a kind is refused field by field, and told with its source', async () => {
    for (const kind of ['personal', 'crossBorder'] as const)
      expect(await refusal(found(world, { kind }))).toBe('kernel.invalid required,required');
    const conditions = { assessment: 'PIA-2026-001', exportRoute: '标准合同备案 2026-01' };
    const space = await found(world, { kind: 'crossBorder', conditions });
    expect(space.conditions.map(({ id, given }) => [id, given])).toEqual([
      ['crossBorderAssessment', conditions.assessment],
      ['crossBorderRoute', conditions.exportRoute],
    ]);
    expect(space.conditions[0]!.text.zh).toContain('个人信息保护法 第五十五条');
    expect(space.conditions[1]!.text.zh).toContain('未经核实');
    expect(space.demands).toEqual(['purposes', 'regions']);
    const mine = await (await world.as(operator)).call(wire.listSpaces, {
      query: { mine: 'true', kind: 'crossBorder' },
    });
    expect(mine.items.map((one) => one.id)).toEqual([space.id]);
    await move(await world.as(operator), space.case!, 'withdraw');
    expect((await look(world, space.id)).state).toBe('withdrawn');
  });

  test('whoever is no member of the exchange, or has no seat for it, founds nothing', async () => {
    for (const login of ['operator.approver', 'merchant.finance'])
      expect(await refusal((await world.as(login)).call(wire.foundSpace, { body: draftOf() }))).toBe(
        'kernel.notPermitted',
      );
  });
});

describe('members', { timeout: 120_000 }, () => {
  test('an invitation takes effect by signing the rules in force, with evidence; an application is decided first', async () => {
    const { id } = await admitted(world);
    const member = await joined(world, id, provider, 'provider');
    expect((await look(world, id, provider)).yours).toMatchObject({ state: 'active', signed: 1, standing: true });
    expect(await refusal(sign(world, id, provider))).toBe('spaces.alreadySigned');

    const client = await world.as(consumer);
    const { id: asked } = await client.call(wire.applyToSpace, { params: { id }, body: { roles: ['consumer'] } });
    expect(await refusal(sign(world, id, consumer))).toBe('spaces.wrongState');
    expect((await look(world, id)).waiting).toBe(1);
    expect(await refusal(client.call(wire.listSpaceMembers, { params: { id }, query: {} }))).toBe(nothing);
    const place = { params: { id, member: asked } };
    expect(await refusal((await world.as(provider)).call(wire.admitToSpace, place))).toBe(nothing);
    await (await world.as(operator)).call(wire.admitToSpace, place);
    const waiting = await client.call(wire.listSpaces, { query: { waiting: 'true' } });
    expect(waiting.items.map((one) => one.id)).toEqual([id]);
    const wrong = client.call(wire.signSpaceRules, { params: { id }, body: { digest: `sha256:${'0'.repeat(64)}` } });
    expect(await refusal(wrong)).toBe('spaces.digestDiffers digestDiffers');
    await sign(world, id, consumer);
    const { items } = await client.call(wire.listSpaceMembers, { params: { id }, query: {} });
    expect(items.map(({ state, roles, standing }) => [state, roles, standing])).toEqual([
      ['active', ['operator'], true],
      ['active', ['provider'], true],
      ['active', ['consumer'], true],
    ]);

    await world.settle();
    const evidence = await (await world.as(provider)).raw(wire.getSpaceSignature, { params: { id, member } });
    const bundle = await evidence.text();
    const verified = async (file: string) => (await world.anyone.call(verifyFile, { body: { file } })).ok;
    expect(bundle).toContain(world.seeded.organisations.xingsha);
    expect(await verified(bundle)).toBe(true);
    expect(await verified(bundle.replace('"number":1', '"number":2'))).toBe(false);
    expect(await refusal(client.call(wire.getSpaceSignature, { params: { id, member } }))).toBe(nothing);
  });

  test('only organisations of the roles that the rules name may join', async () => {
    const { id } = await admitted(world, { rules: rulesOf({ joinRoles: ['productSupplier'] }) });
    const body = { organisation: world.seeded.organisations.bank!, roles: ['consumer' as const] };
    const inviting = await world.as(operator);
    expect(await refusal(inviting.call(wire.inviteToSpace, { params: { id }, body }))).toBe(
      'spaces.roleMissing roleMissing',
    );
    const asking = (await world.as(outsider)).call(wire.applyToSpace, {
      params: { id },
      body: { roles: ['consumer'] },
    });
    expect(await refusal(asking)).toBe('spaces.roleMissing');
    await joined(world, id, provider, 'provider');
    const again = { organisation: world.seeded.organisations.xingsha!, roles: ['provider' as const] };
    expect(await refusal(inviting.call(wire.inviteToSpace, { params: { id }, body: again }))).toBe(
      'spaces.alreadyMember',
    );
  });

  test('a new version is signed within its time; later the member rests, and comes back by signing', async () => {
    const { id } = await admitted(world);
    const product = goods[0]!.product;
    await joined(world, id, provider, 'provider');
    await joined(world, id, consumer, 'consumer');
    await add(id, product);
    expect(await entriesOf(id, consumer)).toHaveLength(1);

    const publish = async (signDays: number) =>
      (await world.as(operator)).call(wire.publishSpaceRules, {
        params: { id },
        body: { ...rulesOf({}, 2), signDays },
      });
    expect(await refusal(publish(1))).toBe('kernel.invalid invalid');
    expect(await publish(10)).toMatchObject({ rules: { number: 2 }, yours: { signed: 2, standing: true } });
    expect(await noticesOf(provider)).toContainEqual(expect.stringContaining('发布第 2 版规则'));
    expect((await look(world, id, provider)).yours).toMatchObject({ state: 'active', signed: 1, standing: true });
    await sign(world, id, consumer);
    expect(await entriesOf(id, consumer)).toHaveLength(1);

    await later(11);
    expect((await look(world, id, provider)).yours).toMatchObject({ state: 'resting', standing: false });
    expect(await noticesOf(provider)).toContainEqual(expect.stringContaining('成员资格暂停'));
    expect(await refusal(entriesOf(id, provider))).toBe(nothing);
    expect(await refusal(add(id, product))).toBe('spaces.notStanding');
    // What a resting member offers is not shown either.
    expect(await entriesOf(id, consumer)).toEqual([]);
    await sign(world, id, provider);
    expect(await entriesOf(id, consumer)).toHaveLength(1);
    const { items } = await world.anyone.call(wire.listSpaceRules, { params: { id }, query: {} });
    expect(items.map(({ number }) => number)).toEqual([2, 1]);
  });

  test('leaving and expulsion end the membership with what it offered; the operator closes the space instead', async () => {
    const { id, case: filed } = await admitted(world);
    const product = goods[0]!.product;
    const member = await joined(world, id, provider, 'provider');
    await joined(world, id, consumer, 'consumer');
    await add(id, product);
    const expel = (login: string) =>
      world
        .as(login)
        .then((client) => client.call(wire.expelFromSpace, { params: { id, member }, body: { reason: '违反规则' } }));
    expect(await refusal(expel(consumer))).toBe(nothing);
    expect(await expel(operator)).toMatchObject({ state: 'expelled', reason: '违反规则' });
    expect(await refusal(expel(operator))).toBe('spaces.wrongState');
    expect(await noticesOf(provider)).toContainEqual(expect.stringContaining('除名：违反规则'));
    expect(await entriesOf(id, consumer)).toEqual([]);
    expect(await refusal(entriesOf(id, provider))).toBe(nothing);

    const leave = (login: string) =>
      world.as(login).then((one) => one.call(wire.leaveSpace, { params: { id }, body: {} }));
    expect(await refusal(leave(operator))).toBe('spaces.wrongState');
    expect(await refusal(leave(outsider))).toBe(nothing);
    expect((await leave(consumer)).yours).toMatchObject({ state: 'left', standing: false });
    expect(await refusal(leave(consumer))).toBe(nothing);

    expect(await refusal(move(await world.as(provider), filed!, 'close', { reason: 'x' }))).toBe('kernel.notPermitted');
    await move(await world.as(operator), filed!, 'close', { reason: '目的已达成' });
    expect(await look(world, id, outsider)).toMatchObject({ state: 'closed', reason: '目的已达成', members: 0 });
    expect(await refusal(entriesOf(id, operator))).toBe(nothing);
  });
});

describe('the logical catalogue', { timeout: 120_000 }, () => {
  test('holds products by reference, for members alone; it is searched, narrowed, sorted and paged', async () => {
    const { id } = await admitted(world);
    await joined(world, id, provider, 'provider');
    await joined(world, id, consumer, 'consumer');
    for (const { product } of goods) await add(id, product);
    expect(await refusal(add(id, goods[0]!.product))).toBe('spaces.alreadyListed alreadyListed');
    // Somebody else's product is as if there were none.
    expect(await refusal(add(id, goods[0]!.product, operator))).toBe(nothing);
    expect(await refusal(add(id, goods[0]!.product, consumer))).toBe('spaces.notProvider');

    const titles = async (query: object = {}) => (await entriesOf(id, consumer, query)).map(({ title }) => title);
    expect(await titles()).toEqual([...names].reverse());
    expect(await titles({ q: '道路' })).toEqual([names[1]]);
    expect(await titles({ industry: 'G55' })).toEqual([names[0]]);
    expect(await titles({ q: '100%' })).toEqual([]);
    for (const sort of ['newest', 'title'] as const) {
      const client = await world.as(consumer);
      const all: string[] = [];
      for (let after: string | undefined, more = true; more; ) {
        const page = await client.call(wire.listSpaceEntries, { params: { id }, query: { sort, limit: 1, after } });
        all.push(...page.items.map(({ title }) => title));
        after = page.next ?? undefined;
        more = page.next !== null;
      }
      expect(all).toEqual(await titles({ sort }));
      expect(all).toHaveLength(2);
    }
    const foreign = await (await world.as(consumer)).call(wire.listSpaceEntries, {
      params: { id },
      query: { limit: 1 },
    });
    expect(await refusal(entriesOf(id, consumer, { sort: 'title', after: foreign.next }))).toBe(
      'kernel.invalid invalid',
    );

    expect(await refusal(entriesOf(id, outsider))).toBe(nothing);
    expect(await refusal(world.anyone.call(wire.listSpaceEntries, { params: { id }, query: {} }))).toBe(nothing);
    expect(await entriesOf(id, 'regulator.officer')).toHaveLength(2);
    expect((await look(world, id, outsider)).entries).toBeNull();

    const client = await world.as(provider);
    await client.call(delistListing, { params: { id: goods[1]!.id }, body: { reason: '停止供应' } });
    await world.settle();
    expect(await titles()).toEqual([names[0]]);
    const [last] = await entriesOf(id, consumer);
    const take = { params: { id, entry: last!.id }, body: { reason: '不再提供' } };
    expect(await refusal((await world.as(consumer)).call(wire.withdrawSpaceEntry, take))).toBe(nothing);
    await client.call(wire.withdrawSpaceEntry, take);
    expect(await refusal(client.call(wire.withdrawSpaceEntry, take))).toBe('spaces.wrongState');
    expect(await titles()).toEqual([]);
  });

  test('everybody sees it where the rules say so', async () => {
    const { id } = await admitted(world, { rules: rulesOf({ catalogue: 'everyone' }) });
    await joined(world, id, provider, 'provider');
    const product = goods[0]!.product;
    await add(id, product);
    const { items } = await world.anyone.call(wire.listSpaceEntries, { params: { id }, query: {} });
    expect(items).toMatchObject([{ product, supplier: { id: world.seeded.organisations.xingsha } }]);
    const stranger = await world.as(outsider);
    expect(await refusal(stranger.call(wire.listSpaceMembers, { params: { id }, query: {} }))).toBe(nothing);
  });

  test('a policy that does not say what the rules ask for is refused, and goes when they ask for more', async () => {
    const { id } = await admitted(world, { rules: rulesOf({ policy: ['purposes'] }) });
    await joined(world, id, provider, 'provider');
    const product = goods[0]!.product;
    await add(id, product);
    await (await world.as(operator)).call(wire.publishSpaceRules, {
      params: { id },
      body: rulesOf({ policy: ['purposes', 'noOnward', 'regions'] }, 2),
    });
    await world.settle();
    expect(await entriesOf(id, provider)).toEqual([]);
    expect(await refusal(add(id, product))).toBe('spaces.policyLacks regions');
  });
});
