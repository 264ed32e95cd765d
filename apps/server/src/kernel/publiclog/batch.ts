/**
 * What a batch of the log gives away. Commitments show one kind, stand in random order, and come in multiples of a fixed number:
 * who reads the log learns that something was recorded since the last batch, not what, how much or by whom
 * (docs/decisions/0009-rhythm-of-commitments.md).
 */
import type { PendingEntry } from './store.ts';

export const batchLimits = { commitmentsMultiple: 8 } as const;

/** How many commitments to nothing are added to that many. */
export const paddingFor = (commitments: number): number => {
  const { commitmentsMultiple: multiple } = batchLimits;
  return (multiple - (commitments % multiple)) % multiple;
};

/** Clear entries as they came, then commitments by their own bytes, which are random. */
export const inBatchOrder = (entries: readonly PendingEntry[]): PendingEntry[] => {
  const of = (form: PendingEntry['form']) => entries.filter((one) => one.form === form);
  return [
    ...of('clear').sort((a, b) => (a.id < b.id ? -1 : 1)),
    ...of('commitment').sort((a, b) => Buffer.compare(a.entry, b.entry)),
  ];
};
