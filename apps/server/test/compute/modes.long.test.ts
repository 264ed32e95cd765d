/**
 * Every kind of intersection that a contract may agree on, played by its owners' processes and held against the same in plaintext; and what each mode of
 * a computation rests on, wherever its parties read of it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSandbox } from '@shugu/gateway';
import {
  computationTrust,
  dealerTrust,
  engines,
  moduleTrust,
  sharesTrust,
  signPart,
  sumTrust,
  trustOf,
} from '@shugu/private-compute';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import { listEngines } from '@shugu/wire/compute-engines';
import * as modulesWire from '@shugu/wire/compute-modules';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import wabtOf from 'wabt';
import { countingModule } from '../../../../packages/gateway/src/module/testing.ts';
import { command } from '../../../cli/src/command.ts';
import { openFolder, type PartyFolder } from '../../../cli/src/compute/folder.ts';
import { type PartOutcome, playPart } from '../../../cli/src/compute/part.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { saidBy } from '../../../cli/src/testing.ts';
import {
  bringHoldings,
  type Computation,
  type Draft,
  draftOf,
  endedUse,
  type PsiDraft,
  psiDraftOf,
  readComputation,
  refusal,
  runOnce,
  type SharesDraft,
  sharesDraftOf,
  signedContract,
  whyNot,
} from '../support/computation.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';

const place = mkdtempSync(join(tmpdir(), 'shugu-modes-'));
interface Row {
  id: string;
  branch: string;
  amount: number;
}
/** A key that stands twice, one that stands otherwise in the other's table, one that is empty, and groups of three, of two and of none in common. */
const bankRows: Row[] = [
  ...Array.from({ length: 9 }, (_, at) => ({
    id: `k${at}`,
    branch: at < 6 ? '星沙, "南"' : '麓谷',
    amount: at + 0.25,
  })),
  { id: 'k2', branch: '星沙, "南"', amount: 100 },
  { id: '', branch: '星沙, "南"', amount: 7 },
  { id: 'b1', branch: '橘洲', amount: -3 },
];
const shopKeys = ['k1', ' K2 ', 'k3', 'k4', 'k7', 'k8', 's1', 's1'];
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
const bankLines = bankRows.map(({ id, branch, amount }) => `${id},${quoted(branch)},${amount}`);
const shopLines = shopKeys.map((id, at) => `${id},"city ""${at}"""`);
const file = (name: string, head: string, lines: readonly string[]): string => {
  writeFileSync(join(place, name), [head, ...lines, ''].join('\n'));
  return join(place, name);
};
/** An engine that says which version it is, and computes nothing. */
const engineOf = (name: string, version: string): string => {
  writeFileSync(join(place, name), `#!/bin/sh\nif [ "$1" = -I ]; then echo ${version}; exit 0; fi\nexit 1\n`, {
    mode: 0o700,
  });
  return join(place, name);
};
const bankFile = file('bank.csv', 'id,branch,amount', bankLines);
const shopFile = file('shop.csv', 'id,city', shopLines);

/** The same by whoever has both tables. */
const keyOf = (id: string) => id.trim().toLowerCase();
const shopHas = new Set(shopKeys.map(keyOf));
const bankHas = new Set(bankRows.map(({ id }) => keyOf(id)).filter(Boolean));
const common = [...bankHas].filter((key) => shopHas.has(key));
const plainRows = {
  bank: bankLines.filter((_, at) => common.includes(keyOf(bankRows[at]!.id))),
  shop: shopLines.filter((_, at) => common.includes(keyOf(shopKeys[at]!))),
};
/** A key that stands twice is one, and all of its rows count. */
const plainSums = (atLeast: number) => {
  const groups = new Map<string, { keys: Set<string>; sum: number }>();
  for (const { id, branch, amount } of bankRows) {
    if (!common.includes(keyOf(id))) continue;
    const one = groups.get(branch) ?? { keys: new Set(), sum: 0 };
    groups.set(branch, one);
    one.keys.add(keyOf(id));
    one.sum += amount;
  }
  return [...groups]
    .filter(([, { keys }]) => keys.size >= atLeast)
    .map(([branch, { keys, sum }]) => [branch, String(keys.size), String(sum)]);
};

interface Side {
  login: string;
  client: Client;
  folder: PartyFolder;
  input: string;
}
let world: TestExchange;
let bank: Side;
let shop: Side;
let stranger: Client;
let agency: Client;
let owners: string[];

const shares = (change: Partial<SharesDraft> = {}): Promise<SharesDraft> =>
  sharesDraftOf(
    world,
    { bank, shop, query: 'SELECT sum(b.amount) AS amount FROM b JOIN s ON b.id = s.id' },
    { title: '共同客户（样例）', purpose: '只统计共同客户', ...change },
  );
const psi = async (change: Partial<PsiDraft> = {}): Promise<PsiDraft> => psiDraftOf(await shares(), change);
const signed = (draft: SharesDraft | PsiDraft | Draft): Promise<Computation> =>
  signedContract(world, draft, { recipient: bank.login, owners: [bank.login, shop.login] });
const asked = (side: Side, one: Computation, take: boolean) => ({
  ...{ client: side.client, folder: side.folder, contract: one.id, input: side.input, take },
  ...{ listen: { host: '127.0.0.1', port: 0, address: '127.0.0.1' }, waitSeconds: 100, lookMilliseconds: 20 },
});
const play = (one: Computation, taker: Side = bank) =>
  Promise.all([bank, shop].map((side) => playPart(asked(side, one, side === taker)))) as Promise<
    [PartOutcome, PartOutcome]
  >;
const rowsOf = ({ opened: { rows } }: PartOutcome): string[] | null =>
  rows === null ? null : readFileSync(rows, 'utf8').trimEnd().split('\n').slice(1);

beforeAll(async () => {
  world = await testExchange({ config: { computeSparkPython: engineOf('spark', '3.5.7') } });
  const side = async (login: string, input: string): Promise<Side> => ({
    ...{ login, client: await world.as(login), input },
    folder: await openFolder(join(place, login)),
  });
  bank = await side('mapping.trader', bankFile);
  shop = await side('xingsha.trader', shopFile);
  stranger = await world.as('citylogistics.trader');
  agency = await world.as('creditagency.trader');
  owners = [world.seeded.organisations.mapping!, world.seeded.organisations.xingsha!];
}, 240_000);
afterAll(async () => {
  await world?.end();
  rmSync(place, { recursive: true, force: true });
});

describe('an intersection that owners agreed on', () => {
  test.each(['helper', 'sm2', 'kkrt'] as const)('opens to both their own rows: %s', async (protocol) => {
    const one = await signed(await psi({ protocol, recipients: owners }));
    const [mine, theirs] = await play(one);
    expect([mine.ended.state, mine.ended.rows, mine.statement.rows]).toEqual(['released', null, null]);
    expect({ bank: rowsOf(mine), shop: rowsOf(theirs) }).toEqual(plainRows);
    for (const { found } of [mine, theirs]) expect(found!.bytes!.sent).toBeGreaterThan(0);
    expect(await refusal(stranger.raw(wire.getComputationEvidence, { params: { id: mine.use } }))).toBe(
      '404 kernel.unknown',
    );
  });

  test('opens rows to the second alone', async () => {
    const one = await signed(await psi({ protocol: 'kkrt', recipients: [owners[1]!] }));
    // Who gets no result takes no use, at its own process or at the exchange.
    expect(await refusal(playPart(asked(bank, one, true)))).toBe('404 kernel.unknown');
    const [mine, theirs] = await play(one, shop);
    expect([rowsOf(mine), rowsOf(theirs)]).toEqual([null, plainRows.shop]);
    expect([mine.found?.common, mine.statement.result, theirs.found?.common]).toEqual([null, null, common.length]);
  });

  test('opens to both how many, and to none which, with the exchange’s help', async () => {
    const one = await signed(await psi({ opens: 'count', recipients: owners }));
    for (const { opened, found } of await play(one)) {
      expect([opened.answer?.rows, opened.rows, found?.rowsOut]).toEqual([[[String(common.length)]], null, null]);
    }
  });

  const grouped = { table: 'b', column: 'amount', group: 'branch', atLeast: 3, decimals: 2 };
  test.each([
    ['the owner of the values', 0],
    ['the other owner', 1],
  ] as const)('opens sums by groups that are large enough to %s', async (_, at) => {
    const one = await signed(await psi({ opens: 'sums', sums: grouped, recipients: [owners[at]!] }));
    const outcomes = await play(one, at === 0 ? bank : shop);
    const { answer } = outcomes[at]!.opened;
    expect(answer).toMatchObject({ columns: ['branch', 'count', 'sum'], rows: plainSums(3), withheld: 2 });
    expect(plainSums(3)).toHaveLength(1);
    expect(plainSums(1)).toHaveLength(2);
    expect([outcomes[1 - at]!.opened.answer, outcomes[1 - at]!.opened.rows]).toEqual([null, null]);
    expect(outcomes[at]!.ended).toMatchObject({ state: 'released', rows: null });
  });

  test('is nobody else’s to read, to come to or to play', async () => {
    const one = await signed(await psi({ protocol: 'sm2', opens: 'count', recipients: owners }));
    for (const who of [stranger, agency]) {
      expect(await refusal(readComputation(who, one))).toBe('404 kernel.unknown');
      expect(await refusal(runOnce(who, one, {}))).toBe('404 kernel.unknown');
    }
    expect(await refusal(playPart({ ...asked(bank, one, true), client: stranger }))).toBe('404 kernel.unknown');
    const folder = await openFolder(join(place, 'nobody'));
    expect(await whyNot(playPart({ ...asked(bank, one, true), folder }))).toBe('notAnOwner');
    expect(await whyNot(playPart({ ...asked(bank, one, true), input: shopFile }))).toBe('input');
    expect((await readComputation(bank.client, one)).uses.taken).toBe(0);
  });
});

/** Each sentence names who has to keep to what, with whom nobody may collude, and which sizes are seen. */
const said = {
  owners: [/半诚实/, /串通/, /数量|行数/, /semi-honest/, /collude/, /how many|number of rows/],
  node: [/信任本节点/, /明文/, /用时.*行/, /trust this node/, /plain/, /how long it took and how many rows/],
};

describe('what a computation rests on', () => {
  const sums = { table: 'b', column: 'amount', atLeast: 3, decimals: 2 };
  const secretflow = { name: 'secretflow', version: '0.9.5' } as const;
  const atOwners: [string, () => Promise<SharesDraft | PsiDraft>, { zh: string; en: string }][] = [
    ['shares', () => shares(), sharesTrust],
    ['dealer', () => shares({ protocol: 'dealer' }), dealerTrust],
    ['secretflow', () => shares({ engine: secretflow }), engines.secretflow.trust!],
    ['sums', () => psi({ opens: 'sums', sums }), sumTrust],
    ...(['helper', 'ecdh', 'sm2', 'kkrt'] as const).map((protocol): (typeof atOwners)[number] => [
      protocol,
      () => psi({ protocol }),
      trustOf[protocol],
    ]),
  ];

  test('is named in full, and what is a preview says so', () => {
    for (const { zh, en } of atOwners.map(([, , trust]) => trust))
      expect(said.owners.map((word) => word.test(zh) || word.test(en))).toEqual(said.owners.map(() => true));
    for (const { zh, en } of [computationTrust.cleanRoom, moduleTrust, engines.spark.trust!])
      expect(said.node.map((word) => word.test(zh) || word.test(en))).toEqual(said.node.map(() => true));
    expect(trustOf.kkrt).toMatchObject({ zh: expect.stringContaining('预览'), en: expect.stringContaining('Preview') });
  });

  /** In what is read before it is drafted, in the contract, in what is signed, and in the record of a use. */
  const stands = async (one: Computation, draft: SharesDraft | PsiDraft | Draft, use: string, trust: object) => {
    const before = await bank.client.call(wire.previewComputation, { body: draft });
    await world.settle();
    const record = JSON.parse(
      await (await bank.client.raw(wire.getComputationEvidence, { params: { id: use } })).text(),
    );
    const found = { before: before.trust, contract: one.trust, signed: JSON.parse(one.document).trust };
    expect({ ...found, record: record.document.trust }).toEqual({
      ...{ before: trust, contract: trust, signed: trust, record: trust },
    });
  };

  test('stands where data stay with their owners: contract, record, the command’s words, and the file beside its papers', async () => {
    const python = engineOf('secretflow', '0.9.5');
    const token = await world.token(bank.login);
    const taken = await Promise.all(
      atOwners.map(async ([name, drafted, trust], at) => {
        const draft = await drafted();
        const one = await signed(draft);
        const { id: use } = await runOnce(bank.client, one, {});
        // The other has left, so that nothing is touched and nothing has to be computed to end it.
        await leave(shop, one, use);
        return {
          name,
          draft,
          one,
          use,
          trust,
          out: join(place, `out-${name}`),
          language: (['zh', 'en'] as const)[at % 2]!,
        };
      }),
    );
    const { out: words, err } = await saidBy(async () => {
      await Promise.all(
        taken.map(({ name, one, use, out, language }) =>
          command(
            [
              ...['compute', 'run', `--contract=${one.id}`, `--use=${use}`, `--input=${bank.input}`, `--out=${out}`],
              ...[`--party=${bank.folder.path}`, `--url=${world.url}`, `--key=${token}`],
              ...(name === 'secretflow' ? [`--python=${python}`] : []),
            ],
            language,
          ),
        ),
      );
      return 0;
    });
    for (const { draft, one, use, trust, out, language } of taken) {
      expect(words, err).toContain(trust[language]);
      expect(readFileSync(join(out, 'rests-on.txt'), 'utf8')).toBe(`${trust.zh}\n\n${trust.en}\n`);
      await stands(one, draft, use, trust);
    }
    const { items } = await bank.client.call(listEngines, {});
    expect(items.map(({ name, trust }) => [name, trust])).toEqual(
      (['local', 'secretflow', 'spark'] as const).map((name) => [name, engines[name].trust]),
    );
  });

  test('stands where this node computes: contract, record, result, and the output that its owners look at first', async () => {
    const held = await bringHoldings(world, bank.login, shop.login);
    const [mapping, xingsha] = owners as [string, string];
    const base = draftOf(held, { bank: mapping, tax: xingsha, recipient: mapping });
    const room = await ended(base, { city: '长沙' });
    const result = await bank.client.call(wire.getComputationResult, { params: { id: room.use.id } });
    expect([room.use.state, result.trust]).toEqual(['released', computationTrust.cleanRoom]);
    await stands(room.one, base, room.use.id, computationTrust.cleanRoom);
    // What was computed around it is told in milliseconds, and the computation itself is not.
    expect(Object.keys(room.use.timings).sort()).toEqual(['begin', 'check', 'data', 'end', 'release', 'reserve']);

    const alone: Draft = {
      ...base,
      engine: { name: 'spark', version: '3.5.7' },
      dataSets: [base.dataSets[0]!],
      query: { sql: 'select l.city, count(*) as n from loans l group by l.city', parameters: [] },
    };
    const spark = await ended(alone, {}, [bank.login]);
    await stands(spark.one, alone, spark.use.id, engines.spark.trust!);

    if ((await findSandbox()).kind === 'none') return;
    const { digest } = await bank.client.call(modulesWire.sendModule, {
      body: { name: '统计程序（样例）', content: Buffer.from(countingModule(await wabtOf(), 1)).toString('base64') },
    });
    const open = (set: Draft['dataSets'][number]) => ({
      ...set,
      columns: set.columns.map((column) => ({ ...column, rule: 'open' as const })),
    });
    const program: Draft = {
      ...base,
      query: { parameters: [] },
      dataSets: base.dataSets.map(open),
      module: { digest, output: [{ name: 'rows', type: 'integer' }] },
    };
    const one = await signed(program);
    const { id } = await runOnce(bank.client, one, {});
    const waits = await until('the output to be held', () =>
      shop.client.call(modulesWire.getHeldOutput, { params: { id } }).catch(() => undefined),
    );
    expect(waits.trust).toEqual(moduleTrust);
    for (const { client } of [bank, shop])
      await client.call(modulesWire.approveOutput, { params: { id }, body: { digest: waits.digest } });
    const given = await bank.client.call(wire.getComputationResult, { params: { id } });
    // Its own time would be one more thing that it could write into.
    expect([given.trust, given.use.timings.release]).toEqual([moduleTrust, undefined]);
    await stands(one, program, id, moduleTrust);
  });
});

const ended = async (draft: Draft, values: Record<string, string>, logins = [bank.login, shop.login]) => {
  const one = await signedContract(world, draft, { recipient: bank.login, owners: logins });
  const { id } = await runOnce(bank.client, one, values);
  return { one, use: (await endedUse(bank.client, one, id)).use };
};

const leave = async ({ client, folder }: Side, one: Computation, use: string): Promise<void> => {
  const { text, signature } = await signPart(
    {
      ...{ form: 'shugu/computation-part/1', contract: one.id, digest: one.digest, use, owner: owners[1]! },
      ...{ outcome: 'untouched', commitment: null, peerCommitment: null, rows: null, result: null, resultRows: null },
    },
    folder.signer,
  );
  await client.call(wire.statePart, { params: { id: use }, body: { statement: text, signature } });
};
