import { appendEntries, encodeBase64, formatCheckpoint, inclusionProof, signNote } from '@shugu/tlog';
import { describe, expect, it } from 'vitest';
import {
  assembleCore,
  buildBundle,
  bundleEntry,
  canonicalBytes,
  checkpointSigner,
  draftStatement,
  entryBytes,
  formatTrust,
  generateKey,
  type Json,
  parseTrust,
  signStatement,
  softwareSigner,
  suite,
  trustFrom,
  verifyBundle,
  verifyCertified,
  vkeyOf,
} from './index.ts';
import { makeTestCertifier } from './x509/testing.ts';

const at = new Date('2026-11-28T10:00:00Z');
const origin = 'shugu.example/log';
const creditCode = '91430100MA00000022';
const contract = { number: 'HT-1', parties: { buyer: { participant: 'org_b', name: '需方公司', creditCode } } };
const certifier = makeTestCertifier({ at, kind: 'sm2' });
const organisation = certifier.issue({ attributes: { '2.5.4.97': creditCode } });

const signature = (over: Json = contract) => {
  const bytes = organisation.key.sign(canonicalBytes(over));
  const authority = { certificates: [certifier.root.certificate], creditCodeIn: ['2.5.4.97'] };
  const { keyId, serialHex } = verifyCertified({
    bytes: canonicalBytes(over),
    signature: bytes,
    certificates: organisation.chain,
    authority: { ...authority, revocations: 'notKnown' },
    at,
  });
  return {
    participant: 'org_b',
    keyId,
    level: 'licensed-ca',
    signature: encodeBase64(bytes),
    at: at.toISOString(),
    certified: {
      authorityId: 'specimen',
      authority: { zh: '样张电子认证', en: 'Specimen CA' },
      certificateHolder: 'Test organisation',
      serialHex,
      chain: organisation.chain.map(encodeBase64),
    },
  };
};

const log = generateKey('intl');
const trust = trustFrom({ logs: [{ origin, suite: 'intl', vkey: vkeyOf(origin, log.publicKey) }] });
const believing = (certificate: Uint8Array, creditCodeIn = ['2.5.4.97']) => ({
  ...trust,
  certifyingAuthorities: [{ certificate: encodeBase64(certificate), creditCodeIn }],
});

/** A contract's paper, whole and well logged, whatever its document says. */
const paper = async (document: Json) => {
  const operator = softwareSigner(generateKey('intl'), { level: 'platform' });
  const title = { zh: '合同', en: 'Contract' };
  const statement = draftStatement({
    kind: 'contract',
    title,
    issued: '2026-11-28T10:00:01Z',
    node: 'shugu.example',
    document,
  });
  const core = assembleCore(statement, [await signStatement(statement, operator, 'operator')]);
  const { entry, salt } = bundleEntry(core, { suite: 'intl', form: 'commitment' });
  const { hash } = suite('intl');
  const files = new Map<string, Uint8Array>();
  const store = { read: async (path: string) => files.get(path) };
  const grown = await appendEntries({ hash, store, oldSize: 0, entries: [entryBytes(entry)] });
  for (const [path, bytes] of grown.tiles) files.set(path, bytes);
  const signer = checkpointSigner(origin, softwareSigner(log, { level: 'platform' }));
  const checkpoint = await signNote(formatCheckpoint({ origin, size: 1, root: grown.root }), [signer]);
  const proof = await inclusionProof({ hash, store, index: 0, size: 1 });
  return buildBundle({ core, suite: 'intl', index: 0, entry, salt, proof, checkpoint });
};

const failures = async (document: Json, trusted = believing(certifier.root.certificate)) =>
  (await verifyBundle(await paper(document), trusted)).checks
    .filter(({ ok }) => !ok)
    .map(({ id, en }) => `${id}: ${en}`);

describe('a contract signed with a certificate', () => {
  it('says who signed with which certificate, for a reader who trusts the authority', async () => {
    const report = await verifyBundle(
      await paper({ contract, signatures: [signature()] }),
      believing(certifier.root.certificate),
    );
    expect(report.ok).toBe(true);
    const { zh, en } = report.checks.find(({ id }) => id === 'certified.0')!;
    for (const text of [zh, en])
      for (const part of ['需方公司', creditCode, signature().certified.serialHex, 'Test CA root'])
        expect(text).toContain(part);
  });

  it('says that nobody looked, for a reader who trusts none', async () => {
    const report = await verifyBundle(await paper({ contract, signatures: [signature()] }), trust);
    expect(report.ok).toBe(true);
    expect(report.checks.some(({ id }) => id.startsWith('certified'))).toBe(false);
    expect(report.notice.zh).toContain('需方公司以电子认证证书签署（样张电子认证');
    expect(report.notice.en).toContain('this signature was not checked');
    const plain = await verifyBundle(await paper({ contract, signatures: [] }), trust);
    expect(plain.notice.en).not.toContain('certificate');
  });

  it.each<[string, Json, string]>([
    ['over another text', { contract, signatures: [signature({ ...contract, number: 'HT-2' })] }, 'over these bytes'],
    [
      'of another party',
      {
        contract: { ...contract, parties: { buyer: { ...contract.parties.buyer, creditCode: '91430100MA00000011' } } },
        signatures: [
          signature({
            ...contract,
            parties: { buyer: { ...contract.parties.buyer, creditCode: '91430100MA00000011' } },
          }),
        ],
      },
      `is of ${creditCode}`,
    ],
    ['by a party that is none', { contract, signatures: [{ ...signature(), participant: 'org_x' }] }, 'is of'],
    ['under another key’s name', { contract, signatures: [{ ...signature(), keyId: 'x509:00' }] }, 'another than'],
    ['without certificates', { contract, signatures: [{ ...signature(), certified: {} }] }, 'no certificate'],
    ['at no time', { contract, signatures: [{ ...signature(), at: 'today' }] }, 'when it was made'],
    [
      'before its certificate',
      { contract, signatures: [{ ...signature(), at: '2020-01-01T00:00:00Z' }] },
      'not valid at',
    ],
    ['that is no base64', { contract, signatures: [{ ...signature(), signature: '*' }] }, 'base64'],
  ])('%s is refused', async (_, document, message) => {
    expect(await failures(document)).toEqual([expect.stringMatching(new RegExp(`^certified\\.0: .*${message}`))]);
  });

  it('leads to an authority that the reader trusts, by a code where that authority puts it', async () => {
    const document = { contract, signatures: [signature()] };
    const stranger = makeTestCertifier({ at, kind: 'sm2' }).root.certificate;
    expect(await failures(document, believing(stranger))).toEqual([expect.stringContaining('no trusted authority')]);
    expect(await failures(document, believing(certifier.root.certificate, ['2.5.4.5']))).toEqual([
      expect.stringContaining('no unified social credit code'),
    ]);
    const both = {
      ...trust,
      certifyingAuthorities: [stranger, certifier.root.certificate].flatMap(
        (one) => believing(one).certifyingAuthorities,
      ),
    };
    expect(await failures(document, both)).toEqual([]);
  });

  it('is believed by a trust file that reads back, and names authorities alone', () => {
    const believed = believing(certifier.root.certificate);
    expect(parseTrust(formatTrust(believed))).toEqual(believed);
    expect(() => trustFrom(believing(organisation.certificate))).toThrow('no certification authority');
    expect(() => trustFrom(believing(certifier.root.certificate, ['subject']))).toThrow('creditCodeIn');
  });
});
