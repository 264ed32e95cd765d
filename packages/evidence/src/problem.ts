/** Stable codes: callers may switch on them, texts may change. */
export type EvidenceProblemCode =
  | 'evidence.canonical-value'
  | 'evidence.canonical-bytes'
  | 'evidence.too-large'
  | 'evidence.too-deep'
  | 'evidence.key-malformed'
  | 'evidence.signature-malformed'
  | 'evidence.sealed-malformed'
  | 'evidence.sealed-wrong-key'
  | 'evidence.salt'
  | 'evidence.entry-malformed'
  | 'evidence.bundle-malformed'
  | 'evidence.trust-malformed'
  | 'evidence.promise-malformed'
  | 'evidence.der-malformed'
  | 'evidence.stamp-wrong'
  | 'evidence.stamp-refused'
  | 'evidence.receipts-malformed'
  | 'evidence.certified-signature'
  | 'evidence.certificate-untrusted'
  | 'evidence.certificate-unfit'
  | 'evidence.certificate-expired'
  | 'evidence.certificate-revoked'
  | 'evidence.revocation-unknown';

/** What the codes say to a reader of Chinese; the texts of errors are English and say more. */
export const problemTitles: Record<EvidenceProblemCode, string> = {
  'evidence.canonical-value': '含有不能规范表示的值',
  'evidence.canonical-bytes': '不是规范编码的 JSON',
  'evidence.too-large': '文件过大',
  'evidence.too-deep': '嵌套过深',
  'evidence.key-malformed': '公钥格式不对',
  'evidence.signature-malformed': '签名格式不对',
  'evidence.sealed-malformed': '密封内容格式不对',
  'evidence.sealed-wrong-key': '密封内容与密钥不符',
  'evidence.salt': '盐的长度不对',
  'evidence.entry-malformed': '日志条目格式不对',
  'evidence.bundle-malformed': '凭证包格式不对',
  'evidence.trust-malformed': '信任文件格式不对',
  'evidence.promise-malformed': '收录承诺格式不对',
  'evidence.der-malformed': '证书或时间戳格式不对',
  'evidence.stamp-wrong': '时间戳不成立',
  'evidence.stamp-refused': '时间戳机构拒绝了请求',
  'evidence.receipts-malformed': '回执包格式不对',
  'evidence.certified-signature': '签名不是用该证书的密钥对这些字节作出的',
  'evidence.certificate-untrusted': '证书不能验证至所信任的机构',
  'evidence.certificate-unfit': '证书的用途、扩展项或载明的统一社会信用代码不符合要求',
  'evidence.certificate-expired': '证书或其上级证书在该时刻不在有效期内',
  'evidence.certificate-revoked': '证书或其上级证书已被吊销',
  'evidence.revocation-unknown': '没有签发机构当前有效的吊销列表',
};

/** The title with the place, or the text of an error that is none of ours. */
export const chineseOf = (error: Error): string =>
  error instanceof EvidenceError ? `${problemTitles[error.code]}${error.at ? `：${error.at}` : ''}` : error.message;

/** `at`: where in the value, as in `document.parties[0].name`. */
export class EvidenceError extends Error {
  readonly code: EvidenceProblemCode;
  readonly at: string | undefined;
  constructor(code: EvidenceProblemCode, message: string, at?: string) {
    super(at ? `${at}: ${message}` : message);
    this.name = 'EvidenceError';
    this.code = code;
    this.at = at;
  }
}
