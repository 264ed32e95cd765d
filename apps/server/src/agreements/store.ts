import type { Plan } from '@shugu/policy';
import { sql, type Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import type {
  Contract,
  ContractSignature,
  ContractVersion,
  Offer,
  Template,
  TemplateDraft,
  TermDifference,
} from './model.ts';

export const insertPolicy = async (tx: Tx, participant: string, hash: string, source: unknown): Promise<void> => {
  await tx.exec(sql`insert into policies (hash, node, market, participant, source, created_at)
    values (${hash}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${JSON.stringify(source)}, ${tx.now}) on conflict do nothing`);
};

export const insertPlan = async (tx: Tx, participant: string, plan: Plan): Promise<void> => {
  await tx.exec(sql`insert into policy_plans (policy_hash, compiler_version, node, market, participant, plan, created_at)
    values (${plan.policyHash}, ${plan.compilerVersion}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${JSON.stringify(plan)}, ${tx.now})
    on conflict (policy_hash, compiler_version) do update set plan = excluded.plan`);
};

export type NewOffer = Pick<
  Offer,
  'productVersion' | 'policyHash' | 'price' | 'deliveryModes' | 'audience' | 'space' | 'hash'
>;

export const insertOffer = async (tx: Tx, participant: string, offer: NewOffer): Promise<string> => {
  const id = newId('off', tx.now);
  await tx.exec(sql`insert into offers (id, node, market, participant, product_version, policy_hash, price, delivery_modes, audience, space, hash, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${offer.productVersion}, ${offer.policyHash},
      ${JSON.stringify(offer.price)}, ${offer.deliveryModes}, ${JSON.stringify(offer.audience)}, ${offer.space}, ${offer.hash}, ${tx.now})`);
  return id;
};

export const endOffer = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update offers set withdrawn_at = ${tx.now} where id = ${id} and withdrawn_at is null`);

export const insertTemplate = async (tx: Tx, draft: TemplateDraft, hash: string): Promise<string> => {
  const id = newId('tpl', tx.now);
  await tx.exec(sql`insert into contract_templates (id, node, market, participant, code, version, title, source, clauses, hash, state, drafted_by, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${draft.code},
      (select coalesce(max(version), 0) + 1 from contract_templates where market = ${tx.tenancy.market} and code = ${draft.code}),
      ${JSON.stringify(draft.title)}, ${JSON.stringify(draft.source)}, ${JSON.stringify(draft.clauses)}, ${hash}, 'draft', ${tx.actor.id}, ${tx.now})`);
  return id;
};

export const retireEnabled = (tx: Tx, code: string): Promise<number> =>
  tx.exec(
    sql`update contract_templates set state = 'retired' where market = ${tx.tenancy.market} and code = ${code} and state = 'enabled'`,
  );

export const setTemplateEnabled = (tx: Tx, id: string): Promise<number> =>
  tx.exec(
    sql`update contract_templates set state = 'enabled', enabled_by = ${tx.actor.id}, enabled_at = ${tx.now} where id = ${id}`,
  );

export const setTemplateRetired = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update contract_templates set state = 'retired' where id = ${id}`);

export interface NewContract
  extends Pick<
    Contract,
    'kind' | 'supplier' | 'buyer' | 'product' | 'productVersion' | 'productName' | 'offer' | 'order' | 'respondBy'
  > {
  template: Pick<Template, 'id' | 'version'>;
}

export const insertContract = async (tx: Tx, contract: NewContract): Promise<string> => {
  const id = newId('con', tx.now);
  await tx.exec(sql`insert into contracts (id, node, market, participant, kind, state, supplier, buyer, buyer_participant, product,
      product_version, product_name, offer, order_reference, template, template_version, current_version, respond_by, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${contract.supplier.participant}, ${contract.kind}, 'draft',
      ${JSON.stringify(contract.supplier)}, ${JSON.stringify(contract.buyer)}, ${contract.buyer.participant}, ${contract.product},
      ${contract.productVersion}, ${contract.productName}, ${contract.offer}, ${contract.order}, ${contract.template.id},
      ${contract.template.version}, 1, ${contract.respondBy}, ${tx.now})`);
  return id;
};

/** Writes what moves in a contract's life; its parties and product never do. */
export const saveContract = async (tx: Tx, contract: Contract): Promise<void> => {
  await tx.exec(sql`update contracts set state = ${contract.state}, number = ${contract.number}, current_version = ${contract.currentVersion},
    policy_hash = ${contract.policyHash}, term_from = ${contract.from}, term_until = ${contract.until},
    effective_at = ${contract.effectiveAt}, ended_at = ${contract.endedAt}, end_reason = ${contract.endReason}, paper = ${contract.paper}
    where id = ${contract.id}`);
};

export const insertVersion = async (
  tx: Tx,
  owner: string,
  version: Pick<ContractVersion, 'contract' | 'number' | 'state' | 'reason' | 'terms' | 'basis' | 'respondBy'>,
): Promise<void> => {
  await tx.exec(sql`insert into contract_versions (contract, number, node, market, participant, state, reason, terms, basis, round,
      proposed_by, confirmed_by, respond_by, created_at)
    values (${version.contract}, ${version.number}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${owner}, ${version.state}, ${version.reason},
      ${JSON.stringify(version.terms)}, ${JSON.stringify(version.basis)}, 0, null, '{}', ${version.respondBy}, ${tx.now})`);
};

export const saveVersion = async (tx: Tx, version: ContractVersion): Promise<void> => {
  await tx.exec(sql`update contract_versions set state = ${version.state}, terms = ${JSON.stringify(version.terms)},
    basis = ${JSON.stringify(version.basis)}, round = ${version.round}, proposed_by = ${version.proposedBy},
    confirmed_by = ${version.confirmedBy}, document = ${version.document}, document_hash = ${version.documentHash},
    policy_hash = ${version.policyHash}, term_from = ${version.from}, term_until = ${version.until}, locked_at = ${version.lockedAt},
    effective_at = ${version.effectiveAt} where contract = ${version.contract} and number = ${version.number}`);
};

export const insertRound = async (
  tx: Tx,
  version: ContractVersion,
  by: string,
  note: string,
  changes: readonly TermDifference[],
): Promise<void> => {
  await tx.exec(sql`insert into contract_rounds (contract, version, round, node, market, participant, person, note, changes, terms, created_at)
    values (${version.contract}, ${version.number}, ${version.round}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${by}, ${tx.actor.id}, ${note},
      ${JSON.stringify(changes)}, ${JSON.stringify(version.terms)}, ${tx.now})`);
};

export const insertSignature = async (
  tx: Tx,
  version: Pick<ContractVersion, 'contract' | 'number'>,
  signature: Omit<ContractSignature, 'at' | 'person'>,
): Promise<void> => {
  await tx.exec(sql`insert into contract_signatures (contract, version, participant, node, market, person, key_id, level, signature, certified, protocol, created_at)
    values (${version.contract}, ${version.number}, ${signature.participant}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.id},
      ${signature.keyId}, ${signature.level}, ${signature.signature}, ${signature.certified && JSON.stringify(signature.certified)},
      ${signature.protocol && JSON.stringify(signature.protocol)}, ${tx.now})`);
};

/** A new upload replaces one that the other party has not confirmed. */
export const putPaper = async (
  tx: Tx,
  version: Pick<ContractVersion, 'contract' | 'number'>,
  participant: string,
  object: { digest: string; bytes: number },
): Promise<void> => {
  await tx.exec(sql`insert into contract_papers (contract, version, node, market, participant, digest, bytes, confirmed_by, created_at)
    values (${version.contract}, ${version.number}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${object.digest}, ${object.bytes},
      ${[participant]}, ${tx.now})
    on conflict (contract, version) do update set participant = excluded.participant, digest = excluded.digest, bytes = excluded.bytes,
      confirmed_by = excluded.confirmed_by, created_at = excluded.created_at`);
};

export const setPaperConfirmed = (
  tx: Tx,
  version: Pick<ContractVersion, 'contract' | 'number'>,
  by: readonly string[],
): Promise<number> =>
  tx.exec(
    sql`update contract_papers set confirmed_by = ${[...by]} where contract = ${version.contract} and version = ${version.number}`,
  );

export const insertTermination = async (
  tx: Tx,
  contract: string,
  kind: 'agreed' | 'forced',
  reason: string,
): Promise<string> => {
  const id = newId('trm', tx.now);
  await tx.exec(sql`insert into contract_terminations (id, contract, node, market, participant, person, kind, state, reason, created_at)
    values (${id}, ${contract}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${tx.actor.id}, ${kind}, 'proposed',
      ${reason}, ${tx.now})`);
  return id;
};

export const decideTermination = (tx: Tx, id: string, state: 'done' | 'declined'): Promise<number> =>
  tx.exec(sql`update contract_terminations set state = ${state}, decided_by = ${tx.actor.participant}, decided_person = ${tx.actor.id},
    decided_at = ${tx.now} where id = ${id} and state = 'proposed'`);
