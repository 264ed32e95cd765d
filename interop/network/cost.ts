/** What a node costs at rest: its process, its database and its bank simulator, by /proc. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const ticksPerSecond = 100;

interface Proc {
  pid: number;
  parent: number;
  ticks: number;
}

const processes = async (): Promise<Proc[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.flatMap((text, place) => {
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return text
      ? [{ pid: Number(pids[place]), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }]
      : [];
  });
};

/** A process and all below it. */
const treeOf = (all: readonly Proc[], pid: number): Proc[] => {
  const own = all.filter((one) => one.pid === pid);
  return [...own, ...all.filter((one) => one.parent === pid).flatMap((one) => treeOf(all, one.pid))];
};

/** Proportional: what several processes share counts once among them. */
const megabytesOf = async (pid: number): Promise<number> =>
  Number(/^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => ''))?.[1] ?? 0) / 1024;

export interface Cost {
  /** Of one core. */
  cpuPercent: number;
  megabytes: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

/** Each process over the same seconds, in the order given. */
export const costsAtRest = async (pids: readonly number[], seconds: number): Promise<Cost[]> => {
  const before = await processes();
  await sleep(seconds * 1000);
  const after = await processes();
  return Promise.all(
    pids.map(async (pid) => {
      const tree = treeOf(after, pid);
      const was = (one: Proc) => before.find((earlier) => earlier.pid === one.pid)?.ticks ?? 0;
      const ticks = sum(tree.map((one) => one.ticks - was(one)));
      return {
        cpuPercent: (ticks / ticksPerSecond / seconds) * 100,
        megabytes: sum(await Promise.all(tree.map((one) => megabytesOf(one.pid)))),
      };
    }),
  );
};
