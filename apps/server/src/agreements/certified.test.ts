/** Contracts signed with certificates of a connected certification authority, through the door and by its own tools. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificatesInPem, readRevocationList, verifyCertified } from '@shugu/evidence';
import { makeTestCertifier, pem, type TestKeyKind, type TestList, type TestSigner } from '@shugu/evidence/testing/x509';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../kernel/config.ts';
import { sql } from '../kernel/db/db.ts';
import { stopTestPostgres } from '../kernel/postgres/testing.ts';
import { type ContractDraft, checkAuthorities, readAuthorities } from './index.ts';
import { draftFor, type Market, openMarket, start, type Who } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'shugu-authorities-'));
const file = join(folder, 'authorities.json');
const day = (count: number) => new Date(start.getTime() + count * 86_400_000);
const codes = { buyer: '91430100MA00000022', supplier: '91430100MA00000011' };

const certifiers = { specimen: makeTestCertifier({ at: start, kind: 'sm2' }), other: makeTestCertifier({ at: start }) };
type Certifier = keyof typeof certifiers;
const titles = {
  specimen: { zh: '样张电子认证', en: 'Specimen CA' },
  other: { zh: '另一电子认证', en: 'Other CA' },
};
let changes = 0;
/** Replaces the list, as an operator's cron does. */
const putList = (id: Certifier, revoked: TestList['revoked'] = [], more: Partial<TestList> = {}) => {
  const path = join(folder, `${id}.crl`);
  writeFileSync(path, pem('X509 CRL', certifiers[id].list(revoked, more)));
  // Two writes in one tick of the file system's clock would look like one.
  utimesSync(path, new Date(), new Date(Date.now() + 1000 * ++changes));
};
const settings = (['specimen', 'other'] as const).map((id) => ({
  id,
  title: titles[id],
  certificates: `${id}.pem`,
  revocations: [`${id}.crl`],
  creditCodeIn: ['2.5.4.97'],
}));

let market: Market;
let sold: { version: string };

beforeAll(async () => {
  for (const id of ['specimen', 'other'] as const) {
    writeFileSync(join(folder, `${id}.pem`), pem('CERTIFICATE', certifiers[id].root.certificate));
    putList(id);
  }
  writeFileSync(file, JSON.stringify(settings));
  market = await openMarket({ authorities: file });
  sold = await market.version();
  await market.call('reviewer', 'POST', '/api/contract-templates/import', {});
  const drafts = (await market.call('approver', 'GET', '/api/contract-templates?state=draft')).body.items;
  for (const { id } of drafts) await market.call('approver', 'POST', `/api/contract-templates/${id}/enable`, {});
}, 120_000);

afterAll(async () => {
  await market.close();
  rmSync(folder, { recursive: true, force: true });
  await stopTestPostgres();
});

const draft = (more: Partial<ContractDraft> = {}) =>
  market.as('system', (tx) => market.agreements.draftContract(tx, draftFor(sold.version, { agreed: true, ...more })));
const view = async (id: string) => (await market.call('buyer', 'GET', `/api/contracts/${id}`)).body;
const sign = async (who: Who, id: string, certified?: object) => {
  const { open, current } = await view(id);
  const { documentHash } = open ?? current;
  return market.call(who, 'POST', `/api/contracts/${id}/sign`, { documentHash, ...(certified ? { certified } : {}) });
};

type Way = TestSigner & { of?: Certifier; said?: string; code?: string; bytes?: (text: string) => string };
/** What the authority's tool makes of the downloaded document. */
const certify = async (id: string, { of = 'specimen', said = of, code = codes.buyer, bytes, ...signer }: Way = {}) => {
  const { open, current } = await view(id);
  const { text } = await market.call(
    'buyer',
    'GET',
    `/api/contracts/${id}/versions/${(open ?? current).number}/document`,
  );
  const made = certifiers[of].issue({ attributes: { '2.5.4.97': `USCC-${code}` }, ...signer });
  const signature = made.key.sign(new TextEncoder().encode(bytes?.(text) ?? text));
  return {
    made,
    certified: {
      authority: said,
      signature: Buffer.from(signature).toString('base64'),
      certificates: pem('CERTIFICATE', ...made.chain),
    },
  };
};
interface Paper {
  title: { zh: string };
  document: {
    signatures: (Record<'participant' | 'keyId' | 'signature' | 'at', string> & { certified?: Certified })[];
  };
  signatures: { role: string }[];
  look: string;
}
interface Certified {
  authority: object;
  chain: string[];
}
const paperOf = async (id: string): Promise<Paper> => {
  const { paperId } = await view(id);
  return market.kernel.database.one<Paper>(
    sql`select title, document -> 'document' as document, signatures, layout::text as look from papers where id = ${paperId}`,
  );
};

test('the connected authorities are listed for whoever is signed in', async () => {
  const listed = [
    { id: 'specimen', title: titles.specimen },
    { id: 'other', title: titles.other },
  ];
  expect((await market.call('buyer', 'GET', '/api/contract-authorities')).body.items).toEqual(listed);
  expect((await market.call('', 'GET', '/api/contract-authorities')).status).toBe(401);
});

describe.each<TestKeyKind>(['sm2', 'rsa'])('a buyer with a certificate of a %s key', (kind) => {
  test('signs, the supplier signs by the platform’s key, and the contract takes effect', async () => {
    const { id } = await draft();
    const { made, certified } = await certify(id, { kind });
    const signed = await sign('buyer', id, certified);
    expect(signed.status).toBe(200);
    const serial = made.serial.toString(16).padStart(4, '0');
    expect(signed.body.current.signatures).toMatchObject([
      {
        participant: 'org_buyer',
        level: 'licensed-ca',
        certified: { authority: titles.specimen, holder: 'Test organisation', serial },
      },
    ]);
    expect((await sign('supplier', id)).body.state).toBe('effective');
    const { current } = await view(id);
    expect(current.signatures.map((one: { level: string }) => one.level)).toEqual(['licensed-ca', 'platform']);
    const { document, signatures, look } = await paperOf(id);
    expect(signatures.map((one) => one.role)).toEqual(['supplier', 'operator']);
    expect(look).toContain(`电子认证签名（样张电子认证）证书序列号 ${serial}`);
    // What an auditor has in hand is enough to check the signature without us.
    const own = document.signatures.find((one) => one.participant === 'org_buyer')!;
    expect(own.certified).toMatchObject({ authorityId: 'specimen', authority: titles.specimen });
    const { text } = await market.call('buyer', 'GET', `/api/contracts/${id}/versions/1/document`);
    const from = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
    const found = verifyCertified({
      bytes: new TextEncoder().encode(text),
      signature: from(own.signature),
      certificates: own.certified!.chain.map(from),
      authority: {
        certificates: certificatesInPem(pem('CERTIFICATE', certifiers.specimen.root.certificate)),
        revocations: [readRevocationList(certifiers.specimen.list())],
        creditCodeIn: ['2.5.4.97'],
      },
      at: new Date(own.at),
    });
    expect(found).toMatchObject({ creditCode: codes.buyer, keyId: own.keyId });
  });
});

test('both parties with certificates: the operator alone states what they signed', async () => {
  const { id } = await draft();
  await sign('buyer', id, (await certify(id)).certified);
  const done = await sign('supplier', id, (await certify(id, { code: codes.supplier, of: 'other' })).certified);
  expect(done.body.state).toBe('effective');
  expect((await paperOf(id)).signatures.map((one) => one.role)).toEqual(['operator']);
});

test('an amendment is signed in the same way', async () => {
  const { id } = await draft();
  await sign('buyer', id);
  await sign('supplier', id);
  const terms = { acceptanceDays: 20 };
  const post = (who: Who, verb: string, body: object) => market.call(who, 'POST', `/api/contracts/${id}/${verb}`, body);
  expect((await post('supplier', 'propose', { terms, note: '验收更久' })).body).toMatchObject({ open: { number: 2 } });
  const { open } = await view(id);
  expect((await post('buyer', 'confirm', { round: open.round })).status).toBe(200);
  const before = await certify(id, { bytes: (text) => text.replace('20', '10') });
  expect((await sign('buyer', id, before.certified)).body.code).toBe('agreements.certifiedWrong');
  expect((await sign('buyer', id, (await certify(id)).certified)).status).toBe(200);
  const done = (await sign('supplier', id)).body;
  expect(done.current).toMatchObject({ number: 2, terms: { acceptanceDays: 20 } });
  expect(done.current.signatures.map((one: { level: string }) => one.level)).toEqual(['licensed-ca', 'platform']);
  expect((await paperOf(id)).title.zh).toContain('（变更）');
});

describe('is refused, and the contract waits on', () => {
  test.each<[string, Way, string]>([
    ['a certificate of the other party', { code: codes.supplier }, 'certificateNotYours'],
    ['a certificate of another organisation', { code: '91430100MA00000099' }, 'certificateNotYours'],
    ['a certificate that names nobody', { attributes: {} }, 'certificateRefused'],
    ['a signature over another text', { bytes: (text) => text.replace('1000', '9000') }, 'certifiedWrong'],
    ['an authority that is not connected', { said: 'nobody' }, 'authorityUnknown'],
    ['a word of the language', { said: 'constructor' }, 'authorityUnknown'],
    ['another authority than that which issued it', { said: 'other' }, 'certificateRefused'],
    ['a certificate that is over', { validTo: day(-0.5) }, 'certificateExpired'],
    ['a certificate that begins later', { validFrom: day(1) }, 'certificateExpired'],
    ['a weak key', { kind: 'rsa', rsaBits: 1024 }, 'certifiedWrong'],
    ['a certificate for nothing', { extensions: [] }, 'certificateRefused'],
  ])('%s', async (_, way, code) => {
    const { id } = await draft();
    const { certified } = await certify(id, way);
    const refused = await sign('buyer', id, certified);
    expect(refused.body).toMatchObject({ code: `agreements.${code}` });
    expect(await view(id)).toMatchObject({ state: 'pendingSignature', current: { signatures: [] } });
  });

  test('somebody else’s signature, sent by the supplier', async () => {
    const { id } = await draft();
    const { certified } = await certify(id);
    expect((await sign('supplier', id, certified)).body.code).toBe('agreements.certificateNotYours');
    expect((await sign('stranger', id, certified)).status).toBe(404);
    expect((await sign('buyer', id, certified)).status).toBe(200);
  });

  test('what is no certificate, and what is no base64', async () => {
    const { id } = await draft();
    const { certified } = await certify(id);
    const refusedAs = async (changed: object) => (await sign('buyer', id, { ...certified, ...changed })).body.code;
    expect(await refusedAs({ certificates: 'none' })).toBe('agreements.certificateRefused');
    expect(await refusedAs({ certificates: certified.certificates.replaceAll('M', 'N') })).toBe(
      'agreements.certificateRefused',
    );
    expect(await refusedAs({ signature: '' })).toBe('agreements.certifiedWrong');
    expect(await refusedAs({ signature: 'ab*d' })).toBe('kernel.invalid');
    expect(await refusedAs({ certificates: 'x'.repeat(60_001) })).toBe('kernel.invalid');
  });
});

describe('lists of revoked certificates', () => {
  test('are read again when their file changes', async () => {
    const { id } = await draft();
    const { made, certified } = await certify(id);
    putList('specimen', [{ serial: made.serial, since: day(-0.1) }]);
    expect((await sign('buyer', id, certified)).body.code).toBe('agreements.certificateRevoked');
    putList('specimen');
    expect((await sign('buyer', id, certified)).status).toBe(200);
  });

  test('that are over stop signing, and the doctor has said so before', async () => {
    const look = (at: Date) => checkAuthorities.check(readConfig({}, { authorities: file }), at);
    const levels = async (at: Date) => (await look(at)).map((one) => one.level);
    const { id } = await draft();
    const { certified } = await certify(id);
    expect(await levels(start)).toEqual(['ok']);
    putList('specimen', [], { nextUpdate: day(1) });
    expect(await levels(day(0.7))).toEqual(['warning']);
    expect(await levels(day(1.1))).toEqual(['error']);
    putList('specimen', [], { nextUpdate: day(-0.1) });
    const refused = await sign('buyer', id, certified);
    expect([refused.status, refused.body.code]).toEqual([503, 'agreements.revocationUnknown']);
    putList('specimen');
    expect((await sign('buyer', id, certified)).status).toBe(200);
    expect(await checkAuthorities.check(readConfig({}), start)).toEqual([]);
  });

  test('half written leave the last one in force, and the doctor says so', async () => {
    const { id } = await draft();
    const { certified } = await certify(id);
    writeFileSync(join(folder, 'specimen.crl'), '-----BEGIN X509 CRL-----\nMII');
    await expect(checkAuthorities.check(readConfig({}, { authorities: file }), start)).rejects.toThrow('specimen.crl');
    expect((await sign('buyer', id, certified)).status).toBe(200);
    putList('specimen');
  });
});

test('a wrong file keeps the node from starting, and says why', async () => {
  const path = join(folder, 'wrong.json');
  const failure = async (content: unknown) => {
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return readAuthorities(path).then(
      () => 'started',
      (error: Error) => error.message,
    );
  };
  const [one] = settings;
  expect(await failure(settings)).toBe('started');
  expect(await failure('{')).toMatch(/^SHUGU_AUTHORITIES: /);
  expect(await failure([])).toMatch(/^SHUGU_AUTHORITIES: /);
  expect(await failure([one, one])).toContain('an id stands twice');
  expect(await failure([{ ...one, creditCodeIn: ['subject'] }])).toContain('creditCodeIn');
  expect(await failure([{ ...one, surprise: 1 }])).toContain('surprise');
  const many = (count: number) => Array.from({ length: count }, (_, i) => ({ ...one, id: `a${i}` }));
  expect(await failure(many(32))).toBe('started');
  expect(await failure(many(33))).toContain('Too big');
  expect(await failure([{ ...one, revocations: Array(33).fill('specimen.crl') }])).toContain('Too big');
  writeFileSync(join(folder, 'large.crl'), Buffer.alloc(16_000_001));
  expect(await failure([{ ...one, revocations: ['large.crl'] }])).toContain('more than 16000000 bytes');
  writeFileSync(join(folder, 'many.pem'), pem('CERTIFICATE', ...Array(17).fill(certifiers.specimen.root.certificate)));
  expect(await failure([{ ...one, certificates: 'many.pem' }])).toContain('more than 16 certificates');
  expect(await failure([{ ...one, certificates: 'nothing.pem' }])).toContain('nothing.pem');
  expect(await failure([{ ...one, certificates: 'specimen.crl' }])).toContain('no certificate');
  expect(await failure([{ ...one, revocations: ['specimen.pem'] }])).toContain('specimen.pem');
  writeFileSync(join(folder, 'signer.pem'), pem('CERTIFICATE', certifiers.specimen.issue().certificate));
  expect(await failure([{ ...one, certificates: 'signer.pem' }])).toContain('no certification authority');
  await expect(readAuthorities(join(folder, 'missing.json'))).rejects.toThrow('SHUGU_AUTHORITIES');
  expect(await readAuthorities('')).toEqual([]);
});
