/** Pure decisions about contracts: who may move them when, how long they may last, what differs between two texts. */
import { canonicalBytes, EvidenceError } from '@shugu/evidence';
import { contractTerms } from '@shugu/wire/agreements';
import { Problem } from '../kernel/problem.ts';
import type {
  Audience,
  BasisItem,
  ContractState,
  ContractTerms,
  Offer,
  Side,
  TermDifference,
  VersionState,
} from './model.ts';
import { agreementProblems as problems } from './problems.ts';

type Actor = Side | 'operator' | 'system';

/** Every move of a contract; drawings and the portal's "what comes next" are made from this table. */
export const contractMoves = [
  { move: 'propose', from: ['draft', 'negotiating'], to: 'negotiating', by: ['supplier', 'buyer'] },
  { move: 'confirm', from: ['draft', 'negotiating'], to: 'negotiating', by: ['supplier', 'buyer'] },
  { move: 'lock', from: ['draft', 'negotiating'], to: 'pendingSignature', by: ['system'] },
  { move: 'sign', from: ['pendingSignature'], to: 'pendingSignature', by: ['supplier', 'buyer'] },
  { move: 'takeEffect', from: ['pendingSignature'], to: 'effective', by: ['system'] },
  // The system refuses for an order that was cancelled before anybody was bound.
  {
    move: 'refuse',
    from: ['draft', 'negotiating', 'pendingSignature'],
    to: 'refused',
    by: ['supplier', 'buyer', 'system'],
  },
  { move: 'lapse', from: ['draft', 'negotiating', 'pendingSignature'], to: 'expired', by: ['system'] },
  { move: 'amend', from: ['effective'], to: 'effective', by: ['supplier', 'buyer'] },
  { move: 'terminateAgreed', from: ['effective'], to: 'terminatedAgreed', by: ['supplier', 'buyer'] },
  {
    move: 'terminateForced',
    from: ['draft', 'negotiating', 'pendingSignature', 'effective'],
    to: 'terminatedForced',
    by: ['operator'],
  },
  // A contract may not outlast its certificate, right, authorisation or report.
  {
    move: 'loseBasis',
    from: ['draft', 'negotiating', 'pendingSignature', 'effective'],
    to: 'basisEnded',
    by: ['system'],
  },
  { move: 'expire', from: ['effective'], to: 'expired', by: ['system'] },
  // Obligations may be settled after the last day of use.
  { move: 'complete', from: ['effective', 'expired'], to: 'completed', by: ['system'] },
] as const satisfies readonly {
  move: string;
  from: readonly ContractState[];
  to: ContractState;
  by: readonly Actor[];
}[];

export type Move = (typeof contractMoves)[number]['move'];

/** The state after a move; a problem when state or actor do not allow it. */
export const nextState = (state: ContractState, move: Move, by: Actor): ContractState | Problem => {
  const found = contractMoves.find((one) => one.move === move)!;
  const allowed = (found.from as readonly string[]).includes(state) && (found.by as readonly string[]).includes(by);
  return allowed ? found.to : problems.wrongState({ detail: `${move}: ${state}` });
};

export const movesOf = (state: ContractState, by: Actor): Move[] =>
  contractMoves
    .filter((one) => (one.from as readonly string[]).includes(state) && (one.by as readonly string[]).includes(by))
    .map((one) => one.move);

/** Whom an offer is for: a policy for members of a data space narrows everybody to them, and stands beside named participants. */
export const audienceOf = (given: Audience, space: string | undefined): Audience | Problem => {
  if (given.kind === 'participants') return given;
  if (given.kind === 'space' && given.space !== space)
    return problems.audienceDiffers({ field: 'body.audience', detail: given.space });
  return space === undefined ? given : { kind: 'space', space };
};

/** `concludes`: the policy is for everybody, or for members of a data space in which the participant stands. */
export const isOffered = (
  { audience, withdrawnAt }: Pick<Offer, 'audience' | 'withdrawnAt'>,
  participant: string,
  concludes: boolean,
): boolean =>
  withdrawnAt === null &&
  concludes &&
  (audience.kind !== 'participants' || audience.participants.includes(participant));

export interface Term {
  from: Date;
  until: Date;
}

const basisName = (item: BasisItem): string => `${item.kind} ${item.reference} (${item.until})`;

/**
 * The term of a contract: no longer than the shortest of what it stands on (certificate, right to operate, authorisation,
 * compliance report). Without an end asked for, it ends with the first of them.
 */
export const termWithin = (
  basis: readonly BasisItem[],
  asked: { from: Date | null; until: Date | null },
  now: Date,
): Term | Problem => {
  const limited = basis.filter((item) => item.until !== null);
  const first = limited.reduce<BasisItem | undefined>(
    (shortest, item) => (!shortest || new Date(item.until!) < new Date(shortest.until!) ? item : shortest),
    undefined,
  );
  const limit = first ? new Date(first.until!) : undefined;
  if (first && limit! <= now) return problems.basisEnded({ detail: basisName(first) });
  const until = asked.until ?? limit;
  if (!until) return problems.termMissing({ field: 'body.terms.until' });
  if (first && until > limit!) return problems.outlasts({ field: 'body.terms.until', detail: basisName(first) });
  const from = asked.from ?? now;
  if (until <= from || until <= now) return problems.termEmpty({ field: 'body.terms.until' });
  return { from, until };
};

/** Each resource of the product needs a right to operate, or proof of title (of it, or of the whole product). */
export const uncoveredResource = (resources: readonly string[], basis: readonly BasisItem[]): string | undefined =>
  resources.find(
    (resource) =>
      !basis.some(
        (item) =>
          (item.kind === 'operatingRight' && item.subject === resource) ||
          (item.kind === 'titleProof' && (item.subject === resource || item.subject === '')),
      ),
  );

/** Whether proof of title, of the resource or of the whole product, still bears a contract at `at`. */
export const titled = (basis: readonly BasisItem[], resource: string, at: Date): boolean =>
  basis.some(
    (item) =>
      item.kind === 'titleProof' &&
      (item.subject === resource || item.subject === '') &&
      (item.until === null || new Date(item.until) > at),
  );

/** Text in Unicode NFC throughout, since one text must have one hash whatever keyboard wrote it. */
export const normalised = <T>(value: T): T => {
  if (typeof value === 'string') return value.normalize('NFC') as T;
  if (Array.isArray(value)) return value.map(normalised) as T;
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key.normalize('NFC'), normalised(inner)]),
    ) as T;
  return value;
};

/** Canonical bytes, or the problem that names the place where a value has none (a float, a control of depth or size). */
export const canonicalOf = (value: unknown): Uint8Array | Problem => {
  try {
    return canonicalBytes(normalised(value));
  } catch (error) {
    if (error instanceof EvidenceError) return problems.termsInvalid({ detail: error.message });
    throw error;
  }
};

const sameJson = (a: unknown, b: unknown): boolean => {
  const [left, right] = [canonicalOf(a), canonicalOf(b)];
  return !(left instanceof Problem) && !(right instanceof Problem) && Buffer.compare(left, right) === 0;
};

/** Field by field what a proposal changes, each from → to. */
export const differences = (before: ContractTerms, after: ContractTerms): TermDifference[] =>
  (Object.keys(contractTerms.shape) as (keyof ContractTerms)[])
    .filter((field) => !sameJson(before[field], after[field]))
    .map((field) => ({
      field,
      from: before[field] as TermDifference['from'],
      to: after[field] as TermDifference['to'],
    }));

/** What an order took over from its contract and nobody takes over again: these stay as they were signed. */
const orderBound: readonly (keyof ContractTerms)[] = ['price', 'settlementWay', 'tax', 'acceptanceDays'];

/** Of a contract made for an order, the first change that would be signed and never billed. */
export const beyondOrder = (order: string | null, changes: readonly Pick<TermDifference, 'field'>[]) =>
  order === null ? undefined : changes.find(({ field }) => orderBound.includes(field as keyof ContractTerms))?.field;

export interface Negotiation {
  state: VersionState;
  round: number;
  proposedBy: string | null;
}

/** Proposals alternate: who made the last one waits for an answer. */
export const mayPropose = (version: Negotiation, participant: string, roundsMax: number): Problem | undefined => {
  if (version.state !== 'draft' && version.state !== 'negotiating')
    return problems.wrongState({ detail: version.state });
  if (version.proposedBy === participant) return problems.notYourTurn();
  return version.round >= roundsMax ? problems.roundsFull() : undefined;
};

/** Whom a contract waits for. */
export const waitsFor = (
  version: { state: VersionState; confirmedBy: readonly string[] } | undefined,
  signed: readonly string[],
  parties: readonly string[],
): string[] => {
  if (version?.state === 'draft' || version?.state === 'negotiating')
    return parties.filter((party) => !version.confirmedBy.includes(party));
  if (version?.state === 'pendingSignature') return parties.filter((party) => !signed.includes(party));
  return [];
};

/** `{{name}}` in a template; names may have one dot. */
const placeholder = /\{\{\s*([a-zA-Z]+(?:\.[a-zA-Z]+)?)\s*\}\}/g;

export const placeholders = [
  'contract.number',
  'supplier.name',
  'supplier.creditCode',
  'buyer.name',
  'buyer.creditCode',
  'operator.name',
  'product.name',
  'product.version',
  'delivery.modes',
  'policy.lines',
  'price.text',
  'settlement.way',
  'tax.rate',
  'term.from',
  'term.until',
  'acceptance.days',
  'dispute.text',
  'basis.lines',
] as const;
export type Placeholder = (typeof placeholders)[number];

export const unknownPlaceholder = (text: string): string | undefined => {
  for (const [, name] of text.matchAll(placeholder))
    if (!(placeholders as readonly string[]).includes(name!)) return name;
  return undefined;
};

/** Values are put in as they are: a value that looks like a placeholder stays text. */
export const fill = (text: string, values: Readonly<Record<Placeholder, string>>): string =>
  text.replace(placeholder, (_, name: Placeholder) => values[name]);

/** 0.06 → 6 */
export const percentOf = (rate: string): string => {
  const [whole = '0', part = ''] = rate.split('.');
  const digits = `${whole}${part.padEnd(2, '0')}`;
  const shifted = `${digits.slice(0, whole.length + 2)}.${digits.slice(whole.length + 2)}`;
  return shifted.replace(/^0+(?=\d)/, '').replace(/\.0*$|(\.\d*?)0+$/, '$1');
};

/** Of altered columns (with their largest change): those that the dictionary does not name or whose type holds no such step. */
export const watermarkFaults = (
  altered: Readonly<Record<string, string>>,
  columns: readonly { name: string; type: string }[],
): { code: string; path: string; zh: string; en: string }[] =>
  Object.entries(altered).flatMap(([column, change]) => {
    const types = columns.filter(({ name }) => name === column).map(({ type }) => type);
    const fault = (zh: string, en: string) => [
      {
        code: 'watermarkColumn',
        path: '/permission',
        zh: `水印改动的字段“${column}”${zh}`,
        en: `The altered column ${column} ${en}`,
      },
    ];
    if (types.length === 0) return fault('不在数据字典中', 'is not in the dictionary');
    if (types.some((type) => /^(text|string|varchar|boolean|date|bytes|blob|json)$/i.test(type)))
      return fault('既不是数值也不是带时刻的时间', 'holds neither numbers nor times');
    if (types.some((type) => /^(integer|bigint|smallint|tinyint)$/i.test(type)) && !/^\d+(\.0+)?$/.test(change))
      return fault(`是整数，容不下改动量 ${change}`, `holds whole numbers and cannot change by ${change}`);
    return [];
  });
