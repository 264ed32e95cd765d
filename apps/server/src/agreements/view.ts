/** Contracts as the wire shows them, and what comes next for the one who looks. */
import type { contractSummary, contractView } from '@shugu/wire/agreements';
import type { z } from 'zod';
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import type { Contract, ContractVersion, Offer, Template, Termination } from './model.ts';
import { findVersion, openVersion, paperOf, signaturesOf, terminationsOf } from './reads.ts';
import { waitsFor } from './rules.ts';
import { partiesOf, sideOf } from './service/deps.ts';
import { explainPolicy } from './service/policies.ts';

const time = (at: Date | null): string | null => at?.toISOString() ?? null;

export const summaryOf = (contract: Contract): z.input<typeof contractSummary> => ({
  id: contract.id,
  number: contract.number,
  kind: contract.kind,
  state: contract.state,
  supplier: contract.supplier,
  buyer: contract.buyer,
  product: contract.product,
  productVersion: contract.productVersion,
  productName: contract.productName,
  order: contract.order,
  from: time(contract.from),
  until: time(contract.until),
  respondBy: contract.respondBy.toISOString(),
  effectiveAt: time(contract.effectiveAt),
  endedAt: time(contract.endedAt),
  createdAt: contract.createdAt.toISOString(),
});

type View = z.input<typeof contractView>;

const versionOf = async (read: Reader, version: ContractVersion): Promise<View['current']> => {
  const paper = await paperOf(read, version.contract, version.number);
  return {
    number: version.number,
    state: version.state,
    reason: version.reason,
    terms: version.terms,
    basis: version.basis,
    round: version.round,
    confirmedBy: version.confirmedBy,
    proposedBy: version.proposedBy,
    documentHash: version.documentHash,
    policyHash: version.policyHash,
    until: time(version.until),
    signatures: (await signaturesOf(read, version.contract, version.number)).map(({ certified, ...one }) => ({
      ...one,
      certified: certified && {
        authority: certified.authority,
        holder: certified.certificateHolder,
        serial: certified.serialHex,
      },
      at: one.at.toISOString(),
    })),
    paper: paper ? { digest: paper.digest, uploadedBy: paper.uploadedBy, confirmedBy: paper.confirmedBy } : null,
    lockedAt: time(version.lockedAt),
    effectiveAt: time(version.effectiveAt),
    createdAt: version.createdAt.toISOString(),
  };
};

/** Moves open to the caller by the contract's state; seats are checked when the move is made. */
const movesFor = (
  contract: Contract,
  open: ContractVersion | undefined,
  waiting: readonly string[],
  terminations: readonly Termination[],
  principal: Principal,
): string[] => {
  const me = principal.participant;
  const moves: string[] = [];
  const proposed = terminations.filter((one) => one.state === 'proposed');
  if (sideOf(contract, me)) {
    const mine = waiting.includes(me);
    if (open?.state === 'pendingSignature' && mine) moves.push('sign');
    if (open && open.state !== 'pendingSignature')
      moves.push(...(open.proposedBy === me ? [] : ['propose']), ...(mine ? ['confirm'] : []));
    if (open) moves.push('refuse');
    if (contract.state === 'effective' && !open) moves.push('amend');
    const agreed = proposed.find((one) => one.kind === 'agreed');
    if (contract.state === 'effective') moves.push(agreed ? 'decideTermination' : 'proposeTermination');
  }
  const alive = ['draft', 'negotiating', 'pendingSignature', 'effective'].includes(contract.state);
  const forced = proposed.some((one) => one.kind === 'forced');
  if (alive && !forced && principal.permissions.has('agreements.termination.force')) moves.push('forceTermination');
  if (alive && forced && principal.permissions.has('agreements.termination.confirm'))
    moves.push('decideForcedTermination');
  return moves;
};

export const viewOf = async (read: Reader, contract: Contract, principal: Principal): Promise<View> => {
  const current = (await findVersion(read, contract.id, contract.currentVersion))!;
  const open = await openVersion(read, contract.id);
  const terminations = await terminationsOf(read, contract.id);
  const signed = open ? (await signaturesOf(read, contract.id, open.number)).map((one) => one.participant) : [];
  const paper = open ? await paperOf(read, contract.id, open.number) : undefined;
  const waiting = waitsFor(open, paper?.confirmedBy ?? signed, partiesOf(contract));
  return {
    ...summaryOf(contract),
    template: { id: contract.template, version: contract.templateVersion },
    endReason: contract.endReason,
    paperId: contract.paper,
    current: await versionOf(read, current),
    open: open && open.number !== current.number ? await versionOf(read, open) : null,
    terminations: terminations.map(({ contract: _, proposedPerson: __, ...one }) => ({
      ...one,
      at: one.at.toISOString(),
      decidedAt: time(one.decidedAt),
    })),
    next: { moves: movesFor(contract, open, waiting, terminations, principal), waitsFor: waiting },
  };
};

export const templateSummaryOf = (template: Template) => ({
  id: template.id,
  code: template.code,
  version: template.version,
  title: template.title,
  source: template.source,
  state: template.state,
  hash: template.hash,
  createdAt: template.createdAt.toISOString(),
  enabledAt: time(template.enabledAt),
});

export const templateViewOf = (template: Template) => ({ ...templateSummaryOf(template), clauses: template.clauses });

export const offerViewOf = (offer: Offer, names: Readonly<Record<string, string>>) => {
  const { zh, en } = explainPolicy(offer.policy, names);
  const { participant, createdAt, withdrawnAt, ...fields } = offer;
  return {
    ...fields,
    supplier: participant,
    explanation: { zh, en },
    createdAt: createdAt.toISOString(),
    withdrawnAt: time(withdrawnAt),
  };
};
