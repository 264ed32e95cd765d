/** What spans rooms: a flow may open every door and owns no table. */
import type { Rooms } from '../build.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Notify } from '../kernel/notify/index.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { attentionFlow } from './attention.ts';
import { computationFlow } from './computation.ts';
import { crossingFlow } from './crossing.ts';
import { dataspaceFlow } from './dataspace.ts';
import { feedsFlow } from './feeds.ts';
import { groundFlow } from './ground.ts';
import { holdersFlow } from './holders.ts';
import { levelsFlow } from './levels.ts';
import { listingFlow } from './listing.ts';
import { membershipFlow } from './membership.ts';
import { negotiationFlow } from './negotiation.ts';
import { noticeFlow } from './notice.ts';
import { purchaseFlow } from './purchase.ts';
import { servingFlow } from './serving.ts';
import { spacesFlow } from './spaces.ts';
import { supervisionFlow } from './supervision.ts';
import { transferFlow } from './transfer.ts';
import { trialFlow } from './trial.ts';

export const flowsOf = (kernel: Kernel, rooms: Rooms, cases: Cases, notify: Notify): RoomParts[] => [
  listingFlow(rooms),
  dataspaceFlow(rooms),
  spacesFlow(rooms, cases),
  membershipFlow(rooms),
  negotiationFlow(rooms),
  attentionFlow(rooms, cases),
  crossingFlow(rooms),
  transferFlow(rooms),
  servingFlow(rooms),
  groundFlow(rooms, cases),
  trialFlow(rooms),
  purchaseFlow(kernel, { rooms, cases }),
  computationFlow(rooms, cases),
  levelsFlow(rooms),
  holdersFlow(rooms, cases),
  supervisionFlow(rooms),
  noticeFlow(rooms, cases, notify),
  feedsFlow(rooms, notify),
];
