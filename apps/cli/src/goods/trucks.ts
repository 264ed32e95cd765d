/** 货车宝: overload records of trucks. Synthetic, from a seed, and labelled so: no real plate, trip or owner. */
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ';

const random = (seed: number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** Plates use the district letter Z with digits, a series that is not issued. */
export const trucksFile = (
  rows: number,
  seed = 20260701,
): { name: string; bytes: Buffer; rows: number; plates: string[] } => {
  const next = random(seed);
  const lines: string[] = [];
  const plates: string[] = [];
  for (let i = 0; i < rows; i++) {
    const plate = `湘Z${String(10_000 + i).padStart(5, '0')}`;
    const trips = Math.floor(next() * 400) + 1;
    const overloaded = Math.min(trips, Math.floor(trips * next() ** 3));
    const score = Math.max(0, Math.round(100 - (overloaded / trips) * 160));
    const axle = `${Math.floor(next() * 5) + 2}`;
    const district = `4301${String(Math.floor(next() * 9) + 2).padStart(2, '0')}`;
    plates.push(plate);
    lines.push(
      [
        plate,
        `${letters[Math.floor(next() * letters.length)]}${axle}`,
        district,
        trips,
        overloaded,
        overloaded / trips > 0.1 ? 1 : 0,
        score,
      ].join(','),
    );
  }
  const text = `plate,truck_class,district_code,trips,overloaded_trips,overload_flag,score\n${lines.join('\n')}\n`;
  return { name: '货车超限记录（合成样例）.csv', bytes: Buffer.from(text, 'utf8'), rows, plates };
};
