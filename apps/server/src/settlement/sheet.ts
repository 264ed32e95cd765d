/** A statement as a spreadsheet. Sums are numbers; quantities and unit prices stay text, so that no digit is lost in a cell. */

import { formatYuan } from '@shugu/ledger';
import type * as wire from '@shugu/wire/settlement';
import writeExcelFile, { type Row } from 'write-excel-file/node';
import type { z } from 'zod';
import { dayOf } from '../kernel/calendar/calendar.ts';
import { roleName, unitNames, wayNames } from './service/papers.ts';

const label = (value: string) => ({ value, fontWeight: 'bold' as const });
const yuan = (fen: string) => {
  const value = BigInt(fen);
  // Beyond what a cell's double holds exactly the amount is written as text.
  const exact = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER);
  return exact ? { value: Number(value) / 100, type: Number, format: '0.00' } : { value: formatYuan(value) };
};

export const statementSheet = async (statement: z.input<typeof wire.statement>, specimen: boolean): Promise<Buffer> => {
  const facts: Row[] = [
    [label('结算单'), { value: statement.number }],
    ...(specimen ? [[label('说明'), { value: '样张' }]] : []),
    [label('订单'), { value: statement.title }],
    [label('买方'), { value: statement.buyer.name }],
    [label('供方'), { value: statement.supplier.name }],
    [label('结算方式'), { value: wayNames[statement.way].zh }],
    [
      label('期间'),
      { value: `${dayOf(new Date(statement.from))} 至 ${dayOf(new Date(Date.parse(statement.until) - 1))}` },
    ],
    [],
  ];
  const lines: Row[] = statement.lines.length
    ? [
        [
          '项目',
          `用量${statement.unit ? `（${unitNames[statement.unit]}）` : ''}`,
          '计费量',
          '单价（元）',
          '未取整金额（元）',
          '金额（元）',
        ].map(label),
        ...statement.lines.map((line) => [
          { value: line.title },
          { value: line.quantity },
          { value: line.billableQuantity },
          { value: line.unitPrice },
          { value: line.amountExact },
          yuan(line.amount),
        ]),
      ]
    : [];
  const totals: Row[] =
    statement.total === null ? [] : [[label('含税合计（元）'), null, null, null, null, yuan(statement.total)]];
  const tax: Row[] =
    statement.tax === null ? [] : [[label('其中税额（元）'), null, null, null, null, yuan(statement.tax)]];
  const legs: Row[] = statement.legs.length
    ? [
        [],
        ['收款方', '身份', '金额（元）'].map(label),
        ...statement.legs.map((leg) => [{ value: leg.party.name }, { value: roleName(leg.role) }, yuan(leg.amount)]),
      ]
    : [];
  const refunds: Row[] = statement.refunds.some(({ state }) => state === 'approved' || state === 'done')
    ? [
        [],
        ['退款', '理由', '金额（元）'].map(label),
        ...statement.refunds
          .filter(({ state }) => state === 'approved' || state === 'done')
          .map((one) => [{ value: dayOf(new Date(one.createdAt)) }, { value: one.reason }, yuan(`-${one.amount}`)]),
      ]
    : [];
  const fee: Row[] = statement.fee
    ? [
        [],
        ['平台服务费（元）', '冲减', '已付', '已退还', '尚欠', '支付期限'].map(label),
        [
          yuan(statement.fee.charged),
          yuan(statement.fee.reversed),
          yuan(statement.fee.paid),
          yuan(statement.fee.returned),
          yuan(statement.fee.owed),
          { value: statement.fee.dueOn },
        ],
      ]
    : [];
  return writeExcelFile([...facts, ...lines, ...totals, ...tax, ...legs, ...refunds, ...fee], {
    sheet: '结算单',
  }).toBuffer();
};
