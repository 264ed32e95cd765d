import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as identifiers from './identifiers.ts';

/** Every other digit at every place: a checksum must notice any single wrong digit. */
function* oneDigitChanged(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 1) {
    if (!/\d/.test(text[at]!)) continue;
    for (const digit of '0123456789') if (digit !== text[at]) yield text.slice(0, at) + digit + text.slice(at + 1);
  }
}

describe('checksummed identifiers', () => {
  const vectors: [string, (text: string) => boolean, string[]][] = [
    ['credit code', identifiers.isCreditCode, ['91330100799655058B', '9144030071526726XG', '914403001922038216']],
    ['resident id', identifiers.isResidentId, ['11010519491231002X', '440524188001010014']],
    ['VIN', (text) => identifiers.checkVin(text) === 'valid', ['1M8GDM9AXKP042788']],
    ['bank card', identifiers.isBankCard, ['4111111111111111']],
    [
      'licence',
      (text) => identifiers.parseLicenceIdentifier(text) !== null,
      ['1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U'],
    ],
  ];
  for (const [name, valid, values] of vectors) {
    for (const value of values) {
      it(`${name}: ${value} is valid, and no digit of it can be changed`, () => {
        expect(valid(value)).toBe(true);
        // Place 9 of a VIN is the check itself and no weight; it is still changed here.
        for (const changed of oneDigitChanged(value)) expect(valid(changed), changed).toBe(false);
      });
    }
  }

  it('refuses dates that do not exist and provinces that do not', () => {
    expect(identifiers.isRealDate(2023, 2, 29)).toBe(false);
    expect(identifiers.isRealDate(2000, 2, 29)).toBe(true);
    expect(identifiers.isRealDate(1900, 2, 29)).toBe(false);
    const sealed = (head: string) => [...'0123456789X'].filter((check) => identifiers.isResidentId(head + check));
    expect(sealed('43010220000229001')).toHaveLength(1);
    expect(sealed('43010219000229001')).toHaveLength(0);
    expect(sealed('99010220000229001')).toHaveLength(0);
  });

  it('reads birth date and sex', () => {
    expect(identifiers.residentIdFacts('11010519491231002X')).toEqual({
      birthDate: '1949-12-31',
      sex: 'female',
      province: '11',
    });
    expect(identifiers.residentIdFacts('110105194912310021')).toBeNull();
  });

  it('warns about a VIN whose check digit is off, and refuses I, O, Q', () => {
    expect(identifiers.checkVin('1M8GDM9A1KP042788')).toBe('warn');
    expect(identifiers.checkVin('1M8GDM9AXKPO42788')).toBe('invalid');
  });

  it('needs an issuer prefix besides Luhn', () => {
    expect(identifiers.passesLuhn('1234567812345670')).toBe(true);
    expect(identifiers.isBankCard('1234567812345670')).toBe(false);
    expect(identifiers.isBankCard('4111 1111 1111 1111')).toBe(true);
  });
});

describe('shapes', () => {
  const table: [(text: string) => boolean, string[], string[]][] = [
    [
      identifiers.isMobile,
      ['13800138000', '+8613800138000', '86 19912345678'],
      ['12800138000', '1380013800', '138001380001'],
    ],
    [
      identifiers.isPlate,
      ['湘A12345', '湘A·D12345', '粤BF12345', '京A12345D', '湘A1234挂', '粤Z1234港'],
      ['湘I12345', '湘A1234', '南A12345', '湘AO1234'],
    ],
    [identifiers.isPassport, ['E12345678', 'EA1234567', 'G12345678'], ['X12345678', 'E1234567', 'EI1234567']],
    [identifiers.isEmail, ['a@b.cn', 'zhang.san+x@mail.example.com'], ['a@b', '@b.cn', 'a b@c.cn', 'a@-b.cn']],
    [identifiers.isIpv4, ['192.168.0.1', '255.255.255.255'], ['256.1.1.1', '1.2.3', '01.2.3.4']],
    [
      identifiers.isIpv6,
      ['::1', '2001:db8::ff00:42:8329', '::ffff:192.0.2.1', '1:2:3:4:5:6:7:8'],
      ['1::2::3', '1:2:3', '12:30:45', 'g::1', '1:2:3:4:5:6:7:8:9', ':1:2:3:4:5:6:7'],
    ],
    [identifiers.isMac, ['00:1A:2b:3c:4d:5e', '00-1A-2B-3C-4D-5E'], ['00:1A:2b:3c:4d', '00:1A-2b:3c:4d:5e']],
    [
      identifiers.isPositionPair,
      ['112.938, 28.228', '28.228123,112.938456', '[112.9381 28.2281]'],
      ['1.5,2.5', '112.938,200.123', '12.345'],
    ],
  ];
  for (const [valid, good, bad] of table) {
    it(valid.name, () => {
      for (const text of good) expect(valid(text), text).toBe(true);
      for (const text of bad) expect(valid(text), text).toBe(false);
    });
  }
});

describe('certificate code', () => {
  it('parses what it formats, 15 characters long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 2000, max: 2099 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 9999 }),
        (registrar, year, month, serial) => {
          const code = { region: '43', registrar: String(registrar), year, month, serial };
          const text = identifiers.formatCertificateCode(code);
          expect(text).toHaveLength(15);
          expect(identifiers.parseCertificateCode(text)).toEqual(code);
        },
      ),
    );
  });

  it('has no serial 0000 and no serial 10000', () => {
    expect(identifiers.parseCertificateCode('SJ4312026070001')).not.toBeNull();
    expect(identifiers.parseCertificateCode('SJ4312026070000')).toBeNull();
    expect(identifiers.parseCertificateCode('SJ4312026130001')).toBeNull();
    expect(() =>
      identifiers.formatCertificateCode({ region: '43', registrar: '1', year: 2026, month: 7, serial: 10_000 }),
    ).toThrow(RangeError);
  });
});
