/**
 * Stable codes: callers may switch on them, texts may change. Each stands with the status that an endpoint of the protocol answers
 * with, and with what it says to a reader.
 */
export const problemCodes = {
  'claims.did-malformed': { status: 400, zh: '标识符不是可用的 did:web', en: 'not a usable did:web identifier' },
  'claims.did-unresolved': { status: 401, zh: '无法取得身份文档', en: 'the DID document could not be read' },
  'claims.key-unknown': {
    status: 401,
    zh: '身份文档没有为此用途列出该密钥',
    en: 'no such key for this use in the DID document',
  },
  'claims.token-missing': { status: 401, zh: '缺少 Bearer 令牌', en: 'a bearer token is missing' },
  'claims.token-malformed': { status: 401, zh: '令牌格式不对', en: 'the token is malformed' },
  'claims.signature-wrong': { status: 401, zh: '签名不成立', en: 'the signature does not verify' },
  'claims.issuer-wrong': {
    status: 401,
    zh: '签发者、主体与密钥不一致',
    en: 'issuer, subject and key do not belong together',
  },
  'claims.audience-wrong': { status: 401, zh: '令牌不是发给本方的', en: 'the token is for somebody else' },
  'claims.not-yet-valid': { status: 401, zh: '尚未生效', en: 'not valid yet' },
  'claims.expired': { status: 401, zh: '已过期', en: 'expired' },
  'claims.replayed': { status: 401, zh: '令牌已用过', en: 'the token was used before' },
  'claims.access-refused': {
    status: 403,
    zh: '访问令牌无效或不属于对方',
    en: 'the access token is not good for this caller',
  },
  'claims.message-malformed': { status: 400, zh: '消息格式不对', en: 'the message is malformed' },
  'claims.not-supported': { status: 501, zh: '不支持', en: 'not supported' },
  'claims.not-found': { status: 404, zh: '没有此请求', en: 'there is no such request' },
  'claims.not-expected': { status: 403, zh: '未曾请求此凭证', en: 'nobody asked for this credential' },
  'claims.holder-unknown': { status: 401, zh: '签发方不向其签发凭证', en: 'the issuer issues nothing to this holder' },
  'claims.too-many': { status: 429, zh: '请求过多，请稍后再试', en: 'too many requests, try again later' },
  'claims.credential-malformed': { status: 401, zh: '凭证格式不对', en: 'the credential is malformed' },
  'claims.credential-missing': { status: 401, zh: '缺少所要求的凭证', en: 'a requested credential was not presented' },
  'claims.presentation-malformed': { status: 401, zh: '出示内容格式不对', en: 'the presentation is malformed' },
  'claims.issuer-untrusted': {
    status: 401,
    zh: '不信任该签发者签发此类凭证',
    en: 'the issuer is not trusted for this type',
  },
  'claims.holder-mismatch': {
    status: 401,
    zh: '凭证不属于出示者',
    en: 'the credential is about somebody else than its presenter',
  },
  'claims.schema-violated': { status: 401, zh: '凭证不符合其模式', en: 'the credential does not follow its schema' },
  'claims.revoked': { status: 401, zh: '凭证已被撤销或暂停', en: 'the credential is revoked or suspended' },
  'claims.status-unknown': {
    status: 401,
    zh: '无法确认凭证状态',
    en: 'the status of the credential could not be told',
  },
  'claims.unreachable': { status: 401, zh: '无法取得对方的答复', en: 'no usable answer from the other side' },
  'claims.too-large': { status: 401, zh: '超出大小限制', en: 'larger than the limit' },
} as const satisfies Record<string, { status: number; zh: string; en: string }>;

export type ClaimsProblemCode = keyof typeof problemCodes;

export class ClaimsError extends Error {
  readonly code: ClaimsProblemCode;
  constructor(code: ClaimsProblemCode, detail = '') {
    super(detail ? `${problemCodes[code].en}: ${detail}` : problemCodes[code].en);
    this.name = 'ClaimsError';
    this.code = code;
  }
  /** Of the answer that an endpoint of the protocol gives. */
  get status(): number {
    return problemCodes[this.code].status;
  }
}

export const refuse = (code: ClaimsProblemCode, detail = ''): never => {
  throw new ClaimsError(code, detail);
};
