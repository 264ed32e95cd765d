/**
 * Chinese and common identifiers: shape and checksum. Pure; a `true` says that the text is well formed, never that the
 * number was issued to anyone.
 */

/** First two digits of GB/T 2260: the 34 province-level divisions, and 91 foreign, 83 Taiwan resident permits. */
const provincePrefixes = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91'.split(
    ' ',
  ),
);

const residentIdWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const residentIdChecks = '10X98765432';
const residentIdShape = /^[1-9]\d{5}(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx]$/;

/** 居民身份证号码 (GB 11643): province prefix, real birth date, weighted sum mod 11. */
export function isResidentId(text: string): boolean {
  if (!residentIdShape.test(text) || !provincePrefixes.has(text.slice(0, 2))) return false;
  if (!isRealDate(Number(text.slice(6, 10)), Number(text.slice(10, 12)), Number(text.slice(12, 14)))) return false;
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += residentIdWeights[at]! * (text.charCodeAt(at) - 48);
  return residentIdChecks[sum % 11] === text[17]!.toUpperCase();
}

/** Birth date in a valid number, ISO; the 17th digit is odd for men. */
export function residentIdFacts(text: string): { birthDate: string; sex: 'male' | 'female'; province: string } | null {
  if (!isResidentId(text)) return null;
  const birthDate = `${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`;
  return { birthDate, sex: Number(text[16]) % 2 === 1 ? 'male' : 'female', province: text.slice(0, 2) };
}

const creditCodeAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const creditCodeWeights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/** 统一社会信用代码 (GB 32100): 18 of an alphabet without I O S V Z; check = (31 − sum mod 31) mod 31. */
export function isCreditCode(text: string): boolean {
  if (!/^[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}$/.test(text)) return false;
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += creditCodeWeights[at]! * creditCodeAlphabet.indexOf(text[at]!);
  return creditCodeAlphabet[(31 - (sum % 31)) % 31] === text[17];
}

/** 手机号: 11 digits from 13 to 19, with or without +86. */
export function isMobile(text: string): boolean {
  return /^(?:(?:\+|00)?86[- ]?)?1[3-9]\d{9}$/.test(text);
}

/** The Luhn sum of a digit text (ISO/IEC 7812-1 annex B). One number in ten passes by chance. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  let doubled = false;
  for (let at = digits.length - 1; at >= 0; at -= 1) {
    let digit = digits.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return false;
    if (doubled) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
    doubled = !doubled;
  }
  return digits.length > 0 && sum % 10 === 0;
}

/** 银行卡: 16–19 digits (spaces or hyphens every four allowed), issuer prefix 62 (UnionPay), 4 or 51–55, and Luhn. */
export function isBankCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, '');
  return /^(?:62\d{14,17}|4\d{15}|5[1-5]\d{14})$/.test(digits) && passesLuhn(digits);
}

const plateProvinces = '京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼';
const plateShape = new RegExp(
  `^[${plateProvinces}][A-HJ-NP-Z](?:[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳]|[DF][A-HJ-NP-Z0-9]\\d{4}|\\d{5}[DF])$`,
);

/** 机动车号牌 (GA 36): five places, or six for new-energy vehicles. A dot or blank after the letter is allowed. */
export function isPlate(text: string): boolean {
  return plateShape.test(text.replace(/^(..)[·• ]/, '$1'));
}

const vinWeights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const vinValues: Record<string, number> = Object.fromEntries(
  [...'ABCDEFGH']
    .map((letter, at) => [letter, at + 1] as const)
    .concat(
      [...'JKLMN'].map((letter, at) => [letter, at + 1] as const),
      [
        ['P', 7],
        ['R', 9],
      ],
      [...'STUVWXYZ'].map((letter, at) => [letter, at + 2] as const),
    ),
);

/** 车辆识别代号 (GB 16735 / ISO 3779). 'warn': right shape, wrong check digit; vehicles made for other markets may lack it. */
export function checkVin(text: string): 'valid' | 'warn' | 'invalid' {
  if (!/^[A-HJ-NPR-Z0-9]{17}$/.test(text)) return 'invalid';
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += vinWeights[at]! * (vinValues[text[at]!] ?? Number(text[at]));
  return '0123456789X'[sum % 11] === text[8] ? 'valid' : 'warn';
}

/** 普通、公务、外交护照 and 港澳通行证 shapes; there is no public check digit outside the machine-readable zone. */
export function isPassport(text: string): boolean {
  return /^(?:E[A-HJ-NP-Z]\d{7}|[EGDSPHC]\d{8})$/.test(text);
}

export function isEmail(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}$/.test(text)
  );
}

export function isIpv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/.test(text);
}

/** RFC 4291 text form, with one `::` at most and an optional dotted IPv4 tail. */
export function isIpv6(text: string): boolean {
  if (!/^[0-9A-Fa-f:.]{2,45}$/.test(text) || !text.includes(':')) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const half of halves) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [at, part] of parts.entries()) {
      const isTail = at === parts.length - 1 && half === halves.at(-1);
      if (isTail && part.includes('.')) {
        if (!isIpv4(part)) return false;
        groups += 2;
      } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups += 1;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

export function isMac(text: string): boolean {
  return /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$|^[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}$/.test(text);
}

/** A pair of degrees with at least three decimals each (about 100 m), in either order. */
export function isPositionPair(text: string): boolean {
  const match = /^[([]?\s*(-?\d{1,3}\.\d{3,15})\s*[,，;\s]\s*(-?\d{1,3}\.\d{3,15})\s*[)\]]?$/.exec(text);
  if (!match) return false;
  const first = Math.abs(Number(match[1]));
  const second = Math.abs(Number(match[2]));
  return (first <= 180 && second <= 90) || (first <= 90 && second <= 180);
}

const mod37Alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Check character of ISO/IEC 7064 MOD 37,36 over digits and capital letters; null when another character occurs. */
export function mod37Check(text: string): string | null {
  let product = 36;
  for (const character of text) {
    const value = mod37Alphabet.indexOf(character);
    if (value < 0) return null;
    const sum = (product + value) % 36 || 36;
    product = (sum * 2) % 37;
  }
  return mod37Alphabet[(37 - product) % 36] ?? null;
}

export interface LicenceIdentifier {
  typeCode: string;
  issuerCode: string;
  serial: string;
  version: string;
  check: string;
}

/**
 * 电子证照标识 (GB/T 36904): `1.2.156.3005.2` . type (owner's 18-character code + 3) . issuer . serial . version . check, the
 * check being MOD 37,36 over the four parts without the dots. Null when the shape or the check is wrong.
 */
export function parseLicenceIdentifier(text: string): LicenceIdentifier | null {
  const match = /^1\.2\.156\.3005\.2\.([0-9A-Z]{21})\.([0-9A-Z]{18})\.([0-9A-Z.]{1,64})\.(\d{3})\.([0-9A-Z])$/.exec(
    text,
  );
  if (!match) return null;
  const [, typeCode, issuerCode, serial, version, check] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (mod37Check(typeCode + issuerCode + serial.replaceAll('.', '') + version) !== check) return null;
  return { typeCode, issuerCode, serial, version, check };
}

export interface CertificateCode {
  /** GB/T 2260 province prefix, two digits. */
  region: string;
  /** One digit given to each registrar of the region. */
  registrar: string;
  year: number;
  month: number;
  /** 1–9999, anew each month: the ceiling of one registrar. */
  serial: number;
}

/** 登记凭证编码 (国数综政策〔2026〕35号): SJ + region 2 + registrar 1 + YYYYMM + serial 4, no check digit. */
export function parseCertificateCode(text: string): CertificateCode | null {
  const match = /^SJ(\d{2})(\d)(20\d{2})(0[1-9]|1[0-2])(\d{4})$/.exec(text);
  if (!match || match[5] === '0000') return null;
  return {
    region: match[1]!,
    registrar: match[2]!,
    year: Number(match[3]),
    month: Number(match[4]),
    serial: Number(match[5]),
  };
}

/** Regions from 92 on belong to no province: what carries one was never registered, whoever prints it. */
export const isSpecimenCode = (text: string): boolean => /^SJ9[2-9]/.test(text);

/** @throws RangeError when a part does not fit the code, such as serial 10000 in one month. */
export function formatCertificateCode(code: CertificateCode): string {
  const { region, registrar, year, month, serial } = code;
  const text = `SJ${region}${registrar}${year}${String(month).padStart(2, '0')}${String(serial).padStart(4, '0')}`;
  if (!parseCertificateCode(text)) throw new RangeError(`Not a certificate code: ${text}`);
  return text;
}

/** Gregorian calendar, months from 1. */
export function isRealDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!;
}
