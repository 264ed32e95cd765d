/** A notice in an organisation's inbox is told to its people and systems as well: those whose step it asks for. */
import type { Rooms } from '../build.ts';
import { type Cases, findNotice, type Notice, sidesOf } from '../kernel/case/index.ts';
import type { Reader } from '../kernel/db/db.ts';
import { systemPrincipal } from '../kernel/http/principal.ts';
import type { Notify } from '../kernel/notify/index.ts';
import type { RoomParts } from '../kernel/parts.ts';

/** Where a procedure asks no permission of a side: who answers for a member, or for the operator. */
const otherwise = ['administrator', 'service'];
/** A notice about a statement asks for money: it goes to those who pay and settle. */
const money = ['settlement.bill.confirm', 'settlement.desk.propose'];

/** Seats that can take a step of the case on the side on which the organisation stands. */
const seatsOf = async (read: Reader, { members }: Rooms, cases: Cases, notice: Notice): Promise<string[]> => {
  if (!notice.case && notice.subject.startsWith('cpc_'))
    return members.seatsWith(['compute.contract.sign', 'compute.use.run', 'compute.output.answer']);
  if (!notice.case && /^(neg|tra)_/.test(notice.subject)) return members.seatsWith(['federation.write']);
  if (!notice.case) return /^(stm|crd)_/.test(notice.subject) ? members.seatsWith(money) : otherwise;
  const one = await cases.find(read, systemPrincipal('notice'), notice.case);
  const table = cases.tableOf(one);
  const sides = sidesOf(one, notice.participant);
  const asked = table.moves.filter((move) => move.by.some((who) => sides.has(who))).map((move) => move.permission);
  if (sides.has('applicant')) asked.push(table.filePermission);
  const seats = members.seatsWith(asked.filter((permission) => permission !== undefined));
  return seats.length ? seats : otherwise;
};

export const noticeFlow = (rooms: Rooms, cases: Cases, notify: Notify): RoomParts => ({
  consumers: [
    {
      name: 'flow.notice',
      types: ['cases.notice.delivered'],
      handle: async (tx, event) => {
        const notice = await findNotice(tx, event.subject);
        // From before there was mail: nobody wants last year's notices on the day of an upgrade.
        if (!notice || notice.title === null) return;
        const seats = await seatsOf(tx, rooms, cases, notice);
        await notify.dispatch(tx, notice, await rooms.members.peopleOnSeats(tx, notice.participant, seats));
      },
    },
  ],
});
