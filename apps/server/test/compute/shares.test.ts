/** A bank and a retailer compute on secret shares with the exchange as the third: data stay with them, and every use is stated by both. */
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  confirmContract,
  dealerTrust,
  isConfirmed,
  partyFingerprint,
  sharesLimits,
  sharesProtocols,
  sharesTrust,
} from '@shugu/private-compute';
import type { Client, ProblemError } from '@shugu/wire';
import { cases as casesWire } from '@shugu/wire/cases';
import * as wire from '@shugu/wire/compute';
import * as kernelWire from '@shugu/wire/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../../../cli/src/command.ts';
import { openFolder } from '../../../cli/src/compute/folder.ts';
import { csvOf } from '../../../cli/src/compute/opening.ts';
import { type PartAsked, playPart } from '../../../cli/src/compute/part.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { saidBy } from '../../../cli/src/testing.ts';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { sql } from '../../src/kernel/db/db.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import {
  answer,
  asked,
  bank,
  bankFile,
  both,
  closeBeside,
  come,
  draft,
  evidenceOf,
  file,
  openBeside,
  place,
  query,
  type Side,
  shop,
  shopFile,
  signed,
  state,
  stranger,
  world,
} from '../support/beside.ts';
import {
  type Computation,
  readComputation,
  refusal,
  runOnce,
  type SharesDraft,
  whyNot,
} from '../support/computation.ts';
import { settleWhole } from '../support/exchange.ts';

beforeAll(openBeside, 240_000);
afterAll(closeBeside);

describe('a contract on shares', () => {
  test('says what each party learns, where the data stay, and on what trust', async () => {
    const one = await bank.client.call(wire.draftComputation, { body: await draft() });
    expect(one).toMatchObject({ mode: 'shares', trust: sharesTrust, dataSets: [], release: null });
    const told = one.explained.map(({ en }) => en).join('\n');
    expect(told).toMatch(
      /opens at .* alone[\s\S]*b of .* matched by id[\s\S]*Values of amount enter as random shares alone/,
    );
    expect(told).toMatch(/It alone looks at city[\s\S]*how many there are[\s\S]*third node/);
    expect(told).toMatch(/fewer than 3 common keys does not open[\s\S]*Rows without amount do not count/);
    const sql = `${query} HAVING count(*) >= 5 ORDER BY n DESC LIMIT 3`;
    const { explained } = await bank.client.call(wire.previewComputation, { body: await draft({ query: { sql } }) });
    expect(explained[0]!.en).toMatch(
      /A group of fewer than 5 common keys .* the first 3 groups open, by n, largest first/,
    );
    expect(await refusal(readComputation(stranger, one))).toBe('404 kernel.unknown');
    expect(wire.sharesLimits).toEqual({ rows: sharesLimits.rows, decimals: sharesLimits.decimals });
    expect(wire.sharesProtocols).toEqual(sharesProtocols);
  });

  test('is refused where it could not be played, and where a stranger would get the result', async () => {
    const refused = async (change: Partial<SharesDraft>) =>
      refusal(bank.client.call(wire.draftComputation, { body: await draft(change) }));
    const whole = await draft();
    const [b, s] = whole.dataSets as [SharesDraft['dataSets'][number], SharesDraft['dataSets'][number]];
    expect(await refused({ query: { sql: 'SELECT b.amount FROM b JOIN s ON b.id = s.id' } })).toBe(
      '422 compute.queryRefused',
    );
    expect(await refused({ query: { sql: 'not SQL' } })).toBe('422 compute.queryRefused');
    const joined = 'FROM b JOIN s ON b.id = s.id';
    for (const sql of [
      `SELECT sum(b.amount) AS x ${joined} WHERE b.id = '5'`,
      `SELECT sum(b.amount) AS x ${joined} WHERE b.amount > 100`,
      `SELECT sum(b.amount) AS x ${joined} HAVING count(*) >= 2`,
      `SELECT count(b.manager) AS x ${joined}`,
      'SELECT sum(b.amount) AS x FROM b POSITIONAL JOIN s',
    ])
      expect(await refused({ query: { sql } }), sql).toBe('422 compute.queryRefused');
    expect(await refused({ release: { entitiesMin: 2 } })).toBe('400 kernel.invalid');
    const agency = world.seeded.organisations.creditagency!;
    for (const change of [
      { recipients: [agency] },
      { dataSets: [b, { ...s, owner: b.owner }] },
      { dataSets: [b, { ...s, channelKey: b.channelKey }] },
      { dataSets: [b, { ...s, signingKey: { ...s.signingKey, x: 'A'.repeat(43) } as never }] },
      { until: whole.from },
      { priceFen: '100' },
    ])
      expect(await refused(change), JSON.stringify(change)).toBe('422 compute.contractInvalid');
    // Rules that nobody could keep there are refused in words, and not left out in silence.
    const why = async (change: Partial<SharesDraft>) =>
      (await bank.client
        .call(wire.draftComputation, { body: await draft(change) })
        .catch((error: ProblemError) => error.problem)) as ProblemError['problem'];
    const noise = { rows: [{ table: 'b', rowsMax: 1 }], bounds: [], groups: [] };
    for (const [change, field, message] of [
      [{ release: { entitiesMin: 3, how: 'ask' } }, 'body.release.how', '没有人能先看'],
      [{ release: { entitiesMin: 3, rho: '0.1' } }, 'body.release.rho', '不加噪声'],
      [{ release: { entitiesMin: 3, rho: '0.1' }, noise }, 'body.noise', '不加噪声'],
    ] as const)
      expect(await why(change as Partial<SharesDraft>)).toMatchObject({
        code: 'compute.contractInvalid',
        errors: [{ field, message: expect.stringContaining(message) }],
      });
    const direct = await bank.client.call(wire.draftComputation, {
      body: await draft({ release: { entitiesMin: 3, rho: null, how: 'direct' } }),
    });
    expect(JSON.parse(direct.document).release).toEqual({ entitiesMin: 3 });
    expect(direct.explained.map(({ en }) => en).join()).toContain('What opens is exact: no noise is added');
    expect(await refused({ dataSets: [b, { ...s, table: 'other' }] })).toBe('422 compute.queryRefused');
    expect(await refused({ dataSets: [b, { ...s, commitment: 'x' }] })).toBe('400 kernel.invalid');
    expect(await refusal(stranger.call(wire.draftComputation, { body: whole }))).toBe('422 compute.notAParty');
  });

  test('runs beside the data: the result opens at its recipient, and all three leave evidence', async () => {
    const one = await signed();
    const [mine, theirs] = await both(one);
    expect(mine.report!.answer!.rows).toEqual(answer);
    expect(theirs.report!.answer).toBeNull();
    expect([mine.ended.state, mine.ended.rows, theirs.ended.id]).toEqual(['released', 2, mine.use]);
    const resultOf = (who: Client) => refusal(who.call(wire.getComputationResult, { params: { id: mine.use } }));
    expect([await resultOf(bank.client), await resultOf(shop.client)]).toEqual([
      '409 compute.elsewhere',
      '404 kernel.unknown',
    ]);
    expect((await readComputation(bank.client, one)).uses).toEqual({ total: 3, taken: 1, left: 2 });
    await world.settle();
    const bundle = await (await evidenceOf(mine.use)).text();
    expect((await world.anyone.call(kernelWire.verifyFile, { body: { file: bundle } })).ok).toBe(true);
    const { document } = JSON.parse(bundle);
    expect(document).toMatchObject({
      contractDigest: one.digest,
      outcome: 'released',
      result: mine.statement.result,
      third: { outcome: 'done', met: true },
    });
    expect(document.parts.map(({ statement }: { statement: string }) => JSON.parse(statement))).toEqual([
      mine.statement,
      theirs.statement,
    ]);
    // A small answer is not found by trying: the digest of what may be guessed is nowhere in the record.
    const guessed = createHash('sha256').update(csvOf(mine.report!.answer!)).digest('hex');
    expect(bundle).not.toContain(guessed);
    // The exchange has nothing of the answer, and neither side sees the other's process but while it plays.
    expect(bundle).not.toContain('15.5');
    expect(await refusal(stranger.call(wire.getParts, { params: { id: mine.use } }))).toBe('404 kernel.unknown');
    expect(await refusal(evidenceOf(mine.use, stranger))).toBe('404 kernel.unknown');
    // The same use is not played twice.
    expect(await whyNot(playPart(asked(bank, one, { use: mine.use })))).toBe('played');
  });

  test('from the command line: each owner beside its file, and the papers verify offline, with the contract beside them', async () => {
    const one = await signed();
    const [mine, theirs] = [join(place, 'mine'), join(place, 'theirs')];
    const run = async ({ login, input }: Side, out: string, ...more: string[]) =>
      command(
        [
          ...[
            'compute',
            'run',
            `--contract=${one.id}`,
            `--input=${input}`,
            `--party=${join(place, login)}`,
            `--out=${out}`,
          ],
          ...[`--url=${world.url}`, `--key=${await world.token(login)}`, ...more],
        ],
        'en',
      );
    const status = { mine: -1, theirs: -1 };
    const { out } = await saidBy(async () => {
      [status.mine, status.theirs] = await Promise.all([
        run(bank, mine, '--take', `--as=${one.shares!.parts[0]!.owner}`),
        run(shop, theirs),
      ]);
      return 0;
    });
    expect({ ...status, out }).toEqual({
      mine: 0,
      theirs: 0,
      out: expect.stringContaining('city,amount,n\nnorth,15.5,3\n'),
    });
    expect(out).toContain('the result does not open here');
    expect(readFileSync(join(mine, 'result.csv'), 'utf8')).toBe('city,amount,n\nnorth,15.5,3\nsouth,6,3\n');
    expect(readdirSync(theirs)).not.toContain('result.csv');
    const [use] = readdirSync(mine).filter((name) => name.startsWith('cpu_'));
    const verify = (folder: string) => saidBy(() => command(['compute', 'verify', join(folder, use!), '--json'], 'en'));
    for (const folder of [mine, theirs]) {
      const found = await verify(folder);
      expect(found.status).toBe(0);
      expect(JSON.parse(found.out)).toMatchObject({
        ok: true,
        uses: [
          {
            use: 1,
            outcome: 'released',
            statements: true,
            contract: true,
            ending: true,
            opened: folder === mine || null,
          },
        ],
      });
    }
    // The result is what its recipient stated, by a salt that only that one had.
    const result = readFileSync(join(mine, 'result.csv'), 'utf8');
    writeFileSync(join(mine, 'result.csv'), result.replace('15.5', '15.6'));
    expect((await verify(mine)).status).toBe(1);
    writeFileSync(join(mine, 'result.csv'), result);
    // A word in it changed, and another contract beside it.
    const contract = readFileSync(join(mine, 'contract.json'), 'utf8');
    writeFileSync(join(mine, 'contract.json'), contract.replace('"uses":3', '"uses":4'));
    const other = await verify(mine);
    expect([other.status, JSON.parse(other.out).uses[0].contract]).toEqual([1, false]);
    const bundle = readFileSync(join(theirs, use!), 'utf8');
    writeFileSync(join(theirs, use!), bundle.replace('"number":1', '"number":2'));
    expect((await verify(theirs)).status).toBe(1);
    // The wrong owner, a stranger, and a file that was not signed for.
    const wrong = await saidBy(() => run(shop, theirs, `--as=${one.shares!.parts[0]!.owner}`));
    expect(wrong).toMatchObject({ status: 1, err: expect.stringContaining('--as') });
    expect(await saidBy(() => run({ ...shop, login: 'citylogistics.trader' }, theirs))).toMatchObject({ status: 1 });
    const changed = await saidBy(() => run({ ...bank, input: shopFile }, mine, '--take'));
    expect(changed).toMatchObject({ status: 1, err: expect.stringContaining('not the one that was committed to') });
    expect((await readComputation(bank.client, one)).uses.taken).toBe(1);
  });

  test('with the exchange as the dealer the two compute alone, and state one commitment to what opens to both', async () => {
    const dealt = { protocol: 'dealer' } as const;
    const recipients = (await draft(dealt)).dataSets.map(({ owner }) => owner);
    const one = await signed({ ...dealt, recipients });
    expect(one).toMatchObject({ trust: dealerTrust, shares: { protocol: 'dealer' } });
    expect(one.explained.map(({ en }) => en).join('\n')).toMatch(
      /decided on shares, by both and by none alone[\s\S]*This exchange is the dealer/,
    );
    expect(JSON.parse(one.document).protocol).toBe('dealer');
    const [mine, theirs] = await both(one);
    for (const { report, ended } of [mine, theirs])
      expect([report!.answer!.rows, ended.state, ended.rows]).toEqual([answer, 'released', 2]);
    expect(mine.statement.result).toBe(theirs.statement.result);
    await world.settle();
    const { document } = JSON.parse(await (await evidenceOf(mine.use)).text());
    expect(document).toMatchObject({ outcome: 'released', third: { outcome: 'done', met: true } });
    expect(JSON.stringify(document)).not.toContain('15.5');
    const engine = { name: 'secretflow', version: '0.9.5' } as const;
    const body = await draft({ ...dealt, engine });
    expect(await refusal(bank.client.call(wire.draftComputation, { body }))).toMatch(/^(409|422) compute\./);
  });

  test('owners confirm it with keys of their own, and meet nobody in the other’s place, whatever the exchange shows', async () => {
    const one = await signed();
    const fingerprints = one.shares!.parts.map(({ fingerprint }) => fingerprint) as [string, string];
    expect(fingerprints).toEqual([partyFingerprint(bank.folder), partyFingerprint(shop.folder)]);
    const take = (change: Partial<PartAsked> = {}) => whyNot(playPart(asked(bank, one, { take: true, ...change })));
    // The shop has told its fingerprint, and has confirmed nothing yet.
    expect(await take({ peer: fingerprints[1] })).toBe('peerUnconfirmed');
    expect(await take({ peer: fingerprints[0] })).toBe('peer');
    const confirm = async ({ login }: Side, ...more: string[]) =>
      saidBy(async () =>
        command(
          [
            ...['compute', 'confirm', `--contract=${one.id}`, `--party=${join(place, login)}`],
            ...[`--url=${world.url}`, `--key=${await world.token(login)}`, ...more],
          ],
          'en',
        ),
      );
    expect(await confirm(bank, `--peer=${fingerprints[0]}`)).toMatchObject({
      status: 1,
      err: expect.stringContaining(fingerprints[1]),
    });
    const told = await confirm(bank, `--peer=${fingerprints[1].toUpperCase()}`);
    expect(told).toMatchObject({ status: 0, out: expect.stringContaining(one.digest) });
    // Kept from then on: without being told again, nothing runs before the shop has confirmed.
    expect(await take()).toBe('peerUnconfirmed');
    const sign = (client: Client, signature: string) =>
      refusal(client.call(wire.confirmComputation, { params: { id: one.id }, body: { signature } }));
    const signature = await confirmContract(one.document, bank.folder.signer);
    expect(await sign(shop.client, signature)).toBe('422 compute.confirmationWrong');
    expect(await sign(stranger, signature)).toBe('404 kernel.unknown');
    expect((await confirm(shop, '--json', `--peer=${fingerprints[0]}`)).status).toBe(0);
    const { confirmed } = (await readComputation(bank.client, one)).shares!.parts[1]!;
    expect(isConfirmed(one.document, confirmed!.signature, shop.folder.signingKey)).toBe(true);
    // An exchange that puts its own keys in the shop's place, with a contract, signatures and confirmation that fit them.
    const forger = await openFolder(join(place, 'forger'));
    const { channelKey, signingKey } = forger;
    const showing = (change: (found: Computation) => Promise<Computation>): Client =>
      ({
        ...bank.client,
        call: async (endpoint: never, input: never) =>
          change((await bank.client.call(endpoint, input)) as unknown as Computation),
      }) as unknown as Client;
    const forged = showing(async (found) => {
      const terms = JSON.parse(found.document) as { dataSets: object[] };
      terms.dataSets[1] = { ...terms.dataSets[1], channelKey, signingKey };
      const document = JSON.stringify(terms);
      const made = await confirmContract(document, forger.signer);
      const parts = found.shares!.parts.map((part, at) =>
        at === 0 ? part : { ...part, channelKey, signingKey, confirmed: { signature: made, at: one.from } },
      );
      const digest = `sha256:${createHash('sha256').update(document).digest('hex')}`;
      return { ...found, document, digest, shares: { ...found.shares!, parts } };
    });
    // What it knows of the contract is enough; where it knows nothing yet, the fingerprint is.
    expect(await take({ client: forged })).toBe('changed');
    cpSync(join(place, bank.login), join(place, 'fresh'), { recursive: true });
    rmSync(join(place, 'fresh', `${one.id}.json`));
    const fresh = await openFolder(join(place, 'fresh'));
    expect(await take({ client: forged, folder: fresh, peer: fingerprints[1] })).toBe('peer');
    const unsigned = showing(async (found) => ({
      ...found,
      shares: { ...found.shares!, parts: found.shares!.parts.map((part) => ({ ...part, confirmed: null })) },
    }));
    expect(await take({ client: unsigned })).toBe('peerUnconfirmed');
    expect((await readComputation(bank.client, one)).uses.taken).toBe(0);
    const [mine] = await both(one);
    expect(mine.report!.answer!.rows).toEqual(answer);
  });

  test('an owner’s process refuses another file, another contract, another query and a use too many, whatever it is told', async () => {
    const one = await signed();
    const other = file('other.csv', `${readFileSync(bankFile, 'utf8')}9,1\n`);
    expect(await whyNot(playPart(asked(bank, one, { take: true, input: other })))).toBe('input');
    expect((await readComputation(bank.client, one)).uses.taken).toBe(0);
    // An exchange that shows another document than was signed.
    const lying = (change: (document: Record<string, unknown>) => void, digest?: string): Client =>
      ({
        ...bank.client,
        call: async (endpoint: never, input: never) => {
          const found = (await bank.client.call(endpoint, input)) as Computation;
          const document = JSON.parse(found.document) as Record<string, unknown>;
          change(document);
          const text = JSON.stringify(document);
          return {
            ...found,
            document: text,
            digest: digest ?? `sha256:${createHash('sha256').update(text).digest('hex')}`,
          };
        },
      }) as Client;
    const planless = (document: Record<string, unknown>) => {
      document.query = { ...(document.query as object), sql: query.replace('sum(b.amount)', 'avg(b.amount)') };
    };
    const as = (client: Client) => whyNot(playPart({ ...asked(bank, one, { take: true }), client }));
    expect(await as(lying(planless, one.digest))).toBe('digest');
    await expect(as(lying(planless))).resolves.toBe('query');
    cpSync(join(place, bank.login), join(place, 'again'), { recursive: true });
    const again = await openFolder(join(place, 'again'));
    await again.save(one.id, { digest: one.digest, uses: {} });
    const more = (document: Record<string, unknown>) => {
      document.uses = 1000;
    };
    expect(await whyNot(playPart({ ...asked(bank, one, { take: true }), folder: again, client: lying(more) }))).toBe(
      'changed',
    );
    await again.save(one.id, { digest: one.digest, uses: { a: 'stated', b: 'stated', c: 'stated' } });
    expect(await whyNot(playPart({ ...asked(bank, one, { take: true }), folder: again }))).toBe('uses');
    const nobody = await openFolder(join(place, 'nobody'));
    expect(await whyNot(playPart({ ...asked(bank, one, { take: true }), folder: nobody }))).toBe('notAnOwner');
    expect((await readComputation(bank.client, one)).uses.taken).toBe(0);
  });
});

describe('a use that comes to nothing', () => {
  test('of two that race for the last one wins; untouched by all it is given back, and counts again when it is not', async () => {
    const one = await signed({ uses: 1 });
    const answers = await Promise.all([refusal(runOnce(bank.client, one, {})), refusal(runOnce(bank.client, one, {}))]);
    expect(answers.sort()).toEqual(['409 compute.exhausted', 'done']);
    // The other owner is told that it is waited for.
    await world.settle();
    const told = async (who: Client) => (await who.call(casesWire.notices, {})).items.map(({ text }) => text.zh).join();
    expect(await told(shop.client)).toContain('等待本单位到场');
    expect(await told(bank.client)).not.toContain('等待本单位到场');
    for (const who of [shop.client, stranger]) expect(await refusal(runOnce(who, one, {}))).toBe('404 kernel.unknown');
    const { history } = await readComputation(bank.client, one);
    const use = history[0]!.id;
    // Only owners come and state, each under its own key and of this very use.
    expect(await refusal(stranger.call(wire.comeToUse, { params: { id: use }, body: { address: null } }))).toBe(
      '404 kernel.unknown',
    );
    expect(await state(shop, one, use, { use: `cpu_${'0'.repeat(26)}` })).toBe('422 compute.statementWrong');
    expect(await state(shop, one, use, { owner: one.shares!.parts[0]!.owner })).toBe('422 compute.statementWrong');
    expect(await state({ ...shop, client: bank.client }, one, use)).toBe('422 compute.statementWrong');
    expect(await state({ ...shop, client: stranger }, one, use)).toBe('404 kernel.unknown');
    expect(await state(bank, one, use)).toBe('done');
    expect(await state(bank, one, use, { outcome: 'compute.input' })).toBe('409 compute.alreadyStated');
    expect((await readComputation(bank.client, one)).state).toBe('exhausted');
    expect(await state(shop, one, use)).toBe('done');
    const now = await readComputation(bank.client, one);
    expect([now.state, now.uses, now.history[0]!.state]).toEqual([
      'active',
      { total: 1, taken: 0, left: 1 },
      'returned',
    ]);
    expect(await state(shop, one, use)).toBe('409 compute.useEnded');
    await world.settle();
    expect(JSON.parse(await (await evidenceOf(use)).text()).document).toMatchObject({
      outcome: 'compute.untouched',
      result: null,
    });
    // What was given back is never taken away again, nor given twice.
    const back = sql`update compute_contracts set uses_returned = 0 where id = ${one.id}`;
    await expect(world.exchange.kernel.database.tx(systemActor('test'), (tx) => tx.exec(back))).rejects.toThrow();
    const { id: second } = await runOnce(bank.client, one, {});
    expect(await state(bank, one, second)).toBe('done');
    expect(await state(shop, one, second, { outcome: 'compute.peerGone' })).toBe('done');
    expect((await readComputation(bank.client, one)).history[0]).toMatchObject({ number: 2, state: 'failed' });
    expect(await refusal(runOnce(bank.client, one, {}))).toBe('409 compute.exhausted');
  });

  test('a peer that is not where it said ends it for all, with the reason, and nobody’s data are touched', async () => {
    const one = await signed();
    const { id: use } = await runOnce(bank.client, one, {});
    // Port 9 of this machine: nobody is there.
    await come(shop, use, '127.0.0.1:9');
    const ending = playPart(asked(bank, one, { use }));
    await until('the bank’s statement', async () => {
      const { parts } = await bank.client.call(wire.getParts, { params: { id: use } });
      return parts[0]!.stated;
    });
    expect(await state(shop, one, use, { outcome: 'compute.peerGone' })).toBe('done');
    const mine = await ending;
    expect([mine.statement.outcome, mine.fault?.code]).toEqual(['untouched', 'compute.peerGone']);
    expect(mine.ended).toMatchObject({ state: 'failed', reason: { en: expect.stringContaining('compute.peerGone') } });
    expect((await readComputation(bank.client, one)).uses.taken).toBe(1);
  });

  test('an owner whose process died says what it had come to, and plays that use no more', async () => {
    const one = await signed();
    const { id: use } = await runOnce(bank.client, one, {});
    const stop = new AbortController();
    const dying = playPart(
      asked(bank, one, { use, signal: stop.signal, tell: (step) => step === 'came' && stop.abort() }),
    );
    await expect(dying).rejects.toThrow(/abort/);
    // Started again: it had come and started nothing.
    const [again, theirs] = await Promise.all([
      playPart(asked(bank, one, { use })),
      playPart(asked(shop, one, { use })),
    ]);
    expect([again.statement.outcome, theirs.statement.outcome]).toEqual(['untouched', 'untouched']);
    expect(again.ended.state).toBe('returned');
    expect((await bank.folder.journal(one.id))!.uses).toEqual({ [use]: 'returned' });
    expect((await readComputation(bank.client, one)).uses.taken).toBe(0);
  });

  test('no more are taken in a day than agreed for one; what is given back frees its day, and the next one renews it', async () => {
    const clock = world.exchange.kernel.clock as SimulatedClock;
    // Where it is the last hour of a day now.
    const hour = clock.now().getUTCHours();
    const east = hour >= 11 ? 23 - hour : -1 - hour;
    const usesPer = { period: 'day' as const, most: 1, timeZone: `Etc/GMT${east > 0 ? '-' : '+'}${Math.abs(east)}` };
    const one = await signed({ uses: 5, usesPer });
    expect(one.explained.map(({ en }) => en).join()).toContain('1 at most in each day');
    const answers = await Promise.all([refusal(runOnce(bank.client, one, {})), refusal(runOnce(bank.client, one, {}))]);
    expect(answers.sort()).toEqual(['409 compute.periodUsed', 'done']);
    const now = await readComputation(bank.client, one);
    expect([now.uses.left, now.usesPer]).toMatchObject([4, { ...usesPer, left: 0 }]);
    const use = now.history[0]!.id;
    for (const side of [bank, shop]) expect(await state(side, one, use)).toBe('done');
    expect((await readComputation(bank.client, one)).usesPer!.left).toBe(1);
    await runOnce(bank.client, one, {});
    const problem = await runOnce(bank.client, one, {}).catch((error: ProblemError) => error.problem);
    expect(problem).toMatchObject({
      code: 'compute.periodUsed',
      detail: expect.stringContaining(`00:00 (${usesPer.timeZone})`),
    });
    const renews = Date.parse(now.usesPer!.renewsAt);
    clock.moveTo(new Date(renews - 60_000));
    expect(await refusal(runOnce(bank.client, one, {}))).toBe('409 compute.periodUsed');
    clock.moveTo(new Date(renews));
    expect(await refusal(runOnce(bank.client, one, {}))).toBe('done');
    const { database } = world.exchange.kernel;
    for (const change of [sql`period_taken = 2`, sql`uses_per = 2`])
      await expect(
        database.tx(systemActor('test'), (tx) =>
          tx.exec(sql`update compute_contracts set ${change} where id = ${one.id}`),
        ),
      ).rejects.toThrow();
    expect(
      await refusal(
        bank.client.call(wire.draftComputation, {
          body: await draft({ usesPer: { ...usesPer, timeZone: 'Moon/Sea' } }),
        }),
      ),
    ).toBe('422 compute.contractInvalid');
  });

  test('an owner that does not come in time ends it, and it counts', async () => {
    const one = await signed();
    const { id: use } = await runOnce(bank.client, one, {});
    await come(bank, use);
    const clock = world.exchange.kernel.clock as SimulatedClock;
    clock.moveTo(new Date(clock.now().getTime() + 20 * 60_000));
    const ended = await until('the use to end', async () => {
      await settleWhole(world);
      const found = (await readComputation(bank.client, one)).history[0]!;
      return found.endedAt !== null && found;
    });
    expect(ended).toMatchObject({
      id: use,
      state: 'failed',
      reason: { zh: expect.stringContaining('没有在规定时间内') },
    });
    expect((await readComputation(bank.client, one)).uses.taken).toBe(1);
  });
});
