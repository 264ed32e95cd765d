import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairOf, parseDecimal } from './cell.ts';
import {
  copyKey,
  findSynthetic,
  gather,
  judge,
  type Layout,
  makeSynthetic,
  markedRows,
  marker,
  type Row,
  score,
  survey,
} from './index.ts';

const secret = Buffer.alloc(32, 7);
const buyers = Array.from({ length: 100 }, (_, at) => `buyer-${at}`);

const layout: Layout = {
  columns: ['plate', 'city', 'seen', 'speed', 'load', 'score', 'empty'],
  alterable: [
    { column: 'speed', maxChange: '0.5' },
    { column: 'load', maxChange: '2' },
    { column: 'score', maxChange: '1' },
    { column: 'seen', maxChange: '10' },
  ],
};

/** Chance that repeats: from a seed, as digests. */
const chance = (seed: string) => {
  let state = createHash('sha256').update(seed).digest();
  return (below: number): number => {
    state = createHash('sha256').update(state).digest();
    return state.readUInt32BE(0) % below;
  };
};

const table = (count: number, seed: string): Row[] => {
  const draw = chance(seed);
  return Array.from({ length: count }, (_, at) => ({
    plate: `湘A${String(10_000 + at)}`,
    city: ['长沙', '株洲', '湘潭'][draw(3)]!,
    seen: new Date(Date.UTC(2026, 0, 1) + draw(30 * 86_400) * 1000).toISOString().slice(0, 19).replace('T', ' '),
    speed: (draw(12_000) / 100).toFixed(2),
    load: String(draw(40_000)),
    score: String(draw(101)),
    empty: null,
  }));
};

const shuffledPart = (rows: readonly Row[], count: number, draw: (below: number) => number): Row[] => {
  const left = [...rows];
  return Array.from({ length: count }, () => left.splice(draw(left.length), 1)[0]!);
};

const without = (rows: readonly Row[], dropped: readonly string[]): Row[] =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => !dropped.includes(column))));

const scores = (rows: readonly Row[], asked = buyers) => {
  const file = gather(layout, Object.keys(rows[0]!));
  file.add(rows);
  const evidence = file.evidence();
  return judge(asked.map((copy) => ({ copy, ...score(evidence, copyKey(secret, copy)) })));
};
const named = (rows: readonly Row[]) =>
  scores(rows)
    .filter((one) => one.named)
    .map(({ copy }) => copy);

const copyOf = (buyer: string, rows: readonly Row[]) => markedRows(marker(layout, copyKey(secret, buyer)), rows);

describe('a marked copy', () => {
  const rows = table(2000, 'rows');
  const copy = copyOf('buyer-1', rows);

  it('differs from the original only in declared columns, by exactly the declared step', () => {
    let moved = 0;
    copy.forEach((row, at) => {
      for (const [column, value] of Object.entries(row)) {
        const before = rows[at]![column]!;
        if (value === before) continue;
        moved += 1;
        const { maxChange } = layout.alterable.find((one) => one.column === column)!;
        const amount = (text: string) =>
          column === 'seen' ? Date.parse(`${text.replace(' ', 'T')}Z`) / 1000 : Number(text);
        expect(Math.abs(amount(value!) - amount(before))).toBeCloseTo(Number(maxChange), 9);
      }
    });
    const share = moved / (rows.length * layout.alterable.length);
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
  });

  it('keeps nulls, and values that are neither number nor time', () => {
    const odd = [
      { speed: null, load: '', score: 'n/a', seen: '2026-01-01' },
      { speed: 'NaN', load: undefined },
    ];
    expect(copyOf('buyer-1', odd)).toEqual(odd);
  });

  it('is the same in any order and in any batches, and another one for another buyer', () => {
    const mark = marker(layout, copyKey(secret, 'buyer-1'));
    const turned = [...rows].reverse().flatMap((row) => markedRows(mark, [row]));
    expect(turned.reverse()).toEqual(copy);
    expect(copyOf('buyer-2', rows)).not.toEqual(copy);
  });

  it('never leaves the range of the data', () => {
    const mark = marker(layout, copyKey(secret, 'buyer-1'), { score: { least: '0', most: '100' } });
    const all = markedRows(mark, rows).map(({ score: value }) => Number(value));
    expect(Math.max(...all)).toBe(100);
    expect(Math.max(...copy.map(({ score: value }) => Number(value)))).toBe(101);
  });
});

describe('a value', () => {
  const decimal = fc
    .tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.integer({ min: 0, max: 6 }))
    .map(([digits, places]) => {
      const plain = (digits < 0n ? -digits : digits).toString().padStart(places + 1, '0');
      const point = plain.length - places;
      return `${digits < 0n ? '-' : ''}${plain.slice(0, point)}${places ? `.${plain.slice(point)}` : ''}`;
    });
  const step = fc.constantFrom('1', '2', '5', '0.5', '0.01', '3600');

  it('moves within its pair and back, whatever the number', () => {
    fc.assert(
      fc.property(decimal, step, (text, width) => {
        const pair = pairOf(text, parseDecimal(width)!)!;
        const other = pairOf(pair.moved(), parseDecimal(width)!)!;
        expect([other.high, other.bit]).toEqual([pair.high, 1 - pair.bit]);
        expect(Number(other.moved())).toBe(Number(text));
      }),
    );
  });

  it('keeps the form in which a time is written', () => {
    const instant = fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    const form = fc.constantFrom<(iso: string) => string>(
      (iso) => iso,
      (iso) => iso.slice(0, 19).replace('T', ' '),
      (iso) => iso.slice(0, 16).replace('T', ' '),
      (iso) => `${iso.slice(0, 19)}.123456+08:00`,
      (iso) => `${iso.slice(0, 19).replace('T', ' ')}+00`,
    );
    fc.assert(
      fc.property(instant, form, (at, write) => {
        const text = write(at.toISOString());
        const pair = pairOf(text, parseDecimal('60')!)!;
        const moved = pair.moved();
        expect(moved.replace(/\d/g, '0')).toBe(text.replace(/\d/g, '0'));
        expect(pairOf(moved, parseDecimal('60')!)!.moved()).toBe(text);
      }),
    );
  });
});

describe('a trace', () => {
  const rows = table(20_000, 'traced');

  it('names the right one of 100 from a shuffled hundredth without two columns, whichever they are', () => {
    const draw = chance('leaks');
    const droppable = layout.columns;
    for (let trial = 0; trial < 20; trial++) {
      const buyer = buyers[draw(buyers.length)]!;
      const dropped = shuffledPart(
        droppable.map((column) => ({ column })),
        2,
        draw,
      ).map(({ column }) => column!);
      // Marking the part is taking part of the marked: shown above.
      const leaked = without(copyOf(buyer, shuffledPart(rows, 200, draw)), dropped);
      expect([dropped, named(leaked)]).toEqual([dropped, [buyer]]);
    }
  });

  it('names no one from the original, from the copy of somebody unknown, or from one row', () => {
    const draw = chance('innocent');
    for (let trial = 0; trial < 20; trial++) {
      const part = shuffledPart(rows, 200, draw);
      expect(named(part)).toEqual([]);
      expect(named(copyOf(`stranger-${trial}`, part))).toEqual([]);
    }
    expect(named(copyOf('buyer-1', rows.slice(0, 1)))).toEqual([]);
  });

  it('is not taken in by rows given many times over', () => {
    const [best] = scores(copyOf('buyer-5', rows.slice(0, 3)));
    const [same] = scores(Array.from({ length: 500 }, () => copyOf('buyer-5', rows.slice(0, 3))).flat());
    expect(same!.tested).toBe(best!.tested);
    expect(same!.logChance).toBe(best!.logChance);
  });

  it('finds the marks in a file written in another form', () => {
    const leaked = copyOf('buyer-9', rows.slice(0, 200)).map((row) => ({
      ...row,
      speed: String(Number(row.speed)),
      seen: `${row.seen!.replace(' ', 'T')}.000Z`,
      empty: '',
    }));
    expect(named(leaked)).toEqual(['buyer-9']);
  });

  it('names both of two who mixed their rows', () => {
    const mixed = [...copyOf('buyer-3', rows.slice(0, 150)), ...copyOf('buyer-4', rows.slice(150, 300))];
    expect(named(mixed).sort()).toEqual(['buyer-3', 'buyer-4']);
  });
});

describe('a survey', () => {
  const rows = table(5000, 'surveyed');
  const surveyed = (batch: number) => {
    const surveyor = survey(layout, 500);
    for (let at = 0; at < rows.length; at += batch) surveyor.add(rows.slice(at, at + batch));
    return surveyor.result();
  };

  it('knows how many rows there are and within which values, whatever the batches', () => {
    const { rows: count, ranges } = surveyed(700);
    expect(count).toBe(5000);
    for (const column of ['speed', 'load', 'score']) {
      const values = rows.map((row) => Number(row[column]));
      const { least, most } = ranges[column]!;
      expect([Number(least), Number(most)]).toEqual([Math.min(...values), Math.max(...values)]);
    }
    expect(ranges.seen!.least).toBe(rows.map(({ seen }) => seen!).sort()[0]);
    expect(surveyed(1)).toEqual(surveyed(5000));
  });

  it('draws from the whole table', () => {
    const { donors } = surveyed(1000);
    const places = donors.map((row) => rows.indexOf(row));
    expect(new Set(places).size).toBe(500);
    for (let tenth = 0; tenth < 10; tenth++)
      expect(places.filter((place) => Math.floor(place / 500) === tenth).length).toBeGreaterThan(20);
  });
});

describe('made-up rows', () => {
  const rows = table(2000, 'donors');
  const made = (buyer: string) =>
    makeSynthetic(layout.columns, rows.slice(0, 1000), { key: copyKey(secret, buyer), count: 10 })!;
  const found = (file: readonly Row[], buyer: string) => {
    const finder = findSynthetic(Object.keys(file[0]!));
    finder.add(file);
    return finder.score(made(buyer));
  };

  it('are made of the data’s own values, are none of its rows, and belong to one buyer', () => {
    const { rows: own } = made('buyer-1');
    expect(own).toHaveLength(10);
    expect(made('buyer-1').rows).toEqual(own);
    const texts = new Set(rows.map((row) => JSON.stringify(row)));
    for (const row of own) {
      expect(texts.has(JSON.stringify(row))).toBe(false);
      for (const column of layout.columns) expect(rows.some((one) => one[column] === row[column])).toBe(true);
    }
    const others = new Set(made('buyer-2').rows.map((row) => JSON.stringify(row)));
    expect(own.filter((row) => others.has(JSON.stringify(row)))).toEqual([]);
  });

  it('are found without two columns, and their chance never promises more than columns and rows allow', () => {
    const file = without([...rows, ...made('buyer-1').rows.slice(0, 3)], ['plate', 'seen']);
    const one = found(file, 'buyer-1');
    expect([one.asked, one.found]).toEqual([10, 3]);
    expect(one.logChance).toBeLessThan(-6);
    expect(found(file, 'buyer-2').found).toBe(0);
    // Three cities say nothing, however many rows of them there are.
    expect(found(without(file, ['speed', 'load', 'score', 'empty']), 'buyer-1').logChance).toBe(0);
  });

  it('are not made where there is too little to draw from', () => {
    expect(makeSynthetic(['a'], [{ a: '1' }], { key: copyKey(secret, 'x'), count: 5 })).toBe(null);
  });
});
