/** A contract on a program in the place of a query, as a form. */
import { computeLimits, moduleOutputTypes } from '@shugu/wire/compute';
import { choicesOf } from '../registry/fields.ts';
import { type FormField, field } from '../ui/fields.tsx';
import {
  aboutForm,
  agreedOf,
  type Body,
  type DraftValues,
  dataSetFields,
  openOrHidden,
  organisation,
  parametersField,
  rowsField,
  setOf,
  termForm,
} from './draft-fields.ts';

type Module = NonNullable<Body['module']>;
export type ModuleValues = Omit<DraftValues, 'noise'> & { module?: Partial<Module> };

export const moduleForm: FormField[] = [
  ...aboutForm,
  field('module.digest', 'text', ['程序摘要（sha256:…）', 'Digest of the program (sha256:…)'], {
    required: true,
    pattern: '^sha256:[0-9a-f]{64}$',
  }),
  field('module.memoryMB', 'number', ['内存上限', 'Memory at most'], {
    required: true,
    min: 1,
    max: computeLimits.moduleMemoryMBMax,
    unit: 'MB',
  }),
  field('module.seconds', 'number', ['时间上限（秒）', 'Seconds at most'], {
    required: true,
    min: 1,
    max: computeLimits.moduleSecondsMax,
  }),
  field('module.outputBytes', 'number', ['输出上限（字节）', 'Bytes of output at most'], {
    required: true,
    min: 1,
    max: computeLimits.moduleOutputBytesMax,
  }),
  rowsField,
  field('module.release', 'choice', ['输出由谁先看', 'Who looks at the output first'], {
    required: true,
    choices: choicesOf('moduleRelease', ['ask', 'direct']),
    help: {
      zh: '程序可以把读到的任何内容写进输出；直接发布时没有人先看',
      en: 'The program can write whatever it reads; given out at once, nobody looks before',
    },
  }),
  field('module.output', 'records', ['输出的列', 'Columns of the output'], {
    required: true,
    itemsMax: computeLimits.moduleColumnsMax,
    inline: true,
    fields: [
      field('name', 'text', ['列名（小写字母）', 'Name (small letters)'], { required: true }),
      field('type', 'choice', ['类型', 'Type'], {
        required: true,
        choices: choicesOf('columnType', moduleOutputTypes),
      }),
    ],
  }),
  field('dataSets', 'records', ['数据集', 'Data sets'], {
    required: true,
    itemsMax: computeLimits.dataSetsMax,
    fields: dataSetFields(openOrHidden),
  }),
  organisation('recipients', ['结果接收单位', 'Recipients'], false),
  parametersField,
  ...termForm,
];

export const moduleBodyOf = (values: ModuleValues): Body => {
  const { dataSets = [], module, release, query } = values;
  return {
    ...agreedOf(values),
    mode: 'cleanRoom',
    dataSets: dataSets.map(setOf),
    query: { parameters: query?.parameters ?? [] },
    module: { ...module, digest: module?.digest ?? '', output: module?.output ?? [] },
    // A least number of entities holds nothing back from a program.
    release: { entitiesMin: computeLimits.entitiesLeast, rowsMax: release?.rowsMax ?? 100, rho: null },
  };
};

export const moduleStart = (owner: string): ModuleValues => ({
  dataSets: [{ owner, table: 'ours', share: 100 }],
  module: {
    memoryMB: 64,
    seconds: 30,
    outputBytes: 1_048_576,
    release: 'ask',
    output: [{ name: 'score', type: 'integer' }],
  },
  release: { rowsMax: 100 },
  uses: 12,
  priceFen: '0',
  payment: { taxPercent: 6, untouched: 'free' },
});
