import { open } from 'node:fs/promises';

/** A CSV file of so many lines; gives its path. */
export const writeTable = async (
  path: string,
  header: string,
  rows: number,
  line: (n: number) => string,
): Promise<string> => {
  const file = await open(path, 'w');
  await file.write(`${header}\n`);
  for (let at = 0; at < rows; at += 100_000) {
    const lines: string[] = [];
    for (let n = at; n < Math.min(rows, at + 100_000); n++) lines.push(`${line(n)}\n`);
    await file.write(lines.join(''));
  }
  await file.close();
  return path;
};
