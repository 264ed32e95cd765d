/** A contract on which keys two owners have in common, as a form. */
import { psiOpenings, psiProtocols } from '@shugu/wire/compute';
import { choicesOf } from '../registry/fields.ts';
import { type FormField, field } from '../ui/fields.tsx';
import {
  aboutForm,
  agreedOf,
  type Draft,
  type DraftValues,
  type HeldValues,
  heldForm,
  heldOf,
  organisation,
  termForm,
} from './draft-fields.ts';

type Psi = Extract<Draft, { mode: 'psi' }>;

export interface PsiValues extends Omit<DraftValues, 'dataSets' | 'release' | 'noise' | 'query'> {
  dataSets?: (HeldValues & { key?: string })[];
  protocol?: Psi['protocol'];
  opens?: Psi['opens'];
  sums?: { table?: string; column?: string; group?: string; atLeast?: number; decimals?: number };
  count?: { atLeast?: number };
  keysMax?: number;
}

export const psiForm: FormField[] = [
  ...aboutForm,
  field('dataSets', 'records', ['双方的数据', 'Data of both owners'], {
    required: true,
    itemsMax: 2,
    fields: [
      ...heldForm,
      field('key', 'text', ['标识所在的字段', 'Column of the key'], {
        required: true,
        help: { zh: '与 prepare 的 --join 相同', en: 'the same as --join of prepare' },
      }),
    ],
  }),
  organisation('recipients', ['结果接收单位（须是双方之一或双方）', 'Recipients (one of the owners, or both)'], false),
  field('opens', 'choice', ['开放什么', 'What opens'], {
    required: true,
    choices: choicesOf('psiOpening', psiOpenings),
  }),
  field('protocol', 'choice', ['方式', 'Protocol'], {
    required: true,
    choices: choicesOf('psiProtocol', psiProtocols),
    help: {
      zh: '合计只能由交易所协助；KKRT 会让接收方知道是哪些行，不能只给数量',
      en: 'Sums need the exchange’s help; KKRT shows the recipient which rows they are, so not the number alone',
    },
  }),
  field('keysMax', 'number', ['每方至多多少个不同的标识', 'Distinct keys of an owner at most'], {
    required: true,
    min: 1,
    max: 268_435_456,
  }),
  field(
    'count.atLeast',
    'number',
    ['只给数量时：相同标识至少多少个才打开（可不填）', 'The number alone: common keys needed to open (may be empty)'],
    {
      min: 3,
      max: 1_000_000,
      help: {
        zh: '只有经交易所协助才能设；交易所看得到这个数，不足时在打开之前拒绝',
        en: 'With the exchange’s help only: it sees the number and refuses before it opens',
      },
    },
  ),
  field('sums.table', 'text', ['合计：哪一方的表（表名）', 'Sums: of which table (its name)']),
  field('sums.column', 'text', ['合计：字段', 'Sums: column']),
  field('sums.group', 'text', ['合计：按此字段分组（可不填）', 'Sums: by groups of this column (may be empty)']),
  field('sums.atLeast', 'number', ['合计：相同标识至少多少个才开放', 'Sums: common keys needed to open'], {
    min: 3,
    max: 1_000_000,
  }),
  field('sums.decimals', 'number', ['合计：小数位数', 'Sums: places after the point'], { min: 0, max: 9 }),
  ...termForm,
];

export const psiBodyOf = (values: PsiValues): Draft => {
  const { dataSets = [], protocol = 'helper', opens = 'sums', sums, count, keysMax = 1 } = values;
  const { table = '', column = '', group, atLeast = 3, decimals = 2 } = sums ?? {};
  return {
    ...agreedOf(values),
    mode: 'psi',
    dataSets: dataSets.map(({ key = '', ...set }) => ({ ...heldOf(set), key })),
    ...{ protocol, opens, keysMax },
    ...(opens === 'sums' ? { sums: { table, column, ...(group ? { group } : {}), atLeast, decimals } } : {}),
    ...(opens === 'count' && count?.atLeast ? { count: { atLeast: count.atLeast } } : {}),
  };
};

/** The sum of spending over the customers of both. */
export const psiStart = (owner: string): PsiValues => ({
  dataSets: [
    { owner, table: 'ours', key: 'customer', share: 50 },
    { table: 'theirs', key: 'customer', share: 50 },
  ],
  recipients: [owner],
  opens: 'sums',
  protocol: 'helper',
  keysMax: 1_000_000,
  sums: { table: 'theirs', column: 'spending', atLeast: 10, decimals: 2 },
  uses: 12,
  priceFen: '0',
  payment: { taxPercent: 6, untouched: 'free' },
});
