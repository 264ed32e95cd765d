/** All texts, Chinese beside English so that neither drifts from the other; one file per part of the portal. */
import { audit } from './words/audit.ts';
import { compute } from './words/compute.ts';
import { dataspace } from './words/dataspace.ts';
import { desk } from './words/desk.ts';
import { frame } from './words/frame.ts';
import { harvest } from './words/harvest.ts';
import { house } from './words/house.ts';
import { imports } from './words/import.ts';
import { lists } from './words/lists.ts';
import { money } from './words/money.ts';
import { nodes } from './words/nodes.ts';
import { nodesTrade } from './words/nodes-trade.ts';
import { open } from './words/open.ts';
import { paper } from './words/paper.ts';
import { processes } from './words/process.ts';
import { push } from './words/push.ts';
import { query } from './words/query.ts';
import { rules } from './words/rules.ts';
import { service } from './words/service.ts';
import { spaces } from './words/spaces.ts';
import { supply } from './words/supply.ts';
import { trade } from './words/trade.ts';
import { watch } from './words/watch.ts';

export const words = {
  ...frame,
  ...lists,
  ...compute,
  ...open,
  ...desk,
  ...harvest,
  ...imports,
  ...push,
  ...query,
  ...service,
  ...supply,
  ...trade,
  ...money,
  ...paper,
  ...house,
  ...nodes,
  ...nodesTrade,
  ...dataspace,
  ...spaces,
  ...processes,
  ...rules,
  ...watch,
  ...audit,
} as const;
export type Key = keyof typeof words;
