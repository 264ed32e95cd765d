/**
 * A purchase at another node, as people of both make it: money frozen at the buyer's own bank and guaranteed to the seller's node, the
 * contract, two uses, its end, one statement under the keys of both nodes, and the money where it belongs, to the fen.
 */
import type { CallOutput } from '@shugu/wire';
import { confirmForcedTermination, forceTermination } from '@shugu/wire/agreements';
import { readOrder } from '@shugu/wire/market';
import * as wire from '@shugu/wire/nodes-trade';
import { listStatements, openAccount, readAccount, simulateDeposit } from '@shugu/wire/settlement';
import { until } from '../scenario/resource.ts';
import type { Walk } from '../steps.ts';
import type { Network, RunningNode } from './network.ts';
import { tradersOf } from './plan.ts';
import {
  type Address,
  alignClocks,
  connect,
  deposit,
  type Party,
  plate,
  reached,
  read,
  review,
  twinOf,
} from './trade.ts';

type Mutual = CallOutput<typeof wire.listMutualStatements>['items'][number];

export interface Purchased {
  id: string;
  /** As each of the two nodes holds it. */
  statement: { creditor: Mutual; debtor: Mutual };
  /** At the buyer's bank: what came in, and how it lies now. */
  depositFen: string;
  funds: { available: string; held: string };
}

const usesBought = 3;
const usesMade = 2;
const depositFen = '5000';
const statedBy = 'operator.service';

const purchaseOf = async ({ client }: Party, id: string) =>
  (await client.call(wire.listPurchases, { query: { limit: 100 } })).items.find((one) => one.id === id)!;

const goodsAt = (consumer: Party, provider: Party) =>
  until('the goods with their supplier’s address', async () => {
    const { items } = await consumer.client.call(wire.browseGoods, { query: {} });
    return items.find(({ connector }) => connector?.participant === provider.connector.did);
  });

const financeOf = async ({ node, login }: Party) => node.stage.as(login.replace('.trader', '.finance'));

/** Into the buyer's own sub-account (simulated bank). */
const payIn = async (consumer: Party): Promise<void> => {
  const finance = await financeOf(consumer);
  if ((await finance.call(readAccount, {})).state === 'none') await finance.call(openAccount, { body: {} });
  await until('the buyer’s sub-account', async () => (await finance.call(readAccount, {})).state === 'open');
  await finance.call(simulateDeposit, { body: { amountFen: depositFen } });
};

/** Two people of the operator end the contract before its time, so that its last bill comes at once. */
const end = async ({ stage }: RunningNode, contract: string): Promise<void> => {
  const params = { id: contract };
  const { terminations } = await (await stage.as('operator.reviewer')).call(forceTermination, {
    params,
    body: { reason: '演示：提前结束，当场结算 / demo: ended early, to be settled at once' },
  });
  await (await stage.as('operator.approver')).call(confirmForcedTermination, {
    params: { ...params, termination: terminations.at(-1)!.id },
    body: { accept: true },
  });
};

const statementAt = async ({ stage }: RunningNode, purchase: string): Promise<Mutual | undefined> =>
  (await (await stage.as(statedBy)).call(wire.listMutualStatements, { query: { limit: 100 } })).items.find(
    ({ lines, state }) => state === 'agreed' && lines.some((line) => line.purchase === purchase),
  );

/** `meanwhile`: while the seller's node is to hear of the money. Undefined where the plan has nobody to trade. */
export const buyAcross = async (
  { nodes }: Network,
  walk: Walk,
  meanwhile: (seller: RunningNode) => Promise<void> = async () => undefined,
): Promise<Purchased | undefined> => {
  const traders = tradersOf(nodes);
  if (!traders) return undefined;
  const [buying, selling] = [traders.consumer.node, traders.provider.node];
  return walk.step(
    'purchase',
    {
      zh: `跨节点购买：款项冻结在 ${buying.operator}，由其向 ${selling.operator} 担保，互结对账`,
      en: `A purchase across nodes: the money lies at ${buying.operator}, which answers for it to ${selling.operator}, and both settle`,
    },
    async (prove) => {
      await alignClocks([buying, selling]);
      const consumer = await connect(buying, traders.consumer.member, 'consumer');
      const provider = await connect(selling, traders.provider.member, 'provider');
      const { node, subject } = await goodsAt(consumer, provider);
      const goods = { node: node.id, subject };
      const { offers, formats } = await consumer.client.call(wire.readGoods, { params: goods });
      const { offer } = offers.find(({ metered }) => metered)!;
      const { format } = formats.find(({ way }) => way === 'pull')!;
      const made = await consumer.client.call(wire.buyAbroad, {
        body: { ...goods, offer, quantity: usesBought, format },
      });
      const { id, negotiation, estimate } = made;
      await payIn(consumer);
      await meanwhile(selling);
      const twin = await twinOf(provider, negotiation);
      await review(provider, twin.id);
      await until('the purchase', async () => {
        const one = await purchaseOf(consumer, id);
        if (one.state === 'failed') throw new Error(`${id}: ${one.reason}`);
        return one.state === 'bought' && one;
      });
      const money = await financeOf(consumer);
      const frozen = (await money.call(readAccount, {})).funds;
      prove(
        {
          zh: `${estimate} 分冻结在买方开户行，卖方节点凭担保签约`,
          en: `${estimate} fen frozen at the buyer’s bank, the contract made on that guarantee`,
        },
        frozen.held === estimate,
      );

      const { transfer } = await consumer.client.call(wire.fetchPurchase, { params: { id }, body: {} });
      const { process } = await reached(consumer, transfer, 'STARTED');
      for (let use = 0; use < usesMade; use++) await read(process.dataAddress as unknown as Address, plate);
      const { process: sold } = await reached(provider, twin.id, 'FINALIZED');
      const { contract } = await provider.client.call(readOrder, { params: { id: sold.order! } });
      await end(selling, contract!);

      const desk = await selling.stage.as(statedBy);
      const creditor = await until('the statement of both nodes', async () => {
        await desk.call(wire.drawUpStatements, { body: {} });
        return statementAt(selling, id);
      });
      await until('the purchase to be settled', async () => (await purchaseOf(consumer, id)).state === 'settled');
      const debtor = (await statementAt(buying, id))!;
      const { available, held } = (await money.call(readAccount, {})).funds;
      prove(
        {
          zh: `${usesMade} 次使用，互结对账单 ${creditor.number} 共 ${creditor.total} 分，两节点签名一致`,
          en: `${usesMade} uses: statement ${creditor.number} of ${creditor.total} fen under the keys of both nodes`,
        },
        creditor.total === debtor.total &&
          creditor.total === creditor.lines.reduce((sum, { fen }) => sum + BigInt(fen), 0n).toString() &&
          JSON.stringify(creditor.lines) === JSON.stringify(debtor.lines) &&
          new Set(creditor.signedBy).size === 2 &&
          creditor.signedBy.join() === debtor.signedBy.join(),
      );
      prove(
        { zh: '余款已全部解冻退回买方', en: 'what was left of the money is the buyer’s again' },
        held === '0' && BigInt(available) === BigInt(depositFen) - BigInt(creditor.total),
      );

      const did = consumer.connector.did.replace(/:dsp:.*$/, '');
      await deposit(selling, did, creditor.total);
      const supplier = await financeOf(provider);
      const bill = creditor.lines.find((line) => line.purchase === id)!.statement;
      await until('the supplier to be paid', async () =>
        (await supplier.call(listStatements, { query: { limit: 100 } })).items.some(
          (one) => one.number === bill && one.state === 'settled',
        ),
      );
      prove({ zh: `供方账单 ${bill} 已结清`, en: `the supplier’s bill ${bill} is paid` });
      return { id, statement: { creditor, debtor }, depositFen, funds: { available, held } };
    },
  );
};
