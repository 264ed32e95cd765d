/** The same bank and retailer find out which keys they have in common, and no more than was signed opens. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sumTrust, trustOf } from '@shugu/private-compute';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cutter, cutter } from '../../../../packages/private-compute/src/channel/testing.ts';
import { command } from '../../../cli/src/command.ts';
import { keepPapers } from '../../../cli/src/compute/papers.ts';
import { playPart } from '../../../cli/src/compute/part.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { saidBy } from '../../../cli/src/testing.ts';
import {
  asked,
  bank,
  both,
  closeBeside,
  come,
  openBeside,
  place,
  psiDraft,
  shop,
  shopFile,
  signedPsi,
  state,
  world,
} from '../support/beside.ts';
import { type Computation, type PsiDraft, readComputation, refusal, runOnce, whyNot } from '../support/computation.ts';

beforeAll(openBeside, 240_000);
afterAll(closeBeside);

describe('a contract on a private intersection', () => {
  const sums = { table: 'b', column: 'amount', atLeast: 3, decimals: 2 };
  const organisations = () => world.seeded.organisations as Record<'mapping' | 'xingsha', string>;

  test('says what opens to whom and on what trust, and is refused where its protocol would show more', async () => {
    const { mapping, xingsha } = organisations();
    const told = async (change: Partial<PsiDraft>) => {
      const body = await psiDraft(change);
      const { explained, trust, output } = await bank.client.call(wire.previewComputation, { body });
      return { text: explained.map(({ en }) => en).join('\n'), trust, output };
    };
    expect(await told({ protocol: 'sm2' })).toMatchObject({
      text: expect.stringMatching(/get those rows[\s\S]*its key is id[\s\S]*SM2[\s\S]*takes no part/),
      trust: trustOf.sm2,
    });
    expect(await told({ opens: 'sums', sums })).toMatchObject({
      text: expect.stringContaining('fewer than 3 common keys does not open'),
      trust: sumTrust,
      output: [{ name: 'count' }, { name: 'sum' }],
    });
    const refused = async (change: Partial<PsiDraft>) =>
      refusal(bank.client.call(wire.previewComputation, { body: await psiDraft(change) }));
    const both = [mapping, xingsha];
    for (const change of [
      { opens: 'count' },
      { opens: 'count', recipients: both, protocol: 'kkrt' },
      { opens: 'sums' },
      { opens: 'sums', sums, protocol: 'ecdh' },
      { opens: 'sums', sums: { ...sums, table: 'other' } },
      { sums },
      { protocol: 'ecdh', keysMax: 1_000_001 },
      { count: { atLeast: 3 } },
      { opens: 'count', recipients: both, protocol: 'ecdh', count: { atLeast: 3 } },
      { opens: 'count', recipients: both, protocol: 'sm2', count: { atLeast: 3 } },
      { noise: { rows: [{ table: 'b', rowsMax: 1 }], bounds: [], groups: [] } },
    ] as const)
      expect(await refused(change as Partial<PsiDraft>), JSON.stringify(change)).toBe('422 compute.contractInvalid');
  });

  test('opens rows at its recipient alone, who can show that they are what it stated; and not on other data, or unsigned', async () => {
    const { xingsha } = organisations();
    const one = await signedPsi({ recipients: [xingsha], uses: 1 });
    const out = join(place, 'psi');
    const words = ['compute', 'run', '--take', '--json', '--wait=100', `--contract=${one.id}`, `--input=${shopFile}`];
    const where = [`--party=${join(place, shop.login)}`, `--out=${out}`, `--url=${world.url}`];
    const token = await world.token(shop.login);
    const [mine, theirs] = await Promise.all([
      playPart(asked(bank, one)),
      saidBy(() => command([...words, ...where, `--key=${token}`], 'en')),
    ]);
    expect(theirs.status, theirs.err).toBe(0);
    expect(readFileSync(join(out, 'result.csv'), 'utf8')).toBe(
      'id,city\n5,south\n1,north\n2,south\n3,north\n6,north\n7,south\n8,west\n',
    );
    const { ended, statement, opened } = mine;
    expect([ended.state, ended.rows, opened, statement.result]).toEqual([
      'released',
      null,
      { answer: null, rows: null },
      null,
    ]);
    const verify = () => saidBy(() => command(['compute', 'verify', '--json', out], 'en'));
    const holds = await verify();
    expect([holds.status, JSON.parse(holds.out).uses], holds.err).toMatchObject([
      0,
      [{ outcome: 'released', statements: true, contract: true, ending: true, opened: true }],
    ]);
    writeFileSync(join(out, 'result.csv'), 'id,city\n');
    expect((await verify()).status).toBe(1);
    // One use too many, another file, and a contract that an owner has not signed with its key.
    expect(await whyNot(playPart(asked(shop, one, { take: true })))).toBe('uses');
    expect(await refusal(runOnce(shop.client, one, {}))).toBe('409 compute.exhausted');
    const another = await signedPsi();
    expect(await whyNot(playPart(asked(bank, another, { take: true, input: shopFile })))).toBe('input');
    const forging = (change: (found: Computation) => Partial<Computation>): Client =>
      ({
        ...bank.client,
        call: async (endpoint: never, input: never) => {
          const found = (await bank.client.call(endpoint, input)) as Computation;
          return { ...found, ...change(found) };
        },
      }) as Client;
    const changes: ((found: Computation) => Partial<Computation>)[] = [
      ({ signatures }) => ({ signatures: signatures.slice(1) }),
      // The other owner's signature is one over something else, or by a key that is nobody's here.
      ({ signatures: [a, b] }) => ({ signatures: [a!, { ...b!, signature: a!.signature }] }),
      ({ signatures: [a, b] }) => ({ signatures: [a!, { ...b!, publicKey: shop.folder.signingKey }] }),
      ({ signatures: [a, b] }) => ({ signatures: [a!, { ...a!, by: b!.by }] }),
    ];
    for (const change of changes)
      expect(await whyNot(playPart({ ...asked(bank, another, { take: true }), client: forging(change) }))).toBe(
        'signatures',
      );
    const otherMode = ({ document }: Computation) => {
      const text = document.replace('"protocol":"helper"', '"protocol":"ecdh"');
      return { document: text, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
    };
    const turned = playPart({ ...asked(bank, another, { take: true }), client: forging(otherMode) });
    expect(await whyNot(turned)).toBe('query');
    expect((await readComputation(bank.client, another)).uses.taken).toBe(0);
  });

  test('opens sums of enough common keys, and a count to both by the two alone', async () => {
    const { mapping, xingsha } = organisations();
    const [mine, theirs] = await both(await signedPsi({ opens: 'sums', sums }));
    // Of 1, 2, 3, 5, 6, 7 and 8: 10.50 − 3 + 4 + 7 + 1 + 2 + 50.
    expect([mine.opened.answer?.rows, theirs.opened.answer]).toEqual([[['7', '71.5']], null]);
    const alone = await signedPsi({ opens: 'count', protocol: 'ecdh', recipients: [mapping, xingsha] });
    const counted = await both(alone);
    for (const { opened, ended, statement } of counted)
      expect([opened.answer?.rows, ended.state, ended.rows, statement.rows]).toEqual([[['7']], 'released', null, null]);
    // Neither statement tells it to who knows the file's form: the same seven keys, and two commitments.
    expect(counted[0].statement.result).not.toBe(counted[1].statement.result);
    // The record has no third, and holds beside the contract that has none.
    const out = join(place, 'alone');
    await keepPapers(bank.client, { contract: alone.id, use: counted[0].use, opened: counted[0].opened, out });
    const { document } = JSON.parse(readFileSync(join(out, `${counted[0].use}.json`), 'utf8'));
    expect(document).toMatchObject({ third: null, engine: { name: 'local', version: null } });
    const checked = await saidBy(() => command(['compute', 'verify', '--json', out], 'en'));
    expect(JSON.parse(checked.out).uses, checked.err).toMatchObject([{ outcome: 'released', ending: true }]);
  });

  test('opens a count of enough common keys alone; of fewer nobody but the helper hears the number, and it counts', async () => {
    const { mapping, xingsha } = organisations();
    const count = (atLeast: number) =>
      signedPsi({ opens: 'count', recipients: [mapping, xingsha], count: { atLeast } });
    const enough = await count(7);
    expect(enough.explained.map(({ en }) => en).join()).toContain('Fewer than 7 do not open');
    expect([enough.intersection?.count, enough.shares?.entitiesMin]).toEqual([{ atLeast: 7 }, 7]);
    for (const { opened, ended } of await both(enough))
      expect([opened.answer?.rows, ended.state]).toEqual([[['7']], 'released']);
    const few = await count(8);
    const [mine, theirs] = await both(few);
    for (const { opened, ended, statement, fault } of [mine, theirs]) {
      expect([opened.answer, ended.state, statement.outcome, fault?.code]).toEqual([
        null,
        'failed',
        'compute.tooFew',
        'compute.tooFew',
      ]);
      expect(ended.reason?.zh).toBe('相同标识少于合约约定的数量，未打开');
      expect(fault?.message).not.toMatch(/7/);
    }
    expect((await readComputation(bank.client, few)).uses.taken).toBe(1);
    const out = join(place, 'few');
    await keepPapers(bank.client, { contract: few.id, use: mine.use, opened: mine.opened, out });
    const record = readFileSync(join(out, `${mine.use}.json`), 'utf8');
    expect(JSON.parse(record).document).toMatchObject({ outcome: 'compute.tooFew', rows: null, result: null });
    const checked = await saidBy(() => command(['compute', 'verify', '--json', out], 'en'));
    expect(JSON.parse(checked.out).uses, checked.err).toMatchObject([{ outcome: 'compute.tooFew', ending: true }]);
  });

  test('over a network that breaks again and again two owners come to the same, and it is one use', async () => {
    const one = await signedPsi({ protocol: 'kkrt', recipients: [organisations().xingsha] });
    const cutters: Cutter[] = [];
    // Where the other is told to dial there stands a network that breaks, each time well before all has passed (38,000 bytes).
    const through = ({ client }: typeof bank): Client =>
      ({
        ...client,
        call: async (endpoint: never, input: { body?: { address?: string | null } }) => {
          const [host, port] = input.body?.address?.split(':') ?? [];
          if (port === undefined) return client.call(endpoint, input as never);
          const between = await cutter(Number(port), (n) => (n < 3 ? { afterBytes: 4_000 + 3_000 * n } : undefined));
          cutters.push(between);
          return client.call(endpoint, { ...input, body: { address: `${host}:${between.port}` } } as never);
        },
      }) as unknown as Client;
    const [mine, theirs] = await Promise.all([
      playPart(asked(bank, one, { client: through(bank) })),
      playPart(asked(shop, one, { take: true, client: through(shop) })),
    ]).finally(() => cutters.map((between) => between.close()));
    expect([mine.ended.state, theirs.ended.state, theirs.found?.common]).toEqual(['released', 'released', 7]);
    expect(cutters.map(({ cut }) => cut)).toEqual([3]);
    expect((await readComputation(bank.client, one)).uses.taken).toBe(1);
  });

  test('a peer that dies midway ends it for both, with the reason, and it counts', async () => {
    const one = await signedPsi({ protocol: 'ecdh' });
    const stop = new AbortController();
    const { id: use } = await runOnce(bank.client, one, {});
    // The shop's process is there and listens, and is killed when the bank's has begun to read.
    const dying = playPart(asked(shop, one, { use, signal: stop.signal }));
    const surviving = playPart(asked(bank, one, { use, tell: (step) => step === 'started' && stop.abort() }));
    await expect(dying).rejects.toThrow(/abort/);
    await until('the bank’s statement', async () => {
      const { parts } = await bank.client.call(wire.getParts, { params: { id: use } });
      return parts.some(({ stated }) => stated);
    });
    // Started again it says what it had come to, and plays no more.
    const again = await playPart(asked(shop, one, { use }));
    expect(again.statement.outcome).toBe('compute.interrupted');
    expect(again.ended).toMatchObject({ state: 'failed', reason: { en: expect.stringMatching(/compute\./) } });
    await surviving;
    expect((await readComputation(bank.client, one)).uses.taken).toBe(1);
  });

  test('of two alone, an owner that revokes ends what is under way at the other, too', async () => {
    const one = await signedPsi({ protocol: 'ecdh' });
    const { id: use } = await runOnce(bank.client, one, {});
    const partsOf = async () => (await bank.client.call(wire.getParts, { params: { id: use } })).parts;
    await come(bank, use);
    const listening = playPart(asked(shop, one, { use }));
    await until('the shop listens', async () => (await partsOf())[1]!.address !== null);
    await bank.client.call(wire.revokeComputation, { params: { id: one.id }, body: { reason: '样例' } });
    await until('the shop’s statement', async () => (await partsOf())[1]!.stated);
    await state(bank, one, use);
    const { statement, fault, ended } = await listening;
    expect([statement.outcome, fault?.code, ended.state]).toEqual(['untouched', 'compute.peerGone', 'returned']);
  });
});
