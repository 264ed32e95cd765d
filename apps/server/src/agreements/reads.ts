import type { Json } from '@shugu/evidence';
import type { Plan } from '@shugu/policy';
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type {
  Contract,
  ContractSignature,
  ContractState,
  ContractVersion,
  Offer,
  Side,
  SignedPaper,
  Template,
  Termination,
} from './model.ts';

const templateColumns = sql`id, code, version, title, source, clauses, state, hash, drafted_by as "draftedBy", created_at as "createdAt",
  enabled_at as "enabledAt"`;
const offerColumns = sql`o.id, o.participant, o.product_version as "productVersion", o.policy_hash as "policyHash", p.source as policy, o.price,
  o.delivery_modes as "deliveryModes", o.audience, o.space, o.hash, o.created_at as "createdAt", o.withdrawn_at as "withdrawnAt"`;
const contractColumns = sql`id, participant, kind, state, number, supplier, buyer, product, product_version as "productVersion",
  product_name as "productName", offer, order_reference as "order", template, template_version as "templateVersion",
  current_version as "currentVersion", policy_hash as "policyHash", term_from as "from", term_until as "until", respond_by as "respondBy",
  effective_at as "effectiveAt", ended_at as "endedAt", end_reason as "endReason", paper, created_at as "createdAt"`;
const versionColumns = sql`contract, number, state, reason, terms, basis, round, proposed_by as "proposedBy", confirmed_by as "confirmedBy",
  document, document_hash as "documentHash", policy_hash as "policyHash", term_from as "from", term_until as "until",
  respond_by as "respondBy", locked_at as "lockedAt", effective_at as "effectiveAt", created_at as "createdAt"`;
const terminationColumns = sql`id, contract, kind, state, participant as "proposedBy", person as "proposedPerson", reason, created_at as at,
  decided_at as "decidedAt"`;

export const policySource = async (read: Reader, hash: string): Promise<Record<string, Json> | undefined> =>
  (await read.first<{ source: Record<string, Json> }>(sql`select source from policies where hash = ${hash}`))?.source;

export const cachedPlan = async (read: Reader, hash: string, compilerVersion: number): Promise<Plan | undefined> =>
  (
    await read.first<{ plan: Plan }>(
      sql`select plan from policy_plans where policy_hash = ${hash} and compiler_version = ${compilerVersion}`,
    )
  )?.plan;

export const findOffer = (read: Reader, id: string): Promise<Offer | undefined> =>
  read.first<Offer>(
    sql`select ${offerColumns} from offers o join policies p on p.hash = o.policy_hash where o.id = ${id}`,
  );

export const openOffers = (read: Reader, productVersion: string): Promise<Offer[]> =>
  read.rows<Offer>(sql`select ${offerColumns} from offers o join policies p on p.hash = o.policy_hash
    where o.product_version = ${productVersion} and o.withdrawn_at is null order by o.id limit 100`);

export const findTemplate = (read: Reader, id: string): Promise<Template | undefined> =>
  read.first<Template>(sql`select ${templateColumns} from contract_templates where id = ${id}`);

export const lockTemplate = (tx: Tx, id: string): Promise<Template | undefined> =>
  tx.first<Template>(sql`select ${templateColumns} from contract_templates where id = ${id} for update`);

export const enabledTemplate = (read: Reader, market: string, code: string): Promise<Template | undefined> =>
  read.first<Template>(
    sql`select ${templateColumns} from contract_templates where market = ${market} and code = ${code} and state = 'enabled'`,
  );

export const templateHashes = async (read: Reader, market: string): Promise<Set<string>> =>
  new Set(
    (await read.rows<{ hash: string }>(sql`select hash from contract_templates where market = ${market}`)).map(
      (row) => row.hash,
    ),
  );

export const templates = async (
  read: Reader,
  query: PageQuery & { state?: string; code?: string },
  draftsToo: boolean,
) => {
  const after = decodeCursor(query.after, 1)?.[0];
  const rows = await read.rows<Template>(sql`select ${templateColumns} from contract_templates where true
    ${query.state ? sql`and state = ${query.state}` : empty} ${query.code ? sql`and code = ${query.code}` : empty}
    ${draftsToo ? empty : sql`and state <> 'draft'`} ${after === undefined ? empty : sql`and id < ${String(after)}`}
    order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const findContract = (read: Reader, id: string): Promise<Contract | undefined> =>
  read.first<Contract>(sql`select ${contractColumns} from contracts where id = ${id}`);

export const lockContract = (tx: Tx, id: string): Promise<Contract | undefined> =>
  tx.first<Contract>(sql`select ${contractColumns} from contracts where id = ${id} for update`);

export const contractByOrder = (read: Reader, order: string): Promise<Contract | undefined> =>
  read.first<Contract>(
    sql`select ${contractColumns} from contracts where order_reference = ${order} order by id desc limit 1`,
  );

export const findVersion = (read: Reader, contract: string, number: number): Promise<ContractVersion | undefined> =>
  read.first<ContractVersion>(
    sql`select ${versionColumns} from contract_versions where contract = ${contract} and number = ${number}`,
  );

/** The text under negotiation or signature, if there is one. */
export const openVersion = (read: Reader, contract: string): Promise<ContractVersion | undefined> =>
  read.first<ContractVersion>(sql`select ${versionColumns} from contract_versions where contract = ${contract}
    and state in ('draft', 'negotiating', 'pendingSignature')`);

export const lastVersionNumber = async (read: Reader, contract: string): Promise<number> =>
  (
    await read.one<{ number: number }>(
      sql`select max(number) as number from contract_versions where contract = ${contract}`,
    )
  ).number;

export const signaturesOf = (read: Reader, contract: string, version: number): Promise<ContractSignature[]> =>
  read.rows<ContractSignature>(sql`select participant, person, key_id as "keyId", level, signature, certified, protocol, created_at as at from contract_signatures
    where contract = ${contract} and version = ${version} order by created_at, participant`);

export const paperOf = (read: Reader, contract: string, version: number): Promise<SignedPaper | undefined> =>
  read.first<SignedPaper>(sql`select digest, bytes, participant as "uploadedBy", confirmed_by as "confirmedBy" from contract_papers
    where contract = ${contract} and version = ${version}`);

export const terminationsOf = (read: Reader, contract: string): Promise<Termination[]> =>
  read.rows<Termination>(
    sql`select ${terminationColumns} from contract_terminations where contract = ${contract} order by id limit 100`,
  );

export const findTermination = (read: Reader, id: string): Promise<Termination | undefined> =>
  read.first<Termination>(sql`select ${terminationColumns} from contract_terminations where id = ${id}`);

export interface RoundRow {
  version: number;
  round: number;
  by: string;
  person: string;
  note: string;
  changes: { field: string; from: Json; to: Json }[];
  at: Date;
}

export const roundsOf = (read: Reader, contract: string): Promise<RoundRow[]> =>
  read.rows<RoundRow>(sql`select version, round, participant as by, person, note, changes, created_at as at from contract_rounds
    where contract = ${contract} order by version, round limit 500`);

export interface ContractQuery extends PageQuery {
  state?: ContractState;
  side?: Side;
  /** Part of its number, or of the name of its product or of a party. */
  search?: string;
}

const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Newest first. `participant` undefined: all of them, for supervisors. */
export const contracts = async (read: Reader, participant: string | undefined, query: ContractQuery) => {
  const after = decodeCursor(query.after, 1)?.[0];
  const sides = {
    supplier: sql`and participant = ${participant}`,
    buyer: sql`and buyer_participant = ${participant}`,
    both: sql`and (participant = ${participant} or buyer_participant = ${participant})`,
  };
  const rows = await read.rows<Contract>(sql`select ${contractColumns} from contracts where true
    ${participant === undefined ? empty : sides[query.side ?? 'both']} ${query.state ? sql`and state = ${query.state}` : empty}
    ${query.search ? sql`and (coalesce(number, '') || ' ' || product_name || ' ' || (supplier ->> 'name') || ' ' || (buyer ->> 'name')) ilike ${likePattern(query.search)}` : empty}
    ${after === undefined ? empty : sql`and id < ${String(after)}`} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export interface EffectiveQuery extends PageQuery {
  participant?: string;
  productVersion?: string;
  product?: string;
}

export const effectiveContracts = async (read: Reader, query: EffectiveQuery) => {
  const after = decodeCursor(query.after, 1)?.[0];
  const { participant, productVersion, product } = query;
  const rows = await read.rows<Contract>(sql`select ${contractColumns} from contracts where state = 'effective'
    ${participant ? sql`and (participant = ${participant} or buyer_participant = ${participant})` : empty}
    ${productVersion ? sql`and product_version = ${productVersion}` : empty} ${product ? sql`and product = ${product}` : empty}
    ${after === undefined ? empty : sql`and id > ${String(after)}`} order by id limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

/**
 * Contracts of a supplier, in force or on their way, whose text names the right to operate of a resource; locked. Those whose
 * own term is over by now expire by it.
 */
export const contractsOnRight = async (
  tx: Tx,
  right: { supplier: string; resource: string },
): Promise<{ contract: Contract; basis: ContractVersion['basis'] }[]> => {
  const rows = await tx.rows<Contract & { basis: ContractVersion['basis'] }>(sql`select c.*, v.basis from (
      select ${contractColumns} from contracts where participant = ${right.supplier}
        and state in ('draft', 'negotiating', 'pendingSignature', 'effective')
        and (term_until is null or term_until > ${tx.now}) order by id for update) c
    join contract_versions v on v.contract = c.id and v.number = c."currentVersion"
    where v.basis @> ${JSON.stringify([{ kind: 'operatingRight', subject: right.resource }])}::jsonb order by c.id`);
  return rows.map(({ basis, ...contract }) => ({ contract, basis }));
};

/** Under offers for members of the space, of a party that was one until then; unsigned ones, and those in force where they end too. */
export const contractsOfMembers = (
  tx: Tx,
  lost: { space: string; participant: string; endedAt: Date; contracts: 'goOn' | 'end' },
): Promise<Contract[]> =>
  tx.rows<Contract>(sql`select ${contractColumns} from contracts
    where offer in (select id from offers where space = ${lost.space}) and created_at <= ${lost.endedAt}
      and (participant = ${lost.participant} or buyer_participant = ${lost.participant})
      and state = any(${['draft', 'negotiating', 'pendingSignature', ...(lost.contracts === 'end' ? ['effective'] : [])]})
    order by id for update`);

/** Locks what is due, so that two clocks never end one contract twice. */
const over = (at: Moment): Sql => sql`((state = 'effective' and term_until <= ${at})
  or (state in ('draft', 'negotiating', 'pendingSignature') and respond_by <= ${at}))`;
const lapsed = (at: Moment): Sql =>
  sql`number > 1 and state in ('negotiating', 'pendingSignature') and respond_by <= ${at}`;

/** Whether a contract or an amendment is over. */
export const agreementsDue = (at: Moment): Sql => sql`(exists (select from contracts where ${over(at)})
  or exists (select from contract_versions where ${lapsed(at)}))`;

export const dueContracts = (tx: Tx, limit: number): Promise<Contract[]> =>
  tx.rows<Contract>(sql`select ${contractColumns} from contracts
    where ${over(tx.now)}
    order by id limit ${limit} for update skip locked`);

export const dueAmendments = (tx: Tx, limit: number): Promise<{ contract: string; number: number }[]> =>
  tx.rows(sql`select contract, number from contract_versions where ${lapsed(tx.now)} order by contract limit ${limit}`);
