/** What becomes of a refusal of the gateway by waiting: the one rule for all that brings what the gateway gives. Pure. */
import type { RefusalCode } from '@shugu/policy';

/** `lifts`: time alone lifts it, and so long it may take; `again`: another try may do; `final`: somebody has to do something. */
export type Outlook = { kind: 'lifts'; seconds: number } | { kind: 'again' } | { kind: 'final' };

/** Contract and quota are as they are: it is only not yet, or not now. */
const lifting: readonly string[] = ['tooFast', 'outsideHours', 'notYetValid', 'preparing'] satisfies (
  | RefusalCode
  | 'preparing'
)[];

/** Between two looks: what was agreed may be amended meanwhile. Without a time of its own it is looked at soon. */
const secondsMax = 3600;
const secondsElse = 5;

export const outlookOf = ({
  code,
  status,
  retryAfter,
}: {
  code: string;
  status: number;
  retryAfter?: number | undefined;
}): Outlook => {
  if (lifting.includes(code))
    return { kind: 'lifts', seconds: Math.min(secondsMax, Math.max(1, retryAfter ?? secondsElse)) };
  return { kind: status >= 500 || status === 429 ? 'again' : 'final' };
};
