/** Pure decisions: what a measure stops, who may confirm, when an emergency freeze lapses. */
import type { Directive, FoundTarget, Hold, Measure, TargetKind } from './model.ts';

const suspendable: readonly TargetKind[] = ['listing', 'product', 'organisation'];

export const fits = (measure: Measure, kind: TargetKind): boolean =>
  measure !== 'suspendListing' || suspendable.includes(kind);

/** Emergency or not, a freeze stops use and new orders; what it holds is let go by source, so that two never undo each other. */
export const holdsOf = (measure: Measure, target: Pick<FoundTarget, 'kind' | 'id' | 'product'>): Hold[] => {
  if (measure === 'explain' || measure === 'lift') return [];
  const listing: Hold[] = suspendable.includes(target.kind)
    ? [{ kind: 'listing', target: target.product ?? target.id }]
    : [];
  if (measure === 'suspendListing') return listing;
  switch (target.kind) {
    case 'grant':
    case 'contract':
      return [{ kind: target.kind, target: target.id }];
    case 'organisation':
      return [...listing, { kind: 'participant', target: target.id }, { kind: 'standing', target: target.id }];
    default:
      return [...listing, { kind: 'product', target: target.product! }];
  }
};

export type ConfirmRefusal = 'samePerson' | 'wrongState' | 'confirmLate';

/** @param person who confirms or declines */
export const confirmRefusal = (
  one: Pick<Directive, 'state' | 'emergency' | 'confirmed_by' | 'confirm_by' | 'issued_by'>,
  person: string,
  now: Date,
): ConfirmRefusal | undefined => {
  const awaits = one.state === 'proposed' || (one.state === 'effective' && one.confirmed_by === null);
  if (!awaits) return 'wrongState';
  if (one.issued_by === person) return 'samePerson';
  return hasLapsed(one, now) ? 'confirmLate' : undefined;
};

export const hasLapsed = (
  one: Pick<Directive, 'state' | 'emergency' | 'confirmed_by' | 'confirm_by'>,
  now: Date,
): boolean =>
  one.state === 'effective' &&
  one.emergency &&
  one.confirmed_by === null &&
  one.confirm_by !== null &&
  one.confirm_by <= now;

/**
 * Which products a frozen right stops: a frozen right to hold those of everybody on the resource, a frozen right to use or
 * operate those of its holder.
 */
export const stoppedBy = (
  right: { kind: string; participant: string },
  products: readonly { id: string; participant: string }[],
): string[] =>
  products.filter((one) => right.kind === 'hold' || one.participant === right.participant).map((one) => one.id);

/** Whether the deadline has passed without any answer. */
export const unanswered = (one: Pick<Directive, 'state' | 'answer_by'>, answers: number, now: Date): boolean =>
  one.state === 'effective' && answers === 0 && one.answer_by !== null && one.answer_by <= now;
