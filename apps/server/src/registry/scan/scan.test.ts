import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isResidentId, passesLuhn } from '../identifiers.ts';
import { ingestFile } from '../ingest/ingest.ts';
import { hintOf } from './hints.ts';
import { mask } from './mask.ts';
import { embeddedIn, scanColumn } from './scan.ts';
import { scanTable } from './table.ts';

const options = { asOf: '2026-07-01', valuesPerColumnMax: 10_000 };
const kinds = (name: string, values: string[]) =>
  scanColumn({ name, values }, options).findings.map((finding) => finding.kind);
const times = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at));
const sealed = (head: string) => head + [...'0123456789X'].find((check) => isResidentId(head + check));
const luhn = (head: string) => head + [...'0123456789'].find((check) => passesLuhn(head + check));
const scattered = (at: number) => String((at * 7_654_321 + 12_345_678) % 1_000_000_000).padStart(9, '0');

describe('scanColumn', () => {
  it('tells ID numbers by checksum, whatever the column is called, and keeps typing errors', () => {
    const ids = times(20, (at) => sealed(`4301021990010${10 + at}${100 + at}`.slice(0, 17)));
    const scan = scanColumn({ name: 'c7', values: [...ids.slice(1), `${ids[0]!.slice(0, 16)}00`] }, options);
    expect(scan).toMatchObject({ personal: true, sensitive: true });
    expect(scan.findings[0]).toMatchObject({ kind: 'residentId', hits: 20, of: 20, embedded: false });
  });

  it('never shows a raw value', () => {
    const ids = times(20, () => '11010519491231002X');
    const phones = times(20, (at) => `13${scattered(at)}`);
    const text = JSON.stringify([
      scanColumn({ name: '身份证', values: ids }, options),
      scanColumn({ name: '手机', values: phones }, options),
    ]);
    expect(text).not.toContain('110105');
    for (const phone of phones) expect(text).not.toContain(phone);
    expect(text).toMatch(/13\d\*{6}\d{2}/);
  });

  it('takes serials, orders and chance passes for what they are', () => {
    expect(
      kinds(
        'c1',
        times(200, (at) => `4301022024010${10 + (at % 20)}${1000 + at}`.slice(0, 18)),
      ),
    ).toEqual([]);
    expect(
      kinds(
        '流水',
        times(50, (at) => String(13_800_000_000 + at)),
      ),
    ).toEqual([]);
    expect(
      kinds(
        'c1',
        times(50, (at) => String(13_800_000_000 + at * 7)),
      ),
    ).toEqual([]);
    expect(
      kinds(
        'order_no',
        times(50, (at) => `13${scattered(at)}`),
      ),
    ).toEqual([]);
    expect(
      scanColumn({ name: 'order_no', values: times(50, (at) => `13${scattered(at)}`) }, options).doubts,
    ).toMatchObject([{ kind: 'mobile' }]);
    expect(
      kinds(
        '订单编号',
        times(50, (at) => luhn(`62${scattered(at)}123456`)),
      ),
    ).toEqual([]);
    expect(
      kinds(
        'c1',
        times(50, (at) => luhn(`8812${scattered(at)}12`)),
      ),
    ).toEqual([]);
    expect(
      kinds(
        'version',
        times(30, (at) => `1.${at % 5}.0.${at % 7}`),
      ),
    ).toEqual([]);
    expect(
      kinds(
        '颜色',
        times(30, (at) => ['黄色', '金色', '白色'][at % 3]!),
      ),
    ).toEqual([]);
    expect(
      kinds(
        '城市',
        times(30, (at) => ['温州', '石家庄', '常德', '武汉', '张家界'][at % 5]!),
      ),
    ).toEqual([]);
  });

  it('finds the usual kinds', () => {
    expect(
      kinds(
        'c1',
        times(50, (at) => `13${scattered(at)}`),
      ),
    ).toEqual(['mobile']);
    expect(
      kinds(
        '卡号',
        times(20, (at) => luhn(`621700${scattered(at)}123`)),
      ),
    ).toEqual(['bankCard']);
    expect(kinds('x', ['湘A12345', '粤BF12345'])).toEqual(['plate']);
    expect(kinds('x', ['192.168.3.77', '114.114.114.114'])).toEqual(['ipv4']);
    expect(kinds('姓名', ['张㼆', '李四', '欧阳修'])).toEqual(['personName']);
    expect(
      kinds(
        '当事方',
        times(
          60,
          (at) => '王李张刘陈杨黄赵吴周'[at % 10]! + '伟芳娜秀英敏静丽强磊军洋勇艳杰'[at % 15]! + '明国'[at % 2]!,
        ),
      ),
    ).toEqual(['personName']);
    expect(
      kinds(
        'x',
        times(10, (at) => `湖南省长沙市岳麓区麓山南路${at}号${at}栋`),
      ),
    ).toEqual(['address']);
  });

  it('finds identifiers inside remarks, not those that the text calls orders', () => {
    expect(embeddedIn('请联系13812345678，谢谢')).toEqual([{ kind: 'mobile', text: '13812345678' }]);
    expect(embeddedIn('订单号：13812345678')).toEqual([]);
    expect(embeddedIn('编号9138123456781')).toEqual([]);
    expect(kinds('备注', ['已付', '请联系 13812345678 收货', '证件 11010519491231002X 已核对'])).toEqual([
      'mobile',
      'residentId',
    ]);
  });

  it('knows what is sensitive: tracks, health, children under 14 on the day', () => {
    expect(scanColumn({ name: '轨迹', values: ['a'] }, options)).toMatchObject({
      sensitive: true,
      findings: [{ kind: 'position' }],
    });
    expect(scanColumn({ name: '诊断结果', values: ['感冒'] }, options).findings[0]).toMatchObject({
      kind: 'health',
      confidence: 0.6,
    });
    const child = sealed('43010220120702001');
    const adult = sealed('43010220120701001');
    expect(kinds('身份证', [child])).toContain('minor');
    expect(kinds('身份证', [adult])).not.toContain('minor');
    expect(kinds('手机', ['13800138000'])).toEqual(['mobile']);
    expect(scanColumn({ name: '手机', values: ['13800138000'] }, options)).toMatchObject({
      personal: true,
      sensitive: false,
    });
  });

  it('reads hints from Chinese, snake and camel names', () => {
    expect([...hintOf('driverIdCardNo').kinds]).toEqual(['residentId']);
    expect([...hintOf('司机身份证号').kinds]).toEqual(['residentId']);
    expect([...hintOf('联系人').kinds]).toEqual(['personName']);
    expect(hintOf('order_no').against).toBe(true);
    expect(hintOf('video_url').kinds.size).toBe(0);
  });

  it('masks every kind', () => {
    expect(mask('11010519491231002X', 'residentId')).toBe('11***************X');
    expect(mask('张三丰', 'personName')).toBe('张**');
    expect(mask('a@b.cn', 'email')).toBe('a***@***');
  });
});

describe('scanTable', () => {
  it('scans a normal form in a child', async () => {
    const root = mkdtempSync(join(tmpdir(), 'scan-'));
    try {
      writeFileSync(
        join(root, 'up.csv'),
        `姓名,手机号,里程\n${times(300, (at) => `张三${'伟芳娜秀'[at % 4]},13${scattered(at)},${at}`).join('\n')}\n`,
      );
      await ingestFile({ path: join(root, 'up.csv'), folder: join(root, 'object'), format: 'csv' });
      const scans = await scanTable({ folder: join(root, 'object'), asOf: '2026-07-01', valuesPerColumnMax: 100 });
      expect(scans.map((scan) => scan.findings[0]?.kind)).toEqual(['personName', 'mobile', undefined]);
      expect(scans[1]!.findings[0]).toMatchObject({ of: 100 });
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
