/** Directives, suspensions, and the objects they aim at. */
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import { type LegalHold, type LegalHoldState, legalHoldColumns } from '../kernel/retention/legal-holds.ts';
import type { Answer, Directive, DirectiveState, FoundTarget, Suspension, Target } from './model.ts';

const directiveColumns = sql`id, participant, number, state, measure, emergency, basis, reason, target_kind, target, target_name,
  addressees, lifts, answer_days, answer_by, confirm_by, issued_by, confirmed_by, confirmed_at, declined_by, decline_reason, paper,
  effect, created_at, effective_at, ended_at`;
const suspensionColumns = sql`id, participant, state, target_kind, target, target_name, reason, proposed_by, confirmed_by, lifted_by,
  lift_reason, created_at, effective_at, ended_at`;

export const findDirective = (read: Reader, id: string): Promise<Directive | undefined> =>
  read.first<Directive>(sql`select ${directiveColumns} from directives where id = ${id}`);

export const lockDirective = (tx: Tx, id: string): Promise<Directive | undefined> =>
  tx.first<Directive>(sql`select ${directiveColumns} from directives where id = ${id} for update`);

/** A lifting of this one that waits for its second person. */
export const liftingOf = (read: Reader, id: string): Promise<Directive | undefined> =>
  read.first<Directive>(sql`select ${directiveColumns} from directives where lifts = ${id} and state = 'proposed'`);

const unconfirmed = (at: Moment): Sql =>
  sql`from directives where state = 'effective' and confirmed_by is null and confirm_by <= ${at}`;

/** Emergency freezes that nobody confirmed in time. */
export const dueToLapse = (read: Reader, now: Date): Promise<{ id: string }[]> =>
  read.rows(sql`select id ${unconfirmed(now)} order by confirm_by limit 100`);
export const lapseDue = (at: Moment): Sql => sql`exists (select ${unconfirmed(at)})`;

/** `concerning`: only what became effective and is addressed to this organisation. */
export interface DirectiveQuery extends PageQuery {
  state?: DirectiveState;
  scope: 'all' | 'effective' | { concerning: string };
}

export const directivePage = async (read: Reader, query: DirectiveQuery) => {
  const after = decodeCursor(query.after, 1);
  const { scope } = query;
  const rows = await read.rows<Directive>(sql`select ${directiveColumns} from directives
    where ${scope === 'all' ? sql`true` : sql`effective_at is not null`}
      ${typeof scope === 'object' ? sql`and ${[scope.concerning]} <@ addressees` : empty}
      ${query.state ? sql`and state = ${query.state}` : empty} ${after ? sql`and id < ${after[0]}` : empty}
    order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (one) => [one.id],
    (one) => one,
  );
};

export const answersOf = (read: Reader, directives: readonly string[]): Promise<Answer[]> =>
  read.rows<Answer>(sql`select id, directive, participant, person, body, late, created_at from directive_answers
    where directive = any(${[...directives]}) order by id`);

export const lockSuspension = (tx: Tx, id: string): Promise<Suspension | undefined> =>
  tx.first<Suspension>(sql`select ${suspensionColumns} from suspensions where id = ${id} for update`);

export const openSuspension = (read: Reader, kind: string, target: string) =>
  read.first<{ id: string }>(
    sql`select id from suspensions where target_kind = ${kind} and target = ${target} and state in ('proposed', 'effective')`,
  );

export const suspensionPage = async (read: Reader, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows = await read.rows<Suspension>(sql`select ${suspensionColumns} from suspensions
    where ${after ? sql`id < ${after[0]}` : sql`true`} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (one) => [one.id],
    (one) => one,
  );
};

interface TargetRow {
  name: string;
  addressees: string[];
  product: string | null;
}

// Organisations of the market itself are no targets: a market without its operator could not carry a directive out.
const targetQueries = {
  listing: (id: string) => sql`select v.about ->> 'name' as name, array[l.participant] as addressees, l.product
    from listings l join product_versions v on v.id = l.version where l.id = ${id} and l.state <> 'draft'`,
  product: (id: string) =>
    sql`select name, array[participant] as addressees, id as product from products where id = ${id}`,
  organisation: (id: string) => sql`select name, array[id] as addressees, null as product from organisations o
    where id = ${id} and status in ('active', 'suspended')`,
  grant: (id: string) => sql`select product_name as name, array[participant, buyer] as addressees, product
    from delivery_grants where id = ${id}`,
  contract: (
    id: string,
  ) => sql`select coalesce(number, product_name) as name, array[participant, buyer_participant] as addressees, product
    from contracts where id = ${id}`,
};

export const findTarget = async (read: Reader, { kind, id }: Target): Promise<FoundTarget | undefined> => {
  const row = await read.first<TargetRow>(targetQueries[kind](id));
  return row && { kind, id, ...row };
};

/** Whatever may be put under a legal hold: also of operator and registrar, and of what has long ended. */
const holdTargetQueries = {
  organisation: (id: string) => sql`select name, array[id] as concerns from organisations where id = ${id}`,
  resource: (id: string) => sql`select name, array[participant] as concerns from resources where id = ${id}`,
  order: (id: string) =>
    sql`select number as name, array[participant, supplier] as concerns from orders where id = ${id}`,
  contract: (
    id: string,
  ) => sql`select coalesce(number, product_name) as name, array[participant, buyer_participant] as concerns
    from contracts where id = ${id}`,
  // Not who handles it: that would keep everything of the registrar for one file.
  case: (id: string) => sql`select title as name, array[participant] || array(select p.participant from case_parties p
    where p.case_id = c.id) as concerns from cases c where id = ${id} and not private`,
};

export const findHoldTarget = (read: Reader, kind: LegalHold['target_kind'], id: string) =>
  read.first<{ name: string; concerns: string[] }>(holdTargetQueries[kind](id));

/** `own`: drafts and all of this organisation; `concerning`: only in force or past, where it is concerned. */
export interface HoldQuery extends PageQuery {
  target?: string;
  state?: LegalHoldState;
  scope: { own: string } | { concerning: string };
}

export const holdPage = async (read: Reader, query: HoldQuery) => {
  const after = decodeCursor(query.after, 1);
  const { scope } = query;
  const rows = await read.rows<LegalHold>(sql`select ${legalHoldColumns} from legal_holds
    where ${
      'own' in scope
        ? sql`(effective_at is not null or participant = ${scope.own})`
        : sql`effective_at is not null and covers @> ${[scope.concerning]}::text[]`
    }
      ${query.target ? sql`and target = ${query.target}` : empty} ${query.state ? sql`and state = ${query.state}` : empty}
      ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (one) => [one.id],
    (one) => one,
  );
};

/** Products whose newest description or any version draws on the resource. */
export const productsOn = (read: Reader, resource: string): Promise<{ id: string; participant: string }[]> =>
  read.rows(sql`select p.id, p.participant from products p where ${resource} = any(p.resources) or exists (
      select 1 from product_versions v where v.product = p.id and v.tables @> ${JSON.stringify([{ resource }])}::jsonb)
    order by p.id`);
