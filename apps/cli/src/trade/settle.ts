/** From the frozen deposit to the trade voucher: money held, data used, delivery accepted, everybody paid, access ended. */

import type { CallInput } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as deliveryWire from '@shugu/wire/delivery';
import * as kernelWire from '@shugu/wire/kernel';
import * as marketWire from '@shugu/wire/market';
import * as meteringWire from '@shugu/wire/metering';
import * as settlementWire from '@shugu/wire/settlement';
import { type Contract, type Order, readOrder, waitForOrder } from '../scenario/order.ts';
import { until } from '../scenario/resource.ts';
import type { Stage } from '../scenario/stage.ts';
import { auditAmounts } from './auditor.ts';
import { buyer, developer, finance, refused, supplier, type TradeWalk } from './context.ts';
import { callsMax, shares, unitPrice } from './goods.ts';
import { movedBetween, type Standing, standing, waitingElsewhere } from './money.ts';
import { keepProofs } from './receipts.ts';

export type EndpointDraft = CallInput<typeof deliveryWire.putEndpoints>['body']['endpoints'][number];

const depositFen = 10_000n;
const callsBefore = 17;
/** After acceptance, which ends nothing. */
const callsAfter = 2;
const callsMade = callsBefore + callsAfter;
const codes = ['430102', '430103', '430104', '430105', '430111', '430112', '430121', '430181', '430182'];

const holdMoney = ({ stage, walk }: TradeWalk, order: Order) =>
  walk.step(
    'hold',
    {
      zh: '存管银行冻结款项（模拟器），授权开通',
      en: 'The custodian bank (simulator) freezes the money; access opens',
    },
    async (prove) => {
      const client = await stage.as(finance);
      await until('the sub-account', async () => {
        const seen = await client.call(settlementWire.readAccount, {});
        return seen.state === 'open';
      });
      const deposit = depositFen + (await waitingElsewhere(client, order.id));
      await client.call(settlementWire.simulateDeposit, { body: { amountFen: String(deposit) } });
      await waitForOrder(stage, buyer, order.id, 'delivering');
      const money = await client.call(settlementWire.readOrderMoney, { params: { order: order.id } });
      prove(
        {
          zh: `已冻结 ${Number(money.held) / 100} 元，交易所账面与银行一致`,
          en: `CNY ${Number(money.held) / 100} is frozen at the bank`,
        },
        money.held === order.estimate,
      );
    },
  );

/** A look-up API by division code, made from the version's table, beside whatever else delivers it; number of rows served. */
export const configureDelivery = async (
  stage: Stage,
  product: string,
  version: string,
  more: EndpointDraft[] = [],
): Promise<number> => {
  const client = await stage.as('xingsha.developer');
  const seen = await (await stage.as(supplier)).call(catalogueWire.getVersion, { params: { id: product, version } });
  await client.call(deliveryWire.putEndpoints, {
    params: { id: version },
    body: { endpoints: [{ kind: 'api', table: seen.tables[0]!.name, keyColumns: ['division_code'] }, ...more] },
  });
  const ready = await until('the endpoint', async () => {
    const { items } = await client.call(deliveryWire.listEndpoints, { params: { id: version } });
    const failed = items.find((one) => one.state === 'failed');
    if (failed) throw new Error(failed.fault?.zh);
    return items.every((one) => one.state === 'ready') && items.find((one) => one.kind === 'api');
  });
  return ready.api?.rows ?? 0;
};

const configure = ({ stage, walk }: TradeWalk, order: Order) =>
  walk.step(
    'endpoint',
    {
      zh: '供方配置交付：由数据表生成查询接口',
      en: 'The supplier sets up delivery: a look-up API made from the table',
    },
    async (prove) => {
      const rows = await configureDelivery(stage, order.product, order.version);
      prove({ zh: `接口就绪，${rows} 行可查`, en: `the endpoint is ready with ${rows} rows` }, rows > 2000);
    },
  );

interface Access {
  grant: string;
  address: string;
  secret: string;
}

const openAccess = ({ stage, walk, folder }: TradeWalk, contract: Contract) =>
  walk.step(
    'use',
    {
      zh: '使用：逐次判定、计量、回执；不合规的调用被拒绝',
      en: 'Use: each call decided, metered, receipted; calls outside the contract are refused',
    },
    async (prove) => {
      const client = await stage.as(developer);
      const grant = await until('the grant', async () => {
        const { items } = await client.call(deliveryWire.listGrants, { query: { contract: contract.id } });
        return items.find((one) => one.state === 'active' && one.lines[0]?.address);
      });
      const key = await client.call(deliveryWire.createKey, { params: { id: grant.id }, body: { name: '联调密钥' } });
      const access: Access = {
        grant: grant.id,
        address: new URL(grant.lines[0]!.address!, stage.url).toString(),
        secret: key.secret,
      };
      const call = (code: string, secret = access.secret, headers: Record<string, string> = {}) =>
        fetch(`${access.address.replace(/\/$/, '')}/${code}`, {
          headers: { authorization: `Bearer ${secret}`, ...headers },
        });
      const since = await stage.now();
      const delivered: unknown[] = [];
      const receipts: string[] = [];
      for (let i = 0; i < callsBefore; i++) {
        const response = await call(codes[i % codes.length]!);
        if (!response.ok) throw new Error(`call ${i}: ${response.status} ${await response.text()}`);
        receipts.push(response.headers.get('x-receipt') ?? '');
        delivered.push(await response.json());
      }
      await folder.write('data', 'delivered.json', `${JSON.stringify(delivered, null, 1)}\n`);
      prove(
        { zh: `${callsBefore} 次调用，次次有回执`, en: `${callsBefore} calls, each with its receipt` },
        receipts.every((one) => one !== '') && new Set(receipts).size === callsBefore,
      );
      prove(
        { zh: '首条数据为长沙市芙蓉区', en: 'the first answer is Furong district of Changsha' },
        JSON.stringify(delivered[0]).includes('芙蓉区'),
      );
      prove(
        { zh: '陌生密钥被拒绝', en: 'a stranger’s key is refused' },
        [401, 403, 404].includes((await call('430102', `sgd_${'x'.repeat(40)}`)).status),
      );
      prove(
        { zh: '合同外用途被拒绝', en: 'a purpose outside the contract is refused' },
        (await call('430102', access.secret, { 'x-purpose': 'credit' })).status === 403,
      );
      return { ...access, receipts, since };
    },
  );

const countUse = ({ stage, walk }: TradeWalk, grant: string, ids: string[]) =>
  walk.step(
    'receipts',
    {
      zh: '用量与回执：余量准确，一次调用一条回执',
      en: 'Usage and receipts: the balance is exact, one receipt for each call',
    },
    async (prove) => {
      const client = await stage.as(developer);
      const balance = await until('the usage to be imported', async () => {
        const seen = await client.call(meteringWire.getBalance, { params: { id: grant } });
        return seen.used.calls === callsBefore && seen;
      });
      const total = balance.limits.find((one) => one.period === 'total' && one.metric === 'calls');
      prove(
        {
          zh: `已用 ${balance.used.calls} 次，剩余 ${total?.left} 次；被拒绝的调用不计量`,
          en: `${balance.used.calls} used, ${total?.left} left; refused calls do not count`,
        },
        total?.left === callsMax - callsBefore,
      );
      const { items } = await client.call(meteringWire.listReceipts, { params: { id: grant }, query: { limit: 100 } });
      prove(
        { zh: '回执清单与调用一一对应', en: 'the list of receipts matches the calls one to one' },
        items.length === callsBefore && items.every((one) => ids.includes(one.id)),
      );
    },
  );

const accept = ({ stage, walk, folder }: TradeWalk, order: Order) =>
  walk.step(
    'acceptance',
    { zh: '交付与验收：用过不等于验收，由需方明示', en: 'Delivery and acceptance: having used is not having accepted' },
    async (prove) => {
      prove(
        { zh: '未交付前不能验收', en: 'nothing can be accepted before delivery' },
        await refused(
          (await stage.as(buyer)).call(marketWire.acceptOrder, { params: { id: order.id }, body: { note: '' } }),
          'market.wrongState',
        ),
      );
      await (await stage.as(supplier)).call(marketWire.deliverOrder, {
        params: { id: order.id },
        body: { note: '查询接口已开通并完成联调' },
      });
      prove(
        { zh: '供方不能代为验收', en: 'the supplier cannot accept for the buyer' },
        await refused(
          (await stage.as(supplier)).call(marketWire.acceptOrder, { params: { id: order.id }, body: { note: '' } }),
          'kernel.unknown',
        ),
      );
      const accepted = await (await stage.as(buyer)).call(marketWire.acceptOrder, {
        params: { id: order.id },
        body: { note: '数据准确，接口稳定，同意验收' },
      });
      const note = accepted.papers.find((one) => one.kind === 'acceptanceNote')!;
      await folder.paper(await stage.as(buyer), note.id, 'acceptance-note');
    },
  );

const callOnce = ({ address, secret }: Access) =>
  fetch(`${address.replace(/\/$/, '')}/430102`, { headers: { authorization: `Bearer ${secret}` } });

const useOn = ({ walk, stage }: TradeWalk, access: Access & { receipts: string[] }) =>
  walk.step(
    'running',
    {
      zh: '验收之后继续使用：验收不终止服务，冻结款项限定用量',
      en: 'Use goes on after acceptance, within what the frozen money pays for',
    },
    async (prove) => {
      const statuses: number[] = [];
      for (let i = 0; i < callsAfter; i++) {
        const response = await callOnce(access);
        await response.arrayBuffer();
        statuses.push(response.status);
        access.receipts.push(response.headers.get('x-receipt') ?? '');
      }
      prove(
        { zh: `验收后又调用 ${callsAfter} 次，照常供数`, en: `${callsAfter} more calls are served` },
        statuses.every((one) => one === 200),
      );
      const client = await stage.as(developer);
      const { limits } = await client.call(meteringWire.getBalance, { params: { id: access.grant } });
      const ordered = limits.find((one) => one.period === 'total' && one.metric === 'calls')?.limit;
      prove(
        { zh: `订购 ${callsMax} 次，用量不能超出`, en: `${callsMax} calls are ordered, and no more are served` },
        ordered === callsMax,
      );
    },
  );

const endContract = ({ stage, walk }: TradeWalk, contract: Contract) =>
  walk.step(
    'end',
    {
      zh: '合同终了：一方提出、另一方同意，访问即止，按实际用量出末期结算单',
      en: 'The contract ends: one side proposes, the other agrees; access stops and the last bill follows',
    },
    async (prove) => {
      const params = { id: contract.id };
      const asked = await (await stage.as(buyer)).call(agreementsWire.proposeTermination, {
        params,
        body: { reason: '所需数据已取得' },
      });
      const termination = asked.terminations.at(-1)!.id;
      const decide = (login: string) =>
        stage.as(login).then((client) =>
          client.call(agreementsWire.decideTermination, {
            params: { ...params, termination },
            body: { accept: true },
          }),
        );
      prove(
        { zh: '提出的一方不能自己同意', en: 'who proposed it cannot agree to it' },
        await refused(decide(buyer), 'agreements.notYourTurn'),
      );
      const ended = await decide(supplier);
      prove({ zh: '双方协议终止', en: 'ended by agreement' }, ended.state === 'terminatedAgreed');
    },
  );

const settle = ({ stage, walk, folder }: TradeWalk, order: Order, before: Standing) =>
  walk.step(
    'settlement',
    {
      zh: '结算：按全部用量计价，一次舍入，分账划付，余款解冻',
      en: 'Settlement: rated on use, rounded once, split and paid, the rest released',
    },
    async (prove) => {
      const done = await waitForOrder(stage, buyer, order.id, 'settled');
      const client = await stage.as(finance);
      const { items } = await client.call(settlementWire.listStatements, { query: { order: order.id } });
      const statement = await client.call(settlementWire.readStatement, { params: { id: items[0]!.id } });
      prove({ zh: '需方看不到供方的分账', en: 'the buyer does not see the payees’ legs' }, statement.legs.length === 0);
      const legs: Record<string, string> = {};
      for (const key of ['xingsha', 'mapping'] as const) {
        const seen = await (await stage.as(`${key}.finance`)).call(settlementWire.readStatement, {
          params: { id: statement.id },
        });
        legs[key] = seen.legs.find((leg) => !leg.fee)?.amount ?? '0';
      }
      const desk = await (await stage.as('operator.settlement')).call(settlementWire.readStatement, {
        params: { id: statement.id },
      });
      const fee = desk.legs.find((leg) => leg.fee)?.amount ?? '0';
      const audit = auditAmounts({
        calls: callsMade,
        unitPrice,
        feePercent: '2',
        shares,
        legs,
        fee,
        total: statement.total ?? '',
      });
      prove(
        {
          zh: `审计独立复算一致：合计 ${audit.total} 分，服务费 ${audit.fee} 分，分账 ${Object.values(audit.legs).join(' + ')} 分`,
          en: `an independent auditor finds the same: ${audit.total} fen, fee ${audit.fee}, legs ${Object.values(audit.legs).join(' + ')}`,
        },
        audit.agrees,
      );
      const after = await standing(client);
      const { own, others } = await movedBetween(client, before, after, order.id);
      prove(
        {
          zh: `余款已解冻：本单自始至终可用余额减少 ${-own.available} 分，即合计数，冻结归零`,
          en: `the rest is released: over its life this order took ${-own.available} fen, the total, and holds nothing`,
        },
        -own.available === BigInt(statement.total ?? '-1') && own.held === 0n,
      );
      prove(
        {
          zh: `账户余额逐分相符：交易前 ${before.available} 分，其余往来 ${others.available} 分，现有 ${after.available} 分`,
          en: `the account agrees to the fen: ${before.available} before, ${others.available} by all else, ${after.available} now`,
        },
        after.available === before.available + own.available + others.available &&
          after.held === before.held + own.held + others.held,
      );
      const paper = await until(
        'the statement’s paper',
        async () => (await client.call(settlementWire.readStatement, { params: { id: statement.id } })).papers[0],
      );
      await folder.paper(client, paper.id, 'statement');
      const sheet = await client.raw(settlementWire.statementSheet, { params: { id: statement.id } });
      await folder.write(
        'statement.xlsx',
        `statement-${statement.number}.xlsx`,
        Buffer.from(await sheet.arrayBuffer()),
      );
      return done;
    },
  );

const closeBooks = ({ stage, walk, folder }: TradeWalk, order: Order, access: Access) =>
  walk.step(
    'voucher',
    { zh: '交易凭证、账簿与对账；合同终了，访问即止', en: 'Trade voucher, books and reconciliation; access has ended' },
    async (prove) => {
      const done = await until('the voucher', async () => {
        const seen = await readOrder(stage, buyer, order.id);
        return seen.papers.some((one) => one.kind === 'tradeVoucher') && seen;
      });
      const client = await stage.as(buyer);
      const by = (kind: string) => done.papers.find((one) => one.kind === kind)!;
      await folder.paper(client, by('tradeConfirmation').id, 'trade-confirmation');
      await folder.paper(client, by('tradeVoucher').id, 'trade-voucher');
      const voucher = await client.call(kernelWire.paperRead, { params: { id: by('tradeVoucher').id } });
      const checked = await stage.anyone.call(kernelWire.verifyCode, { params: { code: voucher.verifyCode } });
      prove(
        {
          zh: `交易凭证 ${voucher.number} 凭核验码可查，不泄露内容`,
          en: `voucher ${voucher.number} is found by its code, without its content`,
        },
        checked.found && checked.document === undefined,
      );
      const journal = await (await stage.as('operator.settlement')).raw(settlementWire.readJournal, { query: {} });
      const text = await journal.text();
      await folder.write('journal', 'books.journal', text);
      prove({ zh: '账簿导出为 hledger 格式', en: 'the books are exported for hledger' }, text.length > 0);
      const after = await callOnce(access);
      prove(
        { zh: '合同终了后调用被拒绝', en: 'a call after the end is refused' },
        [401, 403, 404].includes(after.status),
      );
    },
  );

/** `before`: the buyer's account as it was before the contract could move anything. */
export const useAndSettle = async (
  trade: TradeWalk,
  order: Order,
  contract: Contract,
  before: Standing,
): Promise<void> => {
  await configure(trade, order);
  await holdMoney(trade, order);
  const access = await openAccess(trade, contract);
  await countUse(trade, access.grant, access.receipts);
  await accept(trade, order);
  await useOn(trade, access);
  await endContract(trade, contract);
  await settle(trade, order, before);
  await keepProofs(trade, access);
  await closeBooks(trade, order, access);
};
