import * as identifiers from '../identifiers.ts';

export type IdentifierKind =
  | 'residentId'
  | 'mobile'
  | 'bankCard'
  | 'plate'
  | 'vin'
  | 'passport'
  | 'email'
  | 'ipv4'
  | 'ipv6'
  | 'mac'
  | 'position'
  | 'personName'
  | 'address'
  | 'creditCode'
  | 'birthDate'
  | 'socialInsurance'
  | 'health'
  | 'biometric'
  | 'belief'
  | 'account'
  | 'minor';

/** What a kind means under 个人信息保护法: personal (art. 4), sensitive (art. 28). `basis` says why, for people. */
export interface KindFacts {
  zh: string;
  en: string;
  personal: boolean;
  sensitive: boolean;
  basis: string;
}

const sensitive28 = '个人信息保护法 第28条';
const personal4 = '个人信息保护法 第4条';

export const kindFacts: Record<IdentifierKind, KindFacts> = {
  residentId: {
    zh: '居民身份证号',
    en: 'Resident ID number',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（特定身份）`,
  },
  mobile: { zh: '手机号', en: 'Mobile number', personal: true, sensitive: false, basis: personal4 },
  bankCard: {
    zh: '银行卡号',
    en: 'Bank card number',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（金融账户）`,
  },
  plate: { zh: '车牌号', en: 'Vehicle plate', personal: true, sensitive: false, basis: personal4 },
  vin: { zh: '车辆识别代号', en: 'Vehicle identification number', personal: true, sensitive: false, basis: personal4 },
  passport: {
    zh: '护照号',
    en: 'Passport number',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（特定身份）`,
  },
  email: { zh: '电子邮箱', en: 'E-mail address', personal: true, sensitive: false, basis: personal4 },
  ipv4: { zh: 'IP 地址', en: 'IPv4 address', personal: true, sensitive: false, basis: personal4 },
  ipv6: { zh: 'IPv6 地址', en: 'IPv6 address', personal: true, sensitive: false, basis: personal4 },
  mac: { zh: '设备 MAC 地址', en: 'MAC address', personal: true, sensitive: false, basis: personal4 },
  position: {
    zh: '精确位置',
    en: 'Precise position',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（行踪轨迹）`,
  },
  personName: { zh: '姓名', en: 'Name of a person', personal: true, sensitive: false, basis: personal4 },
  address: { zh: '地址', en: 'Address', personal: true, sensitive: false, basis: personal4 },
  creditCode: {
    zh: '统一社会信用代码',
    en: 'Unified social credit code',
    personal: false,
    sensitive: false,
    basis: '组织标识，不是个人信息',
  },
  birthDate: { zh: '出生日期', en: 'Date of birth', personal: true, sensitive: false, basis: personal4 },
  socialInsurance: {
    zh: '社保医保号',
    en: 'Social or medical insurance number',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（医疗健康）`,
  },
  health: {
    zh: '医疗健康信息',
    en: 'Health information',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（医疗健康）`,
  },
  biometric: {
    zh: '生物识别信息',
    en: 'Biometric information',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（生物识别）`,
  },
  belief: {
    zh: '宗教信仰',
    en: 'Religious belief',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（宗教信仰）`,
  },
  account: {
    zh: '金融账户信息',
    en: 'Financial account information',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（金融账户）`,
  },
  minor: {
    zh: '不满十四周岁未成年人信息',
    en: 'Information on a child under 14',
    personal: true,
    sensitive: true,
    basis: `${sensitive28}（不满十四周岁）`,
  },
};

/** How one kind is told by a value: a shape, then a proof (checksum or stricter form) where there is one. */
export interface ValueRule {
  kind: IdentifierKind;
  shape(value: string): boolean;
  proof(value: string): boolean;
  /** Part of random values of this shape that pass the proof: a column must pass clearly more often than chance. */
  chance: number;
  /** Finds the kind within longer text; null when it cannot be told there. Digits on either side are excluded. */
  within: RegExp | null;
}

const spaceless = (value: string) => value.replace(/[\s-]/g, '');

/** In order of trust: the first rule that fits a value has it. */
export const valueRules: ValueRule[] = [
  {
    kind: 'residentId',
    shape: (value) => /^\d{17}[\dXx]$/.test(value),
    proof: identifiers.isResidentId,
    chance: 0.001,
    within: /(?<![\dA-Za-z])[1-9]\d{5}(?:19|20)\d{9}[\dXx](?![\dA-Za-z])/g,
  },
  {
    kind: 'creditCode',
    shape: (value) => /^[0-9A-Z]{18}$/.test(value),
    proof: identifiers.isCreditCode,
    chance: 1 / 31,
    within: null,
  },
  {
    kind: 'bankCard',
    shape: (value) => /^(?:62|4|5[1-5])\d{14,17}$/.test(spaceless(value)),
    proof: identifiers.isBankCard,
    chance: 0.1,
    within: /(?<![\dA-Za-z])62\d{14,17}(?![\dA-Za-z])/g,
  },
  {
    kind: 'vin',
    shape: (value) => /^(?=.*[A-Z])(?=.*\d)[A-HJ-NPR-Z0-9]{17}$/.test(value),
    proof: (value) => identifiers.checkVin(value) === 'valid',
    chance: 1 / 11,
    within: null,
  },
  {
    kind: 'mobile',
    shape: identifiers.isMobile,
    proof: identifiers.isMobile,
    chance: 0.07,
    within: /(?<![\dA-Za-z.])(?:\+?86[- ]?)?1[3-9]\d{9}(?![\dA-Za-z]|\.\d)/g,
  },
  { kind: 'plate', shape: identifiers.isPlate, proof: identifiers.isPlate, chance: 0, within: null },
  { kind: 'passport', shape: identifiers.isPassport, proof: identifiers.isPassport, chance: 0.2, within: null },
  {
    kind: 'email',
    shape: identifiers.isEmail,
    proof: identifiers.isEmail,
    chance: 0,
    within: /(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}(?![\w-])/g,
  },
  { kind: 'ipv4', shape: identifiers.isIpv4, proof: identifiers.isIpv4, chance: 0, within: null },
  { kind: 'mac', shape: identifiers.isMac, proof: identifiers.isMac, chance: 0, within: null },
  { kind: 'ipv6', shape: identifiers.isIpv6, proof: identifiers.isIpv6, chance: 0, within: null },
  { kind: 'position', shape: identifiers.isPositionPair, proof: identifiers.isPositionPair, chance: 0, within: null },
];
