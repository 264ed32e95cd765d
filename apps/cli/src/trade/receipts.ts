/** The receipts of a trade's calls: each fetched with its proof, all in one file that verifies without the exchange. */
import { parseTrust, readReceipts, type Trust, verifyReceipts } from '@shugu/evidence';
import * as kernelWire from '@shugu/wire/kernel';
import * as meteringWire from '@shugu/wire/metering';
import { until } from '../scenario/resource.ts';
import type { Stage } from '../scenario/stage.ts';
import { developer, refused, supplier, type TradeWalk } from './context.ts';

/** Days of the buyer's, in the zone of the contract. */
const localDay = (at: Date): string => new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 10);

export interface Calls {
  grant: string;
  /** Receipt of each call, as its answer named it. */
  receipts: string[];
  /** When the first was made. */
  since: Date;
}

/** What the exchange says is to be trusted; whoever checks compares it over another channel. */
export const readTrust = async ({ anyone }: Stage): Promise<Trust> =>
  parseTrust(new Uint8Array(await (await anyone.raw(kernelWire.trust, {})).arrayBuffer()));

/** Payloads by receipt, asked for one by one, once they are sealed and in the log. */
const proofsOf = async ({ stage }: TradeWalk, { receipts }: Calls): Promise<Map<string, string>> => {
  const client = await stage.as(developer);
  const payloads = new Map<string, string>();
  for (const id of receipts) {
    const { proof } = await until(`the proof of ${id}`, async () => {
      const seen = await client.call(meteringWire.getReceipt, { params: { id } });
      return seen.proof !== null && seen.log !== null && seen;
    });
    payloads.set(id, proof!.payload);
  }
  return payloads;
};

export const keepProofs = (trade: TradeWalk, calls: Calls): Promise<string> =>
  trade.walk.step(
    'proofs',
    {
      zh: '回执证明：逐次取证，汇成一个可离线核验的回执包',
      en: 'Receipts with their proofs: each call’s, and all in one file that verifies offline',
    },
    async (prove) => {
      const { stage, folder } = trade;
      const payloads = await proofsOf(trade, calls);
      prove({
        zh: `${payloads.size} 次调用的用量分段均已封存并记入公开日志`,
        en: `the segments of ${payloads.size} calls are sealed and in the public log`,
      });
      const query = { from: localDay(calls.since), until: localDay(await stage.now()) };
      const ask = { params: { id: calls.grant }, query };
      const response = await (await stage.as(developer)).raw(meteringWire.receiptFile, ask);
      const bytes = new Uint8Array(await response.arrayBuffer());
      const report = await verifyReceipts(bytes, await readTrust(stage));
      prove(
        {
          zh: `回执包有效：${report.total?.calls} 次调用、${report.total?.rows} 行`,
          en: `the file of receipts holds: ${report.total?.calls} calls, ${report.total?.rows} rows`,
        },
        report.ok && report.range?.complete === true && report.total?.calls === calls.receipts.length,
      );
      const held = new Set(
        readReceipts(JSON.parse(Buffer.from(bytes).toString('utf8'))).segments.flatMap((segment) =>
          segment.receipts.map(({ payload }) => payload),
        ),
      );
      prove(
        { zh: '与逐次取得的证明一字不差', en: 'it holds what was proven call by call, byte by byte' },
        held.size === payloads.size && [...payloads.values()].every((payload) => held.has(payload)),
      );
      prove(
        { zh: '供方不能取得需方的回执', en: 'the supplier cannot fetch the buyer’s receipts' },
        await refused((await stage.as(supplier)).raw(meteringWire.receiptFile, ask), 'kernel.unknown'),
      );
      return folder.write('receipts', `receipts-${calls.grant}.receipts.json`, bytes);
    },
  );
