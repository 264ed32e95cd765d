/** Usage goes to the webhooks of those whose uses it is. */
import type { Rooms } from '../build.ts';
import type { Notify } from '../kernel/notify/index.ts';
import type { RoomParts } from '../kernel/parts.ts';

export const feedsFlow = ({ metering }: Rooms, notify: Notify): RoomParts => ({
  ticks: [{ name: 'flow.feeds', everySeconds: 5, due: metering.feedsDue, run: () => metering.pushFeeds(notify.push) }],
});
