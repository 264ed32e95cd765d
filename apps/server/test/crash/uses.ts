/** What callers saw of an order, held against what is on record of it. Pure: a test shows each fault that it finds. */

export interface Call {
  gateway: number;
  /** Monotonic ms. */
  sentAt: number;
  endedAt: number;
  /** `later`: not now, by no fault of the contract's. `broken`: no answer, or a part of one. Else the code of a refusal. */
  outcome: 'answered' | 'countExhausted' | 'later' | 'broken' | (string & {});
  receipt?: string;
}

/** From the kill of a gateway until it served again and the exchange held its records. */
export interface Death {
  gateway: number;
  from: number;
  until: number;
}

export interface Recorded {
  id: string;
  status: string;
  calls: number;
  bytes: number;
  corrects: string | null;
}

/** A long answer that broke off: how many bytes of it arrived. */
export interface Cut {
  receipt: string;
  received: number;
}

/** A gateway may repeat a verdict for 0.2 s; more, since machines are slow. */
const verdictMs = 1000;
/** An answer of this size has run through several checkpoints, one a second. */
export const longBytes = 2 ** 20;

const during = (call: Call, { from, until }: Death, more = 0): boolean =>
  call.endedAt >= from && call.sentAt <= until + more;

const endedAs = (calls: readonly Call[], outcome: Call['outcome']): Call[] =>
  calls.filter((call) => call.outcome === outcome);

const known = new Set(['answered', 'countExhausted', 'later', 'broken']);

/** Refused, though not even every call begun by then, whatever became of it, had used up what was ordered. */
const refusedEarly = (ordered: number, calls: readonly Call[], deaths: readonly Death[]): Call[] => {
  const begun = calls.filter(({ outcome }) => outcome === 'answered' || outcome === 'broken');
  return endedAs(calls, 'countExhausted').filter(
    (refused) =>
      !deaths.some((death) => during(refused, death, verdictMs)) &&
      begun.filter(({ sentAt }) => sentAt <= refused.endedAt).length < ordered,
  );
};

/** Faults of an order of so many calls, as its callers saw them. */
export const callFaults = (ordered: number, calls: readonly Call[], deaths: readonly Death[]): string[] => {
  const faults: string[] = [];
  const answered = endedAs(calls, 'answered').map(({ receipt }) => receipt);
  if (new Set(answered).size !== answered.length) faults.push('two answers have one receipt');
  if (answered.length > ordered) faults.push(`${answered.length} calls were answered, ${ordered} were ordered`);
  const isAstray = (call: Call) => !deaths.some((death) => death.gateway === call.gateway && during(call, death));
  const astray = endedAs(calls, 'broken').filter(isAstray).length;
  if (astray > 0) faults.push(`${astray} calls broke at a gateway that was not killed`);
  const early = refusedEarly(ordered, calls, deaths).length;
  if (early > 0) faults.push(`${early} calls were refused while something was left`);
  for (const code of new Set(calls.map(({ outcome }) => outcome)))
    if (!known.has(code)) faults.push(`calls were answered ${code}`);
  return faults;
};

/** Faults of what is on record of those calls. */
export const recordFaults = (ordered: number, calls: readonly Call[], recorded: readonly Recorded[]): string[] => {
  const faults: string[] = [];
  const answered = endedAs(calls, 'answered').map(({ receipt }) => receipt!);
  const byId = new Map(recorded.map((one) => [one.id, one]));
  if (byId.size !== recorded.length) faults.push(`${recorded.length - byId.size} uses are recorded twice`);
  const lost = answered.filter((id) => byId.get(id)?.status !== 'complete').length;
  if (lost > 0) faults.push(`${lost} of ${answered.length} answered uses are not recorded as complete`);
  const counted = recorded.reduce((sum, one) => sum + one.calls, 0);
  if (counted !== ordered) faults.push(`${counted} calls are recorded, ${ordered} were ordered`);
  // A process that dies may have put on record what it did not answer any more.
  const [unheard, broken] = [byId.size - answered.length, endedAs(calls, 'broken').length];
  if (unheard > broken) faults.push(`${unheard} records without an answer, but only ${broken} calls broke`);
  return faults;
};

/** Faults of long answers that all broke off, paid by the byte. `billed`: what the statement says was used. */
export const cutFaults = (cuts: readonly Cut[], recorded: readonly Recorded[], billed: number): string[] => {
  const faults: string[] = [];
  const sums = new Map<string, number>();
  for (const { id, status, bytes, calls, corrects } of recorded) {
    if (status !== 'incomplete') faults.push(`${id}, whose answer was cut, is recorded as ${status}`);
    if (calls !== (corrects ? 0 : 1)) faults.push(`${id} counts ${calls} calls`);
    sums.set(corrects ?? id, (sums.get(corrects ?? id) ?? 0) + bytes);
  }
  if (new Set(recorded.map(({ id }) => id)).size !== recorded.length) faults.push('a part is recorded twice');
  for (const { receipt, received } of cuts) {
    const bytes = sums.get(receipt) ?? 0;
    if (bytes > received) faults.push(`${receipt}: ${bytes} bytes are recorded, ${received} arrived`);
    if (bytes === 0 && received >= longBytes) faults.push(`${receipt}: none of ${received} bytes is on record`);
    sums.delete(receipt);
  }
  for (const [id, bytes] of sums) if (bytes > 0) faults.push(`${id} is recorded, and nobody read it`);
  const total = recorded.reduce((sum, { bytes }) => sum + bytes, 0);
  if (billed !== total) faults.push(`${billed} bytes are billed, ${total} are on record`);
  return faults;
};
