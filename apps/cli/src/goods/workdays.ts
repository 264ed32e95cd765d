/** Working days of China, make-up days included, from the npm package chinese-days (MIT) as this program carries it. */
import { createRequire } from 'node:module';

interface ChineseDays {
  isWorkday(day: string): boolean;
  isHoliday(day: string): boolean;
  isInLieu(day: string): boolean;
  getDayDetail(day: string): { date: string; work: boolean; name: string };
}

const load = (): ChineseDays => {
  const found = createRequire(import.meta.url)('chinese-days') as ChineseDays & { default?: ChineseDays };
  return found.default ?? found;
};

export const workdaysFile = (from: number, until: number): { name: string; bytes: Buffer; rows: number } => {
  const days = load();
  const lines: string[] = [];
  for (let at = Date.UTC(from, 0, 1); at < Date.UTC(until + 1, 0, 1); at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    lines.push(
      [day, days.isWorkday(day) ? 1 : 0, days.isInLieu(day) ? 1 : 0, days.getDayDetail(day).name.split(',')[0]].join(
        ',',
      ),
    );
  }
  return {
    name: '中国工作日历.csv',
    bytes: Buffer.from(`day,working,moved,name\n${lines.join('\n')}\n`, 'utf8'),
    rows: lines.length,
  };
};
