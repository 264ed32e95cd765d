/** Who is a member holds the exchange's word for it, and loses it with the membership. */
import type { Rooms } from '../build.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { memberEvents } from '../members/index.ts';

export const membershipFlow = (rooms: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.membership',
      types: [memberEvents.activated, memberEvents.suspended, memberEvents.restored],
      // By what stands now, so that the order of events does not matter.
      handle: async (tx, { subject, data }) => {
        const found = await rooms.members.organisation(tx, subject);
        if (!found) return;
        if (found.status === 'active') await rooms.federation.admit(tx, subject);
        else await rooms.federation.dismiss(tx, subject, String(data.reason ?? found.status));
      },
    },
  ],
});
