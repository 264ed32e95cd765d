/** SQL of what the gateway carries for control planes outside. */
import { type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import type { ControlPlane, FlowNotice, ServedFlow } from './model.ts';

const planeColumns = sql`participant, id, contracts, endpoint, access, sealed_secret, before_until, renewed_at,
  registered_at, changed_at`;
const flowColumns = sql`id, participant, control_plane, process, counterparty, contract, dataset, profile, state, version, data_address,
  sealed_answer, messages, taken, fault, refresh_digest, access_digest, before_digest, before_access_digest, renewed_at, created_at`;
const noticeColumns = sql`id, flow, participant, notice, sealed_body, attempts, due_at`;
const jsonOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value);
const running = sql`state in ('STARTING', 'STARTED', 'SUSPENDED')`;

export const controlPlanesOf = (read: Reader, participant: string): Promise<ControlPlane[]> =>
  read.rows(sql`select ${planeColumns} from federation_control_planes where participant = ${participant} and removed_at is null
    order by id`);

export const findControlPlane = (read: Reader, participant: string, id: string): Promise<ControlPlane | undefined> =>
  read.first(sql`select ${planeColumns} from federation_control_planes where participant = ${participant} and id = ${id}
    and removed_at is null`);

export const controlPlaneByDigest = (
  read: Reader,
  participant: string,
  { digest, now }: { digest: string; now: Date },
): Promise<ControlPlane | undefined> =>
  read.first(sql`select ${planeColumns} from federation_control_planes where participant = ${participant} and removed_at is null
    and (token_digest = ${digest} or (before_digest = ${digest} and before_until > ${now}))`);

/** Its starts come one after another: of one transfer there is one flow. */
export const lockControlPlane = (tx: Tx, participant: string, id: string): Promise<ControlPlane | undefined> =>
  tx.first(sql`select ${planeColumns} from federation_control_planes where participant = ${participant} and id = ${id}
    and removed_at is null for update`);

/** `digest` holds of a new one, and of one that was removed before. */
export const saveControlPlane = (
  tx: Tx,
  one: Omit<ControlPlane, 'before_until' | 'renewed_at' | 'registered_at' | 'changed_at'>,
  digest: string,
): Promise<number> =>
  tx.exec(sql`insert into federation_control_planes as c (node, market, participant, id, token_digest, contracts, endpoint, access,
      sealed_secret, registered_at, changed_at)
    values (${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.id}, ${digest}, ${one.contracts}, ${one.endpoint},
      ${jsonOf(one.access)}, ${one.sealed_secret}, ${tx.now}, ${tx.now})
    on conflict (participant, id) do update set contracts = excluded.contracts, endpoint = excluded.endpoint, access = excluded.access,
      sealed_secret = excluded.sealed_secret, changed_at = excluded.changed_at,
      token_digest = case when c.removed_at is null then c.token_digest else excluded.token_digest end,
      registered_at = case when c.removed_at is null then c.registered_at else excluded.registered_at end, removed_at = null`);

/** The token that it had holds until then, and no other of before. */
export const renewToken = (
  tx: Tx,
  { participant, id }: Pick<ControlPlane, 'participant' | 'id'>,
  { digest, until }: { digest: string; until: Date },
): Promise<number> =>
  tx.exec(sql`update federation_control_planes set before_digest = token_digest, before_until = ${until}, token_digest = ${digest},
    renewed_at = ${tx.now} where participant = ${participant} and id = ${id} and removed_at is null`);

/** Where it hears of what happens: its own to say. */
export const setCallback = (
  tx: Tx,
  { participant, id }: ControlPlane,
  to: Pick<ControlPlane, 'endpoint' | 'access' | 'sealed_secret'>,
): Promise<number> =>
  tx.exec(sql`update federation_control_planes set endpoint = ${to.endpoint}, access = ${jsonOf(to.access)},
    sealed_secret = ${to.sealed_secret}, changed_at = ${tx.now} where participant = ${participant} and id = ${id}`);

export const removeControlPlane = (tx: Tx, participant: string, id: string): Promise<number> =>
  tx.exec(sql`update federation_control_planes set removed_at = ${tx.now}, endpoint = null, access = null, sealed_secret = null,
      before_digest = null, before_until = null, renewed_at = null
    where participant = ${participant} and id = ${id} and removed_at is null`);

export const runningByPlane = async (read: Reader, participant: string): Promise<Map<string, number>> =>
  new Map(
    (
      await read.rows<{ plane: string; count: number }>(
        sql`select control_plane as plane, count(*)::int as count from federation_served_flows
          where participant = ${participant} and ${running} group by control_plane`,
      )
    ).map(({ plane, count }) => [plane, count]),
  );

export const runningOf = (read: Reader, participant: string, controlPlane: string): Promise<{ id: string }[]> =>
  read.rows(sql`select id from federation_served_flows where participant = ${participant} and control_plane = ${controlPlane}
    and ${running} order by id`);

export const runningUnder = (read: Reader, contract: string): Promise<Pick<ServedFlow, 'id' | 'state'>[]> =>
  read.rows(sql`select id, state from federation_served_flows where contract = ${contract} and ${running} order by id`);

export const findFlow = (read: Reader, id: string): Promise<ServedFlow | undefined> =>
  read.first(sql`select ${flowColumns} from federation_served_flows where id = ${id}`);

export const lockFlow = (tx: Tx, id: string): Promise<ServedFlow | undefined> =>
  tx.first(sql`select ${flowColumns} from federation_served_flows where id = ${id} for update`);

export const flowOfProcess = (
  read: Reader,
  { participant, id }: Pick<ControlPlane, 'participant' | 'id'>,
  process: string,
): Promise<ServedFlow | undefined> =>
  read.first(sql`select ${flowColumns} from federation_served_flows where participant = ${participant}
    and control_plane = ${id} and process = ${process}`);

export const flowByRefresh = (read: Reader, participant: string, digest: string): Promise<ServedFlow | undefined> =>
  read.first(sql`select ${flowColumns} from federation_served_flows where participant = ${participant}
    and (refresh_digest = ${digest} or before_digest = ${digest})`);

export const insertFlow = (tx: Tx, one: ServedFlow): Promise<number> =>
  tx.exec(sql`insert into federation_served_flows (id, node, market, participant, control_plane, process, counterparty, contract, dataset,
      profile, state, data_address, messages, created_at, changed_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.control_plane}, ${one.process},
      ${one.counterparty}, ${one.contract}, ${one.dataset}, ${one.profile}, ${one.state}, ${jsonOf(one.data_address)}, ${one.messages},
      ${tx.now}, ${tx.now})`);

/** What has changed of one that is locked. */
export const saveFlow = (tx: Tx, one: ServedFlow): Promise<number> =>
  tx.exec(sql`update federation_served_flows set state = ${one.state}, version = ${one.version}, data_address = ${jsonOf(one.data_address)},
      sealed_answer = ${one.sealed_answer}, messages = ${one.messages}, taken = ${one.taken}, fault = ${one.fault},
      refresh_digest = ${one.refresh_digest}, access_digest = ${one.access_digest}, before_digest = ${one.before_digest},
      before_access_digest = ${one.before_access_digest}, renewed_at = ${one.renewed_at}, changed_at = ${tx.now}
    where id = ${one.id}`);

export const insertNotice = (
  tx: Tx,
  one: Pick<FlowNotice, 'id' | 'flow' | 'participant' | 'notice' | 'sealed_body'>,
): Promise<number> =>
  tx.exec(sql`insert into federation_flow_notices (id, node, market, participant, flow, notice, sealed_body, state, due_at, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.flow}, ${one.notice}, ${one.sealed_body},
      'waiting', ${tx.now}, ${tx.now})`);

const due = (at: Moment): Sql => sql`from federation_flow_notices n where state = 'waiting' and due_at <= ${at}`;
export const noticesDue = (at: Moment): Sql => sql`exists (select ${due(at)})`;

/** Of each flow the first that waits, and none before its turn. */
export const dueNotices = async (read: Reader, now: Date, max: number): Promise<string[]> =>
  (
    await read.rows<{
      id: string;
    }>(sql`select id ${due(now)} and not exists (select 1 from federation_flow_notices before
      where before.flow = n.flow and before.state = 'waiting' and before.sequence < n.sequence) order by due_at limit ${max}`)
  ).map(({ id }) => id);

/** One try more: until `dueAt` nobody else takes it. */
export const claimNotice = (tx: Tx, id: string, dueAt: Date): Promise<FlowNotice | undefined> =>
  tx.first(sql`update federation_flow_notices set attempts = attempts + 1, due_at = ${dueAt}
    where id = ${id} and state = 'waiting' and due_at <= ${tx.now} returning ${noticeColumns}`);

export const endNotice = (
  tx: Tx,
  id: string,
  state: 'sent' | 'dropped',
  fault: string | null = null,
): Promise<number> =>
  tx.exec(sql`update federation_flow_notices set state = ${state}, due_at = null, done_at = ${tx.now}, fault = ${fault},
    sealed_body = null where id = ${id} and state = 'waiting'`);

export const delayNotice = (tx: Tx, id: string, dueAt: Date, fault: string): Promise<number> =>
  tx.exec(
    sql`update federation_flow_notices set due_at = ${dueAt}, fault = ${fault} where id = ${id} and state = 'waiting'`,
  );

/** Nobody is there any more to be told. */
export const dropNotices = (tx: Tx, participant: string, controlPlane: string): Promise<number> =>
  tx.exec(sql`update federation_flow_notices set state = 'dropped', due_at = null, done_at = ${tx.now}, sealed_body = null
    where state = 'waiting' and flow in (select id from federation_served_flows
      where participant = ${participant} and control_plane = ${controlPlane})`);

/** Tries of a process that died; only where no other server sends. */
export const forgetNoticeTries = (tx: Tx): Promise<number> =>
  tx.exec(
    sql`update federation_flow_notices set due_at = ${tx.now} where state = 'waiting' and attempts > 0 and due_at > ${tx.now}`,
  );
