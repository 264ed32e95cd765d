/**
 * Who leaked it: 100 buyers hold marked copies of a table; a shuffled hundredth of one copy turns up with two columns dropped.
 *
 *   npm run bench -- trace --json
 *
 * 1,000 trials a table: the right buyer named, others named, no one named; then as many innocent files (the original, and the
 * copy of somebody who is not among the 100), and harder cases in fewer trials. Tables: synthetic trips of trucks (labelled so:
 * no real plate or trip), and real flights (U.S. Bureau of Transportation Statistics, public domain, by way of vega-datasets).
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  chanceMax,
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
} from '@shugu/watermark';

const buyersCount = 100;
const rowsCount = 100_000;
const trials = 1000;
const harderTrials = 100;
const droppedCount = 2;
const madeUpRows = 100;

interface Table {
  name: string;
  layout: Layout;
  rows: Row[];
}

/** Chance that repeats, from a seed: xorshift, quick enough to shuffle with. */
const chance = (seed: number) => {
  let state = seed >>> 0 || 1;
  return (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
};
type Chance = ReturnType<typeof chance>;

const syntheticTrips = (): Table => {
  const draw = chance(20260701);
  const rows = Array.from({ length: rowsCount }, (_, at) => ({
    trip: String(900_000 + at),
    plate: `湘Z${String(10_000 + draw(30_000))}`,
    district: `4301${String(2 + draw(9)).padStart(2, '0')}`,
    started: new Date(Date.UTC(2026, 0, 1) + draw(90 * 86_400) * 1000).toISOString().slice(0, 19).replace('T', ' '),
    kilometres: (draw(60_000) / 100).toFixed(2),
    loadKilograms: String(2000 + draw(48_000)),
    axles: String(2 + draw(5)),
    speedMean: (30 + draw(6000) / 100).toFixed(1),
    overloaded: draw(10) === 0 ? 'true' : 'false',
    score: String(draw(101)),
  }));
  const alterable = [
    { column: 'started', maxChange: '30' },
    { column: 'kilometres', maxChange: '0.05' },
    { column: 'loadKilograms', maxChange: '5' },
    { column: 'speedMean', maxChange: '0.2' },
  ];
  return { name: 'trips (synthetic)', layout: { columns: Object.keys(rows[0]!), alterable }, rows };
};

const realFlights = async (): Promise<Table> => {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  const path = entry.replace(/vega-datasets\/.*$/, 'vega-datasets/data/flights-3m.parquet');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const duck = await instance.connect();
  const columns = ['date', 'delay', 'distance', 'origin', 'destination'];
  const select = columns.map((column) => `CAST(${column} AS VARCHAR) AS ${column}`).join(', ');
  const found = await duck.runAndReadAll(
    `SELECT ${select} FROM read_parquet('${path}', file_row_number = true) WHERE file_row_number % 30 = 0 LIMIT ${rowsCount}`,
  );
  const rows = found.getRowObjects() as Row[];
  duck.closeSync();
  const alterable = [
    { column: 'date', maxChange: '60' },
    { column: 'delay', maxChange: '1' },
    { column: 'distance', maxChange: '2' },
  ];
  return { name: 'flights (real)', layout: { columns, alterable }, rows };
};

const secret = createHash('sha256').update('bench').digest();
const buyers = Array.from({ length: buyersCount }, (_, at) => `buyer-${at}`);

const shuffledPart = <Item>(items: readonly Item[], count: number, draw: Chance): Item[] => {
  const taken = new Set<number>();
  while (taken.size < count) taken.add(draw(items.length));
  // Drawn at random already: a Set gives them back as they were drawn, not as they stand.
  return [...taken].map((at) => items[at]!);
};

const without = (rows: readonly Row[], columns: readonly string[], dropped: readonly string[]): Row[] => {
  const left = columns.filter((column) => !dropped.includes(column));
  return rows.map((row) => Object.fromEntries(left.map((column) => [column, row[column]])));
};

const bench = ({ name, layout, rows }: Table) => {
  const keys = buyers.map((copy) => ({ copy, key: copyKey(secret, copy) }));
  // A mark hangs on its row and key alone (tested in the package), so marking the part is taking part of the marked.
  const copyOf = (buyer: string, part: readonly Row[]) => markedRows(marker(layout, copyKey(secret, buyer)), part);
  const trace = (leaked: readonly Row[]) => {
    const file = gather(layout, Object.keys(leaked[0] ?? {}));
    file.add(leaked);
    const evidence = file.evidence();
    return judge(keys.map(({ copy, key }) => ({ copy, ...score(evidence, key) })));
  };

  /** `leak` makes the file of one trial and says who had a part in it. */
  const count = (times: number, leak: (draw: Chance) => { rows: Row[]; guilty: string[] }) => {
    const sum = { trials: times, rightNamed: 0, wrongNamed: 0, missed: 0 };
    let weakest = Number.NEGATIVE_INFINITY;
    for (let trial = 0; trial < times; trial++) {
      const { rows: leaked, guilty } = leak(chance(trial * 7919 + 17));
      const judged = trace(leaked);
      const named = judged.filter((one) => one.named).map(({ copy }) => copy);
      const right = named.filter((copy) => guilty.includes(copy)).length;
      sum.rightNamed += right;
      sum.wrongNamed += named.length - right;
      sum.missed += guilty.length - right;
      weakest = Math.max(
        weakest,
        ...judged.filter(({ copy }) => guilty.includes(copy)).map((one) => one.logChanceOfAny),
      );
    }
    return { ...sum, ...(Number.isFinite(weakest) ? { weakestLog10Chance: Math.round(weakest * 10) / 10 } : {}) };
  };

  const buyerOf = (draw: Chance) => buyers[draw(buyers.length)]!;
  const part = (draw: Chance, count = rows.length / 100) => shuffledPart(rows, count, draw);
  const drop = (leaked: readonly Row[], draw: Chance) =>
    without(leaked, layout.columns, shuffledPart(layout.columns, droppedCount, draw));
  const mixedBy = (buyersMixing: number) =>
    count(harderTrials, (draw) => {
      const guilty = shuffledPart(buyers, buyersMixing, draw);
      const taken = part(draw);
      const share = Math.ceil(taken.length / buyersMixing);
      const mixed = guilty.flatMap((buyer, at) => copyOf(buyer, taken.slice(at * share, (at + 1) * share)));
      return { rows: drop(mixed, draw), guilty };
    });
  const ofRows = (size: number) =>
    count(harderTrials, (draw) => {
      const guilty = [buyerOf(draw)];
      return { rows: drop(copyOf(guilty[0]!, part(draw, size)), draw), guilty };
    });

  /** Values as they are, made-up rows alone: how often any of them is in a hundredth, and how often that names the buyer. */
  const madeUp = () => {
    const donors = rows.filter((_, at) => at % 100 === 3);
    const copies = keys.map(({ copy, key }) => ({
      copy,
      synthetic: makeSynthetic(layout.columns, donors, { key, count: madeUpRows })!,
    }));
    const sum = { trials: harderTrials, anySurvives: 0, rightNamed: 0, wrongNamed: 0 };
    for (let trial = 0; trial < harderTrials; trial++) {
      const draw = chance(trial * 104_729 + 5);
      const { copy: guilty, synthetic } = copies[draw(copies.length)]!;
      const own = new Set<Row>(synthetic.rows);
      const taken = shuffledPart<Row>([...rows, ...synthetic.rows], rows.length / 100, draw);
      if (taken.some((row) => own.has(row))) sum.anySurvives += 1;
      const leaked = drop(taken, draw);
      const file = findSynthetic(Object.keys(leaked[0]!));
      file.add(leaked);
      const scores = copies.map((one) => {
        const { asked, found, logChance } = file.score(one.synthetic);
        return { copy: one.copy, tested: asked, matched: found, logChance };
      });
      const named = judge(scores).filter((one) => one.named);
      if (named.some(({ copy }) => copy === guilty)) sum.rightNamed += 1;
      sum.wrongNamed += named.filter(({ copy }) => copy !== guilty).length;
    }
    return { rowsMadeUp: madeUpRows, ...sum };
  };

  const leaked = count(trials, (draw) => {
    const guilty = [buyerOf(draw)];
    return { rows: drop(copyOf(guilty[0]!, part(draw)), draw), guilty };
  });
  const original = count(trials, (draw) => ({ rows: drop(part(draw), draw), guilty: [] }));
  const unknownBuyer = count(trials, (draw) => ({
    rows: drop(copyOf(`stranger-${draw(1_000_000)}`, part(draw)), draw),
    guilty: [],
  }));
  return {
    table: name,
    rows: rows.length,
    columns: layout.columns.length,
    alterable: layout.alterable.map(({ column, maxChange }) => `${column} ±${maxChange}`),
    leakedHundredth: leaked,
    innocentOriginal: original,
    innocentUnknownBuyer: unknownBuyer,
    madeUpRowsAlone: madeUp(),
    harder: {
      rows20: ofRows(20),
      rows50: ofRows(50),
      rows100: ofRows(100),
      mixedBy2: mixedBy(2),
      mixedBy3: mixedBy(3),
      mixedBy5: mixedBy(5),
      everyNumberRoundedToTens: count(harderTrials, (draw) => {
        const guilty = [buyerOf(draw)];
        const rounded = copyOf(guilty[0]!, part(draw)).map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([column, value]) => [
              column,
              value && /^-?[\d.]+$/.test(value) ? String(Math.round(Number(value) / 10) * 10) : value,
            ]),
          ),
        );
        return { rows: drop(rounded, draw), guilty };
      }),
    },
    holds:
      leaked.rightNamed >= 0.99 * trials && leaked.wrongNamed + original.wrongNamed + unknownBuyer.wrongNamed === 0,
  };
};

export const run = async (): Promise<object> => {
  const tables = [syntheticTrips(), await realFlights()].map(bench);
  return {
    bench: 'trace',
    buyers: buyersCount,
    droppedColumns: droppedCount,
    falseAccusationAFileMax: chanceMax,
    tables,
    holds: tables.every(({ holds }) => holds),
  };
};
