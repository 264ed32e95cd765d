/**
 * Engines of others behind the same contract: who offers them, what is refused before it counts, and what a counter says when one dies. The
 * engines here are processes that end where theirs might; what they compute is held against our own by `npm run interop -- engines`.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineNames, engines, planOf, tableCommitment } from '@shugu/private-compute';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import * as enginesWire from '@shugu/wire/compute-engines';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFolder, type PartyFolder } from '../../../cli/src/compute/folder.ts';
import { type PartAsked, playPart } from '../../../cli/src/compute/part.ts';
import { treeOf } from '../../../cli/src/compute/plaintext.ts';
import {
  type Computation,
  type Draft,
  draftOf,
  endedUse,
  type Holdings,
  holdingsBrought,
  type PsiDraft,
  readComputation,
  refusal,
  runOnce,
  type SharesDraft,
  sharesDraftOf,
  signedContract,
  whyNot,
} from '../support/computation.ts';
import { exchangeIn, settleWhole, type TestExchange } from '../support/exchange.ts';

const place = mkdtempSync(join(tmpdir(), 'shugu-engines-'));
const file = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(join(place, name), text);
  chmodSync(join(place, name), mode);
  return join(place, name);
};
/** An engine that says which version it is, and then does what the script says. */
const engineOf = (name: string, version: string, does = 'exit 1') =>
  file(name, `#!/bin/sh\nif [ "$1" = -I ]; then echo ${version}; exit 0; fi\n${does}\n`, 0o700);
const sparkPython = engineOf('spark', '3.5.7');
const input = {
  bank: file('bank.csv', 'id,amount\n1,10.50\n2,-3\n'),
  shop: file('shop.csv', 'id,city\n2,south\n1,north\n'),
};
const query = 'SELECT sum(b.amount) AS amount, count(*) AS n FROM b JOIN s ON b.id = s.id';

let world: TestExchange;
let clients: Record<'bank' | 'shop', Client>;
let folders: Record<'bank' | 'shop', PartyFolder>;
let stranger: Client;
let held: Holdings;
const logins = { bank: 'mapping.trader', shop: 'xingsha.trader' } as const;

const heldBy = (side: 'bank' | 'shop') => ({ folder: folders[side], input: input[side] });
const shares = (change: Partial<SharesDraft> = {}): Promise<SharesDraft> =>
  sharesDraftOf(
    world,
    { bank: heldBy('bank'), shop: heldBy('shop'), query },
    {
      title: '共同客户存款合计（样例）',
      purpose: '只统计共同客户的存款合计',
      engine: { name: 'secretflow', version: '0.9.5' },
      ...change,
    },
  );
const plain = (change: Partial<Draft> = {}): Draft => {
  const { mapping, creditagency } = world.seeded.organisations;
  const whole = draftOf(held, { bank: mapping!, tax: mapping!, recipient: creditagency! });
  return {
    ...whole,
    engine: { name: 'spark', version: '3.5.7' },
    dataSets: [whole.dataSets[0]!],
    query: { sql: 'select l.city, count(*) as n from loans l group by l.city', parameters: [] },
    ...change,
  };
};
const sign = (draft: SharesDraft | Draft, owners: readonly string[], recipient: string) =>
  signedContract(world, draft, { recipient, owners });
const signedShares = async () => sign(await shares(), Object.values(logins), logins.bank);
const part = (side: 'bank' | 'shop', one: Computation, change: Partial<PartAsked> = {}) =>
  playPart({
    ...{ client: clients[side], folder: folders[side], contract: one.id, input: input[side] },
    ...{ listen: { host: '127.0.0.1', port: 0, address: '127.0.0.1' }, waitSeconds: 60, lookMilliseconds: 20 },
    ...change,
  });
const usesOf = async (one: Computation) => (await readComputation(clients.bank, one)).uses;

beforeAll(async () => {
  const opened = await exchangeIn(holdingsBrought, { config: { computeSparkPython: sparkPython } });
  world = opened;
  clients = { bank: await world.as(logins.bank), shop: await world.as(logins.shop) };
  folders = { bank: await openFolder(join(place, 'b')), shop: await openFolder(join(place, 's')) };
  stranger = await world.as('citylogistics.trader');
  held = opened.given;
}, 600_000);
afterAll(async () => {
  await world?.end();
  rmSync(place, { recursive: true, force: true });
});

describe('engines', () => {
  test('say of themselves what they are; a draft names only those that are offered, for what they take', async () => {
    const { items } = await clients.bank.call(enginesWire.listEngines, {});
    expect(items.map(({ name, versions }) => [name, versions])).toEqual([
      ['local', []],
      ['secretflow', ['0.9.5']],
      ['spark', ['3.5.7']],
    ]);
    expect(items[1]).toMatchObject({
      package: 'spu',
      checked: ['0.9.5'],
      modes: ['shares', 'psi'],
      trust: engines.secretflow.trust,
      intersectionTrust: engines.secretflow.intersectionTrust,
    });
    expect([...enginesWire.engineNames]).toEqual([...engineNames]);
    const draft = (body: SharesDraft | PsiDraft | Draft) => refusal(clients.bank.call(wire.draftComputation, { body }));
    expect(await draft(await shares({ engine: { name: 'secretflow', version: '0.9.4' } }))).toBe(
      '422 compute.engineUnknown',
    );
    expect(await draft(await shares({ engine: { name: 'spark', version: '3.5.7' } }))).toBe(
      '422 compute.contractInvalid',
    );
    expect(await draft(await shares({ protocol: 'dealer' }))).toBe('422 compute.contractInvalid');
    const positional = { sql: 'SELECT sum(b.amount) AS a FROM b POSITIONAL JOIN s' };
    expect(await draft(await shares({ query: positional }))).toBe('422 compute.queryRefused');
    // Groups that are too few would be told by name to who does not own them.
    const grouped = `SELECT s.city, ${query.slice('SELECT '.length)} GROUP BY s.city`;
    expect(await draft(await shares({ query: { sql: grouped } }))).toBe('422 compute.queryRefused');
    const recipients = [world.seeded.organisations.xingsha!];
    expect(await draft(await shares({ query: { sql: grouped }, recipients }))).toBe('done');
    // An intersection of rows alone, by the protocol that the engine was run with.
    const { query: _, decimals: __, release: ___, rowsMax: keysMax, ...base } = await shares();
    const dataSets = base.dataSets.map(({ columns: ____, ...set }) => ({ ...set, key: 'id' }));
    const psi = { ...base, dataSets, keysMax, mode: 'psi', protocol: 'helper', opens: 'rows' } as const;
    expect(await draft(psi)).toBe('422 compute.contractInvalid');
    expect(await draft({ ...psi, engine: undefined })).toBe('done');
    expect(
      await draft({
        ...psi,
        protocol: 'kkrt',
        opens: 'count',
        recipients: [base.dataSets[0]!.owner, base.dataSets[1]!.owner],
      }),
    ).toBe('422 compute.contractInvalid');
    const keyed = await clients.bank.call(wire.draftComputation, { body: { ...psi, protocol: 'kkrt' } });
    expect([keyed.trust, keyed.shares?.helper]).toEqual([engines.secretflow.intersectionTrust, null]);
    expect(keyed.explained.map(({ en }) => en).join()).toContain('intersection by SecretFlow SPU 0.9.5 (KKRT)');
    const { mapping, xingsha, creditagency } = world.seeded.organisations;
    const two = draftOf(held, { bank: mapping!, tax: xingsha!, recipient: creditagency! });
    expect(await draft({ ...two, engine: { name: 'spark', version: '3.5.7' } })).toBe('422 compute.contractInvalid');
  });

  test('stand in what is signed and told: the engine, its version, its trust; and an owner’s process without it takes no use', async () => {
    const one = await signedShares();
    expect(one).toMatchObject({
      engine: { name: 'secretflow', version: '0.9.5', checked: true },
      shares: { helper: null },
    });
    expect(one.trust).toEqual(engines.secretflow.trust);
    // No key of the exchange is signed where it takes no part.
    const { engine, helper } = JSON.parse(one.document);
    expect([engine, helper]).toEqual([{ name: 'secretflow', version: '0.9.5' }, null]);
    expect(one.explained.map(({ en }) => en).join()).toContain(
      'SecretFlow SPU 0.9.5 computes on both owners’ own machines',
    );
    expect(await refusal(readComputation(stranger, one))).toBe('404 kernel.unknown');
    const python = engineOf('other', '0.9.4');
    expect(await whyNot(part('bank', one, { take: true }))).toBe('engineMissing');
    expect(await whyNot(part('bank', one, { take: true, python: join(place, 'nothing') }))).toBe('engineMissing');
    expect(await whyNot(part('bank', one, { take: true, python }))).toBe('engineDiffers');
    const listen = { host: '127.0.0.1', port: 0, address: '192.0.2.1' };
    expect(await whyNot(part('bank', one, { take: true, python: engineOf('right', '0.9.5'), listen }))).toBe('link');
    expect(await usesOf(one)).toEqual({ total: 3, taken: 0, left: 3 });
  });

  test('that die before both have met touch nothing: all sign so, and the use is given back', async () => {
    const one = await signedShares();
    const python = engineOf('dies', '0.9.5');
    const [mine, theirs] = await Promise.all([
      part('bank', one, { take: true, python }),
      part('shop', one, { python }),
    ]);
    expect([mine.statement.outcome, theirs.statement.outcome, mine.ended.state]).toEqual([
      'untouched',
      'untouched',
      'returned',
    ]);
    expect(mine.statement.engine).toEqual({ name: 'secretflow', version: '0.9.5' });
    expect(mine.fault?.code).toBe('compute.engineFailed');
    expect(await usesOf(one)).toEqual({ total: 3, taken: 0, left: 3 });
  });

  test('that die midway open nothing, and the use counts; the record names the engine and no third', async () => {
    const one = await signedShares();
    const plan = planOf(await treeOf(query), ['b', 's']);
    // Each has met the other, as it says, and is gone when it is asked to compute.
    const met = async (side: 'bank' | 'shop', peer: 'bank' | 'shop', role: 'first' | 'second') => {
      const commitment = await tableCommitment(input[peer], folders[peer].salt, plan, role);
      return engineOf(
        `midway-${side}`,
        '0.9.5',
        `read job; echo '{"met":true,"peerCommitment":"${commitment}"}'; read next; kill -9 $$`,
      );
    };
    const [mine, theirs] = await Promise.all([
      part('bank', one, { take: true, python: await met('bank', 'shop', 'second') }),
      part('shop', one, { python: await met('shop', 'bank', 'first') }),
    ]);
    for (const { statement, report } of [mine, theirs])
      expect([statement.outcome, report]).toEqual(['compute.engineFailed', null]);
    expect(mine.ended).toMatchObject({ state: 'failed', rows: null });
    expect(await usesOf(one)).toMatchObject({ taken: 1, left: 2 });
    await settleWhole(world);
    const bundle = await (await clients.shop.raw(wire.getComputationEvidence, { params: { id: mine.use } })).text();
    expect(JSON.parse(bundle).document).toMatchObject({
      engine: { name: 'secretflow', version: '0.9.5' },
      outcome: 'compute.partFailed',
      third: null,
    });
  });

  test('next to one owner’s data: another version counts nothing, a process that dies counts and opens nothing', async () => {
    const one = await sign(plain(), [logins.bank], 'creditagency.trader');
    const agency = await world.as('creditagency.trader');
    expect(one.explained.map(({ en }) => en).join()).toContain('Apache Spark 3.5.7 on this node');
    engineOf('spark', '3.5.8');
    expect(await refusal(runOnce(agency, one, {}))).toBe('409 compute.engineDiffers');
    engineOf('spark', 'x y');
    expect(await refusal(runOnce(agency, one, {}))).toBe('409 compute.engineDiffers');
    expect((await readComputation(agency, one)).uses.taken).toBe(0);
    engineOf('spark', '3.5.7', 'kill -9 $$');
    const { use } = await endedUse(agency, one, (await runOnce(agency, one, {})).id);
    expect(use).toMatchObject({
      state: 'failed',
      isolation: 'process',
      reason: { en: expect.stringContaining('crashed') },
    });
    expect((await readComputation(agency, one)).uses.taken).toBe(1);
    // Our own on the same query: more groups than agreed are told as that.
    const own = await sign(
      plain({ engine: undefined, release: { entitiesMin: 3, rowsMax: 1, rho: null } }),
      [logins.bank],
      'creditagency.trader',
    );
    const { use: more } = await endedUse(agency, own, (await runOnce(agency, own, {})).id);
    expect(more).toMatchObject({ state: 'failed', reason: { en: expect.stringContaining('larger than agreed') } });
    expect(await refusal(agency.call(wire.getComputationResult, { params: { id: use.id } }))).toBe(
      '409 compute.notReleased',
    );
  });
});
