/** What a computation contract can be started from: data sets, columns with their rules, and the question. Whoever drafts one names owners and data. */
import type { CallInput } from './client.ts';
import type { draftComputation } from './compute.ts';

type Room = Extract<CallInput<typeof draftComputation>['body'], { mode: 'cleanRoom' }>;
type SetOf = Pick<Room['dataSets'][number], 'table' | 'entity' | 'columns'>;

export interface RoomStart {
  dataSets: readonly [SetOf, SetOf];
  query: { sql: string; parameters: { name: string; title: string; values: string[] }[] };
}

/**
 * 超限货车核查: an insurer's policies, one a line, and the transport department's trucks with their overloaded trips. The insurer learns, by
 * class of truck, how many trucks of those whom it insures in a district were overloaded, and nothing of any one of them.
 */
export const overloadedTrucks: RoomStart = {
  dataSets: [
    {
      table: 'policies',
      entity: 'owner',
      columns: [
        { name: 'owner', type: 'string', rule: 'join' },
        { name: 'district', type: 'string', rule: 'open' },
      ],
    },
    {
      table: 'trucks',
      entity: 'owner',
      columns: [
        { name: 'owner', type: 'string', rule: 'join' },
        { name: 'truck_class', type: 'string', rule: 'open' },
        { name: 'overload_flag', type: 'integer', rule: 'open' },
        { name: 'overloaded_trips', type: 'integer', rule: 'aggregate' },
      ],
    },
  ],
  query: {
    sql: `select t.truck_class, count(*) as trucks, sum(t.overloaded_trips) as overloaded_trips
from policies p join trucks t on p.owner = t.owner
where t.overload_flag = 1 and p.district = $district group by t.truck_class`,
    parameters: [{ name: 'district', title: '投保地区', values: [] }],
  },
};
