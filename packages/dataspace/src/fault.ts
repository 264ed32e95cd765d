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
