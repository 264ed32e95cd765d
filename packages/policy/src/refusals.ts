/** Every reason for which a use is refused. Codes are stable: buyers' programs branch on them. */
const CATALOGUE = {
  withdrawn: [403, '合同已终止，使用授权已撤回', 'The contract has ended; the grant is withdrawn'],
  suspended: [403, '使用授权已暂停', 'The grant is suspended'],
  notAssignee: [403, '请求方不是合同的需方', 'The requester is not the buyer named in the contract'],
  notYetValid: [403, '使用期限尚未开始', 'The period of use has not begun'],
  expired: [403, '使用期限已过', 'The period of use is over'],
  outsideHours: [403, '当前不在约定的使用时段内', 'Outside the agreed hours of the day'],
  driverNotAllowed: [403, '合同不允许以此方式交付', 'The contract does not allow this delivery path'],
  computationOnly: [403, '数据仅供计算，不得取出', 'The data may only be computed on, not handed out'],
  actionNotAllowed: [403, '合同未许可此用法', 'The contract does not permit this action'],
  purposeMissing: [403, '须说明使用目的', 'A purpose must be stated'],
  purposeNotAllowed: [403, '合同未许可此目的', 'The contract does not permit this purpose'],
  regionNotAllowed: [403, '请求方所在地区不在许可范围内', 'The region of the requester is not permitted'],
  authorisationMissing: [403, '须逐次提供授权凭证号', 'Each call needs an authorisation reference'],
  fieldNotAllowed: [403, '请求的字段不在许可范围内', 'A requested column is not permitted'],
  countExhausted: [403, '约定的次数已用完', 'The agreed number of calls is used up'],
  volumeExhausted: [403, '约定的用量已用完', 'The agreed volume is used up'],
  tooFast: [429, '请求过快，请稍后再试', 'Too fast; try again later'],
} as const;

export type RefusalCode = keyof typeof CATALOGUE;
export const REFUSAL_CODES = Object.keys(CATALOGUE) as RefusalCode[];

export type Refusal = {
  allow: false;
  code: RefusalCode;
  /** HTTP status: 429 only for a rate, 403 for all that waiting a moment does not cure. */
  status: 403 | 429;
  /** Whole seconds after which the same request may pass; absent when waiting does not help. */
  retryAfter?: number;
  zh: string;
  en: string;
};

export function refusal(code: RefusalCode, retryAfterSeconds?: number): Refusal {
  const [status, zh, en] = CATALOGUE[code];
  return {
    allow: false,
    code,
    status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfter: retryAfterSeconds }),
    zh,
    en,
  };
}
