import { expect, test } from 'vitest';
import { regionPath, regions, withRegions } from './regions.ts';

test('every code of the standard has a name, from the province down', () => {
  expect(regions.length).toBeGreaterThan(3000);
  expect(regions.filter((one) => one.code.endsWith('0000'))).toHaveLength(34);
  expect(new Set(regions.map((one) => one.code)).size).toBe(regions.length);
  for (const [code, name] of [
    ['430000', '湖南省'],
    ['43', '湖南省'],
    ['430100', '湖南省长沙市'],
    ['4301', '湖南省长沙市'],
    ['430104', '湖南省长沙市岳麓区'],
    // Steps that only group are not spoken.
    ['110101', '北京市东城区'],
    ['429004', '湖北省仙桃市'],
    ['810000', '香港特别行政区'],
  ])
    expect(regionPath(code!), code).toBe(name);
  for (const code of ['990000', '430199', '', '4', 'abc', '4301040']) expect(regionPath(code), code).toBeUndefined();
});

test('policies name regions by prefixes', () => {
  expect(['43', '4301', '430104'].map((prefix) => withRegions('zh', {})[prefix])).toEqual([
    '湖南省（43）',
    '湖南省长沙市（4301）',
    '湖南省长沙市岳麓区（430104）',
  ]);
  expect(withRegions('en', {})['4301']).toBe('湖南省长沙市 (4301)');
  expect(withRegions('zh', { 4301: 'another', own: 'name' })).toMatchObject({ 4301: 'another', own: 'name' });
});
