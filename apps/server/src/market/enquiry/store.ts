/** SQL of enquiries and their messages. */
import { empty, type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';

export interface Enquiry {
  id: string;
  /** Who asked. */
  participant: string;
  asked: string;
  about_kind: 'listing' | 'demand';
  about: string;
  title: string;
  open: boolean;
  messages: number;
  last_at: Date;
  created_at: Date;
}

export interface Message {
  id: string;
  participant: string;
  person: string;
  body: string;
  created_at: Date;
}

const columns = sql`id, participant, asked, about_kind, about, title, open, messages, last_at, created_at`;

export const insertEnquiry = async (
  tx: Tx,
  one: Pick<Enquiry, 'id' | 'participant' | 'asked' | 'about_kind' | 'about' | 'title'>,
): Promise<void> => {
  await tx.exec(sql`insert into enquiries (id, node, market, participant, asked, about_kind, about, title, last_at, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.asked}, ${one.about_kind}, ${one.about}, ${one.title}, ${tx.now}, ${tx.now})`);
};

export const insertMessage = async (tx: Tx, enquiry: string, one: Omit<Message, 'created_at'>): Promise<void> => {
  await tx.exec(sql`insert into enquiry_messages (id, node, market, participant, enquiry, person, body, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${enquiry}, ${one.person}, ${one.body}, ${tx.now})`);
  await tx.exec(sql`update enquiries set messages = messages + 1, last_at = ${tx.now} where id = ${enquiry}`);
};

export const endEnquiry = async (tx: Tx, id: string): Promise<void> => {
  await tx.exec(sql`update enquiries set open = false where id = ${id}`);
};

export const findEnquiry = (read: Reader, id: string, lock = false) =>
  read.first<Enquiry>(sql`select ${columns} from enquiries where id = ${id} ${lock ? sql`for update` : empty}`);

export const listEnquiries = async (read: Reader, participant: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<Enquiry>(sql`select ${columns} from enquiries where (participant = ${participant} or asked = ${participant})
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const listMessages = async (read: Reader, enquiry: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<Message>(sql`select id, participant, person, body, created_at from enquiry_messages where enquiry = ${enquiry}
    ${after ? sql`and id > ${after[0]}` : empty} order by id limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};
