import type { Dataset, Side } from '@shugu/dataspace';
import { empty, type Moment, type Reader, type Sql, sql } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type { Attested } from './identity/identity.ts';
import type { Act, Agreement, Connector, Kind, Message, Process, State } from './model.ts';

export const processColumns = sql`id, participant, kind, side, counterparty, their_pid, address, state, suspended_by, version, taken,
  subject, offer, own_offer, own_last, price, tiers, agreement, format, data_address, held, traded, reference, clearance, title, created_at,
  changed_at`;
export const messageColumns = sql`id, process, participant, direction, act, digest, body, state, attempts, due_at, fault, created_at,
  done_at`;
const connectorColumns = sql`participant, name, rules, opened_at, closed_at`;

export const findConnector = (read: Reader, participant: string): Promise<Connector | undefined> =>
  read.first<Connector>(sql`select ${connectorColumns} from federation_connectors where participant = ${participant}`);

/** Open ones only: a closed connector is nowhere. */
export const connectorOf = async (read: Reader, participant: string): Promise<Connector | undefined> => {
  const found = await findConnector(read, participant);
  return found?.closed_at ? undefined : found;
};

export const openConnectors = async (read: Reader, participants: readonly string[]): Promise<string[]> =>
  (
    await read.rows<{ participant: string }>(sql`select participant from federation_connectors
      where participant = any(${[...participants]}) and closed_at is null`)
  ).map(({ participant }) => participant);

export const findProcess = (read: Reader, participant: string, id: string): Promise<Process | undefined> =>
  read.first<Process>(
    sql`select ${processColumns} from federation_processes where id = ${id} and participant = ${participant}`,
  );

/** Whosesoever it is: for flows. */
export const findProcessOf = (read: Reader, id: string): Promise<Process | undefined> =>
  read.first<Process>(sql`select ${processColumns} from federation_processes where id = ${id}`);

/** `own`: whom the name would be as a DID of this node. */
export const connectorNamed = async (
  read: Reader,
  name: string,
  own: string | undefined,
): Promise<string | undefined> =>
  (
    await read.first<{ participant: string }>(
      sql`select participant from federation_connectors where name = ${name} or participant = ${own ?? null}`,
    )
  )?.participant;

/** Processes with a counter-party that wait for a next step of either side. */
export const waitingWith = async (read: Reader, participant: string, counterparty: string): Promise<number> =>
  (
    await read.one<{ count: number }>(sql`select count(*)::int as count from federation_processes
      where participant = ${participant} and counterparty = ${counterparty}
        and state in ('REQUESTED', 'OFFERED', 'ACCEPTED', 'AGREED', 'VERIFIED')`)
  ).count;

export interface TheirProcess {
  participant: string;
  kind: Kind;
  side: Side;
  counterparty: string;
  their_pid: string;
}
export const processOfTheirs = (read: Reader, one: TheirProcess): Promise<Process | undefined> =>
  read.first<Process>(sql`select ${processColumns} from federation_processes where participant = ${one.participant}
    and kind = ${one.kind} and side = ${one.side} and counterparty = ${one.counterparty} and their_pid = ${one.their_pid}`);

export const listProcesses = async (
  read: Reader,
  participant: string,
  query: PageQuery & { kind?: Kind; side?: Side; state?: State; order?: string; held?: 'true' },
) => {
  const after = decodeCursor(query.after, 2);
  const rows =
    await read.rows<Process>(sql`select ${processColumns} from federation_processes where participant = ${participant}
    ${query.kind ? sql`and kind = ${query.kind}` : empty} ${query.side ? sql`and side = ${query.side}` : empty}
    ${query.state ? sql`and state = ${query.state}` : empty}
    ${query.order ? sql`and reference = ${query.order}` : empty} ${query.held ? sql`and held is not null` : empty}
    ${after ? sql`and (created_at, id) < (${new Date(Number(after[0]))}, ${String(after[1])})` : empty}
    order by created_at desc, id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    ({ created_at, id }) => [created_at.getTime(), id],
    (row) => row,
  );
};

export interface About {
  dataset: string | null;
  title: string | null;
}

/** What processes are about: a transfer by its agreement, a data set by its title here or as its provider told it. By their ids. */
export const aboutOf = async (read: Reader, ids: readonly string[]): Promise<Map<string, About>> => {
  const rows = await read.rows<
    About & { id: string }
  >(sql`select p.id, p.dataset, coalesce(d.body ->> 'title', p.title) as title
    from (select p.id, p.participant, p.side, coalesce(p.title, n.title) as title, case when p.kind = 'negotiation' then p.subject else a.dataset end as dataset
      from federation_processes p left join federation_agreements a on a.participant = p.participant and a.id = p.subject
      left join federation_processes n on n.id = a.negotiation
      where p.id = any(${[...ids]})) p
    left join federation_datasets d on p.side = 'provider' and d.participant = p.participant and d.id = p.dataset`);
  return new Map(rows.map(({ id, ...about }) => [id, about]));
};

export type Standing = Pick<Process, 'id' | 'state' | 'created_at' | 'changed_at'>;
const standingColumns = sql`p.id, p.state, p.created_at, p.changed_at`;

/** From which the agreement of a transfer came. */
export const negotiationOf = (read: Reader, { participant, subject }: Process): Promise<Standing | undefined> =>
  read.first<Standing>(sql`select ${standingColumns} from federation_agreements a
    join federation_processes p on p.id = a.negotiation where a.participant = ${participant} and a.id = ${subject}`);

/** By the agreement of a negotiation, the newest first. */
export const transfersBy = (read: Reader, participant: string, agreement: string, max: number): Promise<Standing[]> =>
  read.rows<Standing>(sql`select ${standingColumns} from federation_processes p where p.kind = 'transfer'
    and p.participant = ${participant} and p.subject = ${agreement} order by p.created_at desc, p.id desc limit ${max}`);

export const findMessage = (read: Reader, process: string, id: string): Promise<Message | undefined> =>
  read.first<Message>(sql`select ${messageColumns} from federation_messages where process = ${process} and id = ${id}`);

export const messagesOf = (read: Reader, process: string): Promise<Message[]> =>
  read.rows<Message>(
    sql`select ${messageColumns} from federation_messages where process = ${process} order by sequence limit 500`,
  );

export const waitingOf = (read: Reader, process: string): Promise<Message | undefined> =>
  read.first<Message>(
    sql`select ${messageColumns} from federation_messages where process = ${process} and state = 'waiting'`,
  );

/** Our messages that went out, by act. */
export const sentOf = async (read: Reader, process: string): Promise<Partial<Record<Act, number>>> =>
  Object.fromEntries(
    (
      await read.rows<{ act: Act; count: number }>(sql`select act, count(*)::int as count from federation_messages
        where process = ${process} and direction = 'out' and state <> 'dropped' group by act`)
    ).map(({ act, count }) => [act, count]),
  );

/** Processes with a message to send, the longest due first. */
const dueMessages = (at: Moment): Sql => sql`from federation_messages where state = 'waiting' and due_at <= ${at}`;
export const messagesDue = (at: Moment): Sql => sql`exists (select ${dueMessages(at)})`;

export const dueProcesses = async (read: Reader, now: Date): Promise<string[]> =>
  (await read.rows<{ process: string }>(sql`select process ${dueMessages(now)} order by due_at limit 100`)).map(
    ({ process }) => process,
  );

export const findAgreement = (read: Reader, participant: string, id: string): Promise<Agreement | undefined> =>
  read.first<Agreement>(sql`select participant, id, side, counterparty, dataset, body, negotiation, reference, finalized_at, ended_at
    from federation_agreements where participant = ${participant} and id = ${id}`);

export interface ForeignPurchase {
  agreement: string;
  negotiation: string | null;
  provider: string;
  address: string | null;
  dataset: string;
  title: string | null;
  finalized_at: Date;
  /** The newest, if there is one. */
  transfer: Pick<Process, 'id' | 'state' | 'format' | 'data_address'> | null;
}

/** Agreements in which a participant is the consumer, the newest first. */
export const foreignPurchases = async (read: Reader, participant: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 2);
  const rows = await read.rows<ForeignPurchase>(sql`select a.id as agreement, a.negotiation, a.counterparty as provider,
      n.address, a.dataset, n.title, a.finalized_at, to_jsonb(t) as transfer
    from federation_agreements a left join federation_processes n on n.id = a.negotiation
    left join lateral (select p.id, p.state, p.format, p.data_address from federation_processes p
      where p.participant = a.participant and p.kind = 'transfer' and p.subject = a.id
      order by p.created_at desc, p.id desc limit 1) t on true
    where a.participant = ${participant} and a.side = 'consumer'
      ${after ? sql`and (a.finalized_at, a.id) < (${new Date(Number(after[0]))}, ${String(after[1])})` : empty}
    order by a.finalized_at desc, a.id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    ({ finalized_at, agreement }) => [finalized_at.getTime(), agreement],
    (row) => row,
  );
};

/** Agreements of one trade. */
export const agreementsOfReference = (
  read: Reader,
  reference: string,
): Promise<{ participant: string; id: string }[]> =>
  read.rows(sql`select participant, id from federation_agreements where reference = ${reference}
    order by participant, id`);

/** Transfers of an agreement that are not over. */
export const transfersOf = async (read: Reader, participant: string, agreement: string): Promise<string[]> =>
  (
    await read.rows<{ id: string }>(sql`select id from federation_processes where kind = 'transfer'
      and participant = ${participant} and subject = ${agreement} and state in ('REQUESTED', 'STARTED', 'SUSPENDED')
      order by id`)
  ).map(({ id }) => id);

/** Processes of one trade in which an act waits for its clearance. */
export const waitingOfReference = async (read: Reader, reference: string): Promise<{ id: string; act: Act }[]> =>
  read.rows(sql`select id, clearance ->> 'act' as act from federation_processes
    where reference = ${reference} and clearance is not null order by id`);

/** What was said of a counter-party when it began last. */
export const attestationOf = async (
  read: Reader,
  { participant, counterparty }: Pick<Process, 'participant' | 'counterparty'>,
): Promise<(Attested & { at: string }) | undefined> => {
  const row = await read.first<Attested & { at: Date }>(sql`select name, credit_code as "creditCode", issuer,
      issuer_name as "issuerName", credential, seen_at as at from federation_attestations
    where participant = ${participant} and counterparty = ${counterparty}`);
  return row && { ...row, at: row.at.toISOString() };
};

/** What waits for its clearance in one participant's processes, the oldest first. */
export const clearancesOf = (
  read: Reader,
  participant: string,
): Promise<{ id: string; act: Act; reference: string | null }[]> =>
  read.rows(sql`select id, clearance ->> 'act' as act, reference from federation_processes
    where participant = ${participant} and clearance is not null order by created_at, id`);

/** Trades whose agreements have ended while transfers by them have not. */
export const endedMeanwhile = async (read: Reader, participant: string): Promise<string[]> =>
  (
    await read.rows<{ reference: string }>(sql`select distinct a.reference from federation_agreements a
      join federation_processes p on p.participant = a.participant and p.kind = 'transfer' and p.subject = a.id
      where a.participant = ${participant} and a.ended_at is not null and a.reference is not null
        and p.state in ('REQUESTED', 'STARTED', 'SUSPENDED') order by a.reference`)
  ).map(({ reference }) => reference);

/** The newest negotiations in which there is something to answer. */
export const lastNegotiations = (read: Reader, participant: string, max: number): Promise<Process[]> =>
  read.rows<Process>(sql`select ${processColumns} from federation_processes
    where participant = ${participant} and kind = 'negotiation' and state is not null order by created_at desc, id desc limit ${max}`);

/** Whether a message of ours was given to the line, whatever became of it. */
export const wasTried = async (read: Reader, process: string, act: Act): Promise<boolean> =>
  (await read.first(sql`select 1 from federation_messages where process = ${process} and act = ${act} and direction = 'out'
    and attempts > 0`)) !== undefined;

/** In which one of ours is the provider, by the consumer's pid. */
export const negotiationWith = async (
  read: Reader,
  { consumer, theirPid }: { consumer: string; theirPid: string },
): Promise<Process | undefined> =>
  read.first<Process>(sql`select ${processColumns} from federation_processes where kind = 'negotiation' and side = 'provider'
    and counterparty = ${consumer} and their_pid = ${theirPid}`);

/** Names of files of a push transfer that its consumer has taken. */
export const parcelsOf = async (read: Reader, process: string): Promise<Set<string>> =>
  new Set(
    (await read.rows<{ name: string }>(sql`select name from federation_parcels where process = ${process}`)).map(
      ({ name }) => name,
    ),
  );

/** The last message of an act, whoever sent it. */
export const lastMessage = (read: Reader, process: string, act: Act): Promise<Message | undefined> =>
  read.first<Message>(sql`select ${messageColumns} from federation_messages where process = ${process} and act = ${act}
    and state in ('taken', 'sent') order by sequence desc limit 1`);

export interface PublishedDataset {
  id: string;
  body: Dataset;
  offers: string[];
  digest: string;
  traded: boolean;
  /** Only for members of this data space; null: for everybody. */
  space: string | null;
}

/** For everybody, or for members of the data spaces in which the counter-party stands. */
const shownTo = (spaces: readonly string[]): Sql =>
  spaces.length ? sql`(space is null or space = any(${[...spaces]}))` : sql`space is null`;

export const findDataset = (
  read: Reader,
  participant: string,
  id: string,
  spaces: readonly string[],
): Promise<PublishedDataset | undefined> =>
  read.first<PublishedDataset>(
    sql`select id, body, offers, digest, traded, space from federation_datasets
      where participant = ${participant} and id = ${id} and ${shownTo(spaces)}`,
  );

/** By id, those after `after` and not before `from`. What an offset passes over is counted in the index, not read. */
export const listDatasets = (
  read: Reader,
  participant: string,
  page: {
    after: string;
    size: number;
    from?: string;
    offset?: number;
    ids?: readonly string[] | undefined;
    spaces: readonly string[];
  },
): Promise<PublishedDataset[]> => {
  const { after, size, from = '', offset = 0, ids, spaces } = page;
  const wanted = sql`participant = ${participant} and id > ${after} and id >= ${from} and ${shownTo(spaces)}
    ${ids ? sql`and id = any(${[...ids]})` : empty}`;
  const passed =
    offset === 0
      ? empty
      : sql`and id >= (select id from federation_datasets where ${wanted} order by id limit 1 offset ${offset})`;
  return read.rows<PublishedDataset>(sql`select id, body, offers, digest, traded, space from federation_datasets
    where ${wanted} ${passed} order by id limit ${size}`);
};

/** Of what is for everybody: ids of the first, and of each that so many others lie before. */
export const everyNthDataset = async (read: Reader, participant: string, step: number): Promise<string[]> =>
  (
    await read.rows<{ id: string }>(sql`select id from (
        select id, row_number() over (order by id) - 1 as place from federation_datasets
        where participant = ${participant} and space is null
      ) placed where place % ${step} = 0 order by id`)
  ).map(({ id }) => id);

/** How often a catalogue has changed since it is counted. */
export const catalogueChanges = async (read: Reader, participant: string): Promise<number> =>
  (
    await read.first<{ changes: number }>(
      sql`select changes from federation_catalogues where participant = ${participant}`,
    )
  )?.changes ?? 0;
