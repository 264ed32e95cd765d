/** What a computation contract can be started from: data sets, columns with their rules, and the question. Whoever drafts one names owners and data. */
import type { CallInput } from './client.ts';
import type { draftComputation } from './compute.ts';

type Room = Extract<CallInput<typeof draftComputation>['body'], { mode: 'cleanRoom' }>;
type SetOf = Pick<Room['dataSets'][number], 'table' | 'entity' | 'columns'>;

type Column = SetOf['columns'][number];

export interface RoomStart {
  dataSets: readonly [SetOf, SetOf];
  query: { sql: string; parameters: { name: string; title: string; values: string[] }[] };
  /** With noise: what a use takes of the budgets, and the column whose groups are named. */
  noise?: { rho: string; group: string };
}

/**
 * 超限货车核查: an insurer's policies, one a line, and the transport department's trucks with their overloaded trips. The insurer learns, by
 * class of truck, how many trucks of those whom it insures in a district were overloaded, and nothing of any one of them. A truck counts once; its trips count
 * for each policy that its owner has there, as no sum of the gate's is over distinct rows.
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
        { name: 'plate', type: 'string', rule: 'aggregate' },
        { name: 'truck_class', type: 'string', rule: 'open' },
        { name: 'overload_flag', type: 'integer', rule: 'open' },
        { name: 'overloaded_trips', type: 'integer', rule: 'aggregate' },
      ],
    },
  ],
  query: {
    sql: `select t.truck_class, count(distinct t.plate) as trucks, sum(t.overloaded_trips) as overloaded_trips
from policies p join trucks t on p.owner = t.owner
where t.overload_flag = 1 and p.district = $district group by t.truck_class`,
    parameters: [{ name: 'district', title: '投保地区', values: [] }],
  },
};

const column = (name: string, type: Column['type'], rule: Column['rule']): Column => ({ name, type, rule });
const customers = (mine: Column[], theirs: Column[]): RoomStart['dataSets'] => [
  { table: 'ours', entity: 'customer', columns: [column('customer', 'string', 'join'), ...mine] },
  { table: 'theirs', entity: 'customer', columns: [column('customer', 'string', 'join'), ...theirs] },
];
const joined = 'from ours o join theirs t on o.customer = t.customer';

/** Names of tables and columns are examples to be replaced by those of the data; the gate lets each query pass as it stands, which a test holds. */
export const roomStarts = {
  creditCheck: {
    dataSets: [
      {
        table: 'loans',
        entity: 'person',
        columns: [column('person', 'string', 'join'), column('city', 'string', 'open')],
      },
      {
        table: 'arrears',
        entity: 'taxpayer',
        columns: [
          column('taxpayer', 'string', 'join'),
          column('kind', 'string', 'open'),
          column('owed', 'integer', 'aggregate'),
        ],
      },
    ],
    query: {
      sql: `select t.kind, count(*) as n, sum(t.owed) as owed
from loans l join arrears t on l.person = t.taxpayer
where l.city = $city group by t.kind`,
      parameters: [{ name: 'city', title: '城市', values: [] }],
    },
  },
  overlap: { dataSets: customers([], []), query: { sql: `select count(*) as common\n${joined}`, parameters: [] } },
  spending: {
    dataSets: customers([], [column('spending', 'integer', 'aggregate')]),
    query: { sql: `select count(*) as common, sum(t.spending) as spending\n${joined}`, parameters: [] },
  },
  regions: {
    dataSets: customers([column('region', 'string', 'open')], []),
    query: { sql: `select o.region, count(*) as n\n${joined} group by o.region`, parameters: [] },
    noise: { rho: '0.05', group: 'ours.region' },
  },
  overloadedTrucks,
} satisfies Record<string, RoomStart>;
