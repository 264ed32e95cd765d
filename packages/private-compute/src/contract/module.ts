/** A contract whose algorithm is a program of somebody else's: a WebAssembly module, named by its digest. */
import { ruleFor } from './disclosure.ts';
import type { CleanRoom } from './terms.ts';

export const moduleTrust = {
  zh: '前提：各方信任本节点。外来程序（WebAssembly 模块）在本节点的沙箱中读取约定字段的明文，没有网络、文件和时钟；它可以把读到的任何内容写进输出，因此输出须按约定由各数据持有单位的人员看过并批准，才交给接收单位。是否失败、用时多久、输出几行，各方都看得到，也会透露少量信息。节点运营方在技术上能够看到数据。数据是否真实，不受约束。',
  en: 'Holds if all parties trust this node. A foreign program (a WebAssembly module) reads the agreed columns in plain in a sandbox of this node, without network, files or clock. It can write whatever it reads into its output, which is why, where so agreed, a person of every owner looks at the output and approves it before recipients get it. All parties see whether it failed, how long it took and how many rows came of it, which tells a little too. The node’s operator could technically see the data. Nothing forces anybody to bring true data.',
} as const;

/** What a module is allowed, and what becomes of its output. */
export interface ModuleTerms {
  name: string;
  bytes: number;
  memoryMB: number;
  seconds: number;
  outputBytes: number;
  /** `ask`: a person of every owner approves an output by its digest before recipients get it. `direct`: recipients get it at once. */
  release: 'ask' | 'direct';
}

/** Whether a person of every owner looks at what came of a use, and approves it, before its recipients get it. */
export const asksFirst = ({ module, release }: Pick<CleanRoom, 'module' | 'release'>): boolean =>
  (module ? module.release : release.how) === 'ask';

/**
 * What is wrong with a module's contract in itself; undefined when nothing is. What a module does with
 * a column cannot be seen, so a rule between open and hidden could not be kept, nor could noise.
 */
export const moduleFault = ({
  dataSets,
  recipients,
  release,
  noise,
  output,
}: Pick<CleanRoom, 'dataSets' | 'recipients' | 'release' | 'output'> & { noise?: unknown }) => {
  if (release.how) return { path: 'release.how', fault: 'moduleInstead' } as const;
  if (release.rho !== null || noise) return { path: 'release.rho', fault: 'noiseUnenforceable' } as const;
  if (new Set(output.map(({ name }) => name)).size !== output.length)
    return { path: 'module.output', fault: 'nameTwice' } as const;
  for (const [at, { columns }] of dataSets.entries()) {
    const wrong = columns.findIndex(({ rule, except = [] }) =>
      [rule, ...except.map((one) => one.rule)].some((one) => one === 'join' || one === 'aggregate'),
    );
    if (wrong >= 0) return { path: `dataSets.${at}.columns.${wrong}.rule`, fault: 'ruleUnenforceable' } as const;
    if (!columns.some((column) => ruleFor(column, recipients) === 'open'))
      return { path: `dataSets.${at}.columns`, fault: 'nothingOpen' } as const;
  }
  return undefined;
};
