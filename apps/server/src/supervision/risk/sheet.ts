/** 统计报表 as a spreadsheet: sums are numbers of yuan, or text where a cell's double would lose a fen. */
import { formatYuan } from '@shugu/ledger';
import writeExcelFile, { type Row } from 'write-excel-file/node';
import type { StatisticsRow } from './reads.ts';

const label = (value: string) => ({ value, fontWeight: 'bold' as const });
const yuan = (fen: string) =>
  Math.abs(Number(fen)) <= Number.MAX_SAFE_INTEGER
    ? { value: Number(fen) / 100, type: Number, format: '0.00' }
    : { value: formatYuan(BigInt(fen)) };
const count = (value: number) => ({ value, type: Number });

const cells = (first: string, one: Omit<StatisticsRow, 'key'>): Row => [
  { value: first },
  yuan(one.signed),
  yuan(one.settled),
  yuan(one.filed),
  count(one.orders),
  count(one.listings),
  count(one.certificates),
  count(one.members),
];

export interface Statistics {
  from: string;
  until: string;
  rows: (StatisticsRow & { name: string })[];
  totals: Omit<StatisticsRow, 'key'>;
}

export const statisticsSheet = ({ from, until, rows, totals }: Statistics): Promise<Buffer> =>
  writeExcelFile(
    [
      [label('统计报表'), { value: `${from} 至 ${until}` }],
      [{ value: '签约额、结算额、场外备案额口径不同，不得相加' }],
      [],
      ['项目', '签约额（元）', '结算额（元）', '场外备案额（元）', '订单', '新上架', '登记凭证', '新入场会员'].map(
        label,
      ),
      ...rows.map((one) => cells(one.name, one)),
      cells('合计', totals),
    ],
    { sheet: '统计报表' },
  ).toBuffer();
