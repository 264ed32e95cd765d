/** Why a message is not taken. `path` is a JSON pointer into it, empty for the whole. Codes are stable. */
export type FaultCode =
  | 'notAnObject'
  | 'tooDeep'
  | 'typeWrong'
  | 'schemaViolated'
  | 'targetMissing'
  | 'targetForbidden'
  | 'timestampMissing'
  | 'callbackInvalid'
  | 'idEmpty'
  | 'tooLong'
  | 'stateForbids'
  | 'sideForbids'
  | 'notResumable';

export type Fault = { code: FaultCode; path: string; zh: string; en: string };

export const bilingual = (zh: string, en: string): { zh: string; en: string } => ({ zh, en });

export const fault = (code: FaultCode, path: string, words: { zh: string; en: string }): Fault => ({
  code,
  path,
  ...words,
});

/** Of both state machines. `state` is null before the first message. */
export const forbids = (state: string | null, act: string): Fault =>
  fault(
    'stateForbids',
    '',
    bilingual(`状态 ${state ?? '（未开始）'} 不允许 ${act}`, `${act} is not possible in ${state ?? 'no state'}`),
  );
export const wrongSide = (act: string): Fault =>
  fault('sideForbids', '', bilingual(`${act} 须由对方发出`, `${act} is for the other side`));
