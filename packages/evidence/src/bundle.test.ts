import {
  appendEntries,
  formatCheckpoint,
  inclusionProof,
  type NoteSigner,
  parseNote,
  signNote,
  verifyInclusion,
} from '@shugu/tlog';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  assembleCore,
  attachmentOf,
  type BundleReport,
  buildBundle,
  bundleEntry,
  canonicalBytes,
  checkpointSigner,
  clearEntry,
  commitmentEntry,
  digestText,
  draftStatement,
  entryBytes,
  formatTrust,
  generateKey,
  type Json,
  type LogEntry,
  paddingEntry,
  parseTrust,
  readCore,
  readStatement,
  type SignerLevel,
  type SuiteName,
  signStatement,
  softwareSigner,
  suite,
  type Trust,
  trustFrom,
  verifyBundle,
  vkeyOf,
  witnessSigner,
} from './index.ts';

const origin = 'shugu.example/log';
const fileBytes = new TextEncoder().encode('协议正文');

function actor(name: SuiteName, level: SignerLevel) {
  const key = generateKey(name);
  return { key: key.publicKey, signer: softwareSigner(key, { level }) };
}

/** Puts an entry at index 2 of a log of 5. */
async function sequence(name: SuiteName, entry: LogEntry, signers: NoteSigner[]) {
  const filler = (i: number) => new TextEncoder().encode(`other ${i}`);
  const { hash } = suite(name);
  const files = new Map<string, Uint8Array>();
  const store = { read: async (path: string) => files.get(path) };
  const entries = [filler(0), filler(1), entryBytes(entry), filler(3), filler(4)];
  const grown = await appendEntries({ hash, store, oldSize: 0, entries });
  for (const [path, bytes] of grown.tiles) files.set(path, bytes);
  const checkpoint = await signNote(formatCheckpoint({ origin, size: grown.size, root: grown.root }), signers);
  return { proof: await inclusionProof({ hash, store, index: 2, size: grown.size }), checkpoint };
}

/** A whole small node: issuer, party, log, witness, and one bundle in each form, entry 2 of 5. */
async function issue(name: SuiteName, form: 'clear' | 'commitment') {
  const [issuer, party, log, witness] = [
    actor(name, 'hsm'),
    actor(name, 'customer'),
    actor(name, 'sealed-file'),
    actor(name, 'platform'),
  ];
  const statement = draftStatement({
    kind: 'certificate',
    title: { zh: '数据产权登记凭证', en: 'Data right registration certificate' },
    issued: '2026-11-21T08:00:00Z',
    node: 'shugu.example',
    document: { number: 'DR-2026-1', holder: '𠮷林数据有限公司', price: '0.004', rights: ['holdRight', 'useRight'] },
    attachments: [attachmentOf(name, { name: '协议.txt', mediaType: 'text/plain', bytes: fileBytes })],
  });
  const core = assembleCore(statement, [
    await signStatement(statement, issuer.signer, 'registrar'),
    await signStatement(statement, party.signer, 'rightsHolder'),
  ]);
  const { entry, salt } =
    form === 'clear'
      ? bundleEntry(core, { suite: name, form, publish: ['number'] })
      : bundleEntry(core, { suite: name, form });
  // The witness first, to see that building puts the log's line in front.
  const { proof, checkpoint } = await sequence(name, entry, [
    witnessSigner('a-witness.example', witness.signer, 1_795_000_000),
    checkpointSigner(origin, log.signer),
  ]);
  const bytes = buildBundle({ core, suite: name, index: 2, entry, salt, proof, checkpoint });
  const trust = trustFrom({
    logs: [{ origin, suite: name, vkey: vkeyOf(origin, log.key) }],
    witnesses: [{ vkey: vkeyOf('a-witness.example', witness.key, 'witness') }],
    quorum: 1,
    keys: [{ keyId: issuer.key.keyId, holder: '贵阳登记中心', roles: ['registrar'] }],
  });
  return { bytes, trust, core, entry, salt, proof, checkpoint, issuer, log, witness, statement };
}

type Editable = {
  [member: string]: unknown;
  document: Record<string, Json>;
  attachments: object[];
  signatures: Record<string, string>[];
  keys: { keyId: string; jwk: Record<string, string> }[];
  log: {
    [member: string]: unknown;
    entry: Record<string, Json>;
    inclusion: { size: number; proof: string[] };
    checkpoint: string;
  };
};
type Issued = Awaited<ReturnType<typeof issue>>;
const failed = (report: BundleReport) => report.checks.filter(({ ok }) => !ok).map(({ id }) => id);
const edit = (bytes: Uint8Array, change: (bundle: Editable) => void) => {
  const bundle = JSON.parse(Buffer.from(bytes).toString('utf8'));
  change(bundle);
  return canonicalBytes(bundle);
};

describe.each([
  ['intl', 'clear'],
  ['intl', 'commitment'],
  ['sm', 'clear'],
  ['sm', 'commitment'],
] as const)('bundle, suite %s, %s', (name, form) => {
  let issued: Issued;
  beforeAll(async () => {
    issued = await issue(name, form);
  });

  it('verifies, and says as of when', async () => {
    const report = await verifyBundle(issued.bytes, issued.trust, { files: new Map([['协议.txt', fileBytes]]) });
    expect(failed(report)).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      kind: 'certificate',
      asOf: { origin, index: 2, size: 5, witnesses: ['a-witness.example'], time: '2026-11-18T11:06:40.000Z' },
      attachments: [{ name: '协议.txt', compared: true }],
    });
    expect(report.signers.map(({ holder, role }) => [holder, role])).toEqual([
      ['贵阳登记中心', 'registrar'],
      [undefined, 'rightsHolder'],
    ]);
    expect(report.notice.en).toMatch(/not known offline/);
    expect(report.checks.every(({ zh, en }) => zh !== '' && en !== '')).toBe(true);
  });

  it('refuses a bundle with any one bit changed', async () => {
    // Ed25519 is fast enough for every byte; SM2 verifies some hundred times a second, so positions are drawn.
    const runs = name === 'intl' ? issued.bytes.length : 300;
    const every = name === 'intl';
    for (let i = 0; i < runs; i++) {
      const at = every ? i : Math.floor((i * issued.bytes.length) / runs);
      const bent = issued.bytes.slice();
      bent[at]! ^= 1 << (i % 8);
      expect((await verifyBundle(bent, issued.trust)).ok, `byte ${at}, bit ${i % 8}`).toBe(false);
    }
  });

  it('refuses bytes changed, cut, added, swapped at random', async () => {
    const spot = fc.nat(issued.bytes.length - 1);
    await fc.assert(
      fc.asyncProperty(spot, spot, fc.integer({ min: 1, max: 255 }), fc.nat(3), async (a, b, delta, way) => {
        const list = [...issued.bytes];
        if (way === 0) list[a] = (list[a]! + delta) % 256;
        if (way === 1) list.splice(Math.min(a, b), 1 + Math.abs(a - b));
        if (way === 2) list.splice(a, 0, delta);
        if (way === 3) [list[a], list[b]] = [list[b]!, list[a]!];
        const bent = Uint8Array.from(list);
        fc.pre(Buffer.compare(bent, issued.bytes) !== 0);
        expect((await verifyBundle(bent, issued.trust)).ok).toBe(false);
      }),
      { numRuns: name === 'intl' ? 400 : 60 },
    );
  });

  it.each<[string, (bundle: Editable) => void, string]>([
    [
      'document',
      (b) => {
        b.document.number = 'DR-2026-2';
      },
      'signature.0',
    ],
    [
      'kind',
      (b) => {
        b.kind = 'receipt';
      },
      'log.entry',
    ],
    [
      'role',
      (b) => {
        b.signatures[0]!.role = 'operator';
      },
      'signature.0',
    ],
    [
      'level',
      (b) => {
        b.signatures[0]!.level = 'licensed-ca';
      },
      'signature.0',
    ],
    [
      'a signature taken away',
      (b) => {
        b.signatures.pop();
        drop(b);
      },
      'log.entry',
    ],
    [
      'signatures swapped',
      (b) => {
        b.signatures.reverse();
      },
      'log.entry',
    ],
    [
      'an attachment taken away',
      (b) => {
        b.attachments.pop();
      },
      'signature.0',
    ],
    [
      'index',
      (b) => {
        b.log.index = 3;
      },
      'inclusion',
    ],
    [
      'size',
      (b) => {
        b.log.inclusion.size = 6;
      },
      'checkpoint',
    ],
    [
      'proof lengthened',
      (b) => {
        b.log.inclusion.proof.push(b.log.inclusion.proof[0]!);
      },
      'inclusion',
    ],
    [
      'entry kind',
      (b) => {
        b.log.entry.kind = 'receipt';
      },
      'log.entry',
    ],
    [
      'another origin',
      (b) => {
        b.log.origin = 'evil.example/log';
      },
      'log.known',
    ],
    [
      'another suite',
      (b) => {
        b.log.suite = b.log.suite === 'sm' ? 'intl' : 'sm';
      },
      'format',
    ],
    [
      'an unknown member',
      (b) => {
        b.note = 'x';
      },
      'format',
    ],
    [
      'an unknown member in the log',
      (b) => {
        b.log.note = 'x';
      },
      'format',
    ],
    [
      'an unknown member in a signature',
      (b) => {
        b.signatures[0]!.note = 'x';
      },
      'format',
    ],
    [
      'an unknown member in a key',
      (b) => {
        b.keys[0]!.jwk.use = 'sig';
      },
      'format',
    ],
    [
      'an unused key',
      (b) => {
        b.keys.push(b.keys[0]!);
      },
      'format',
    ],
    ['no signatures', (b) => Object.assign(b, { signatures: [], keys: [] }), 'format'],
    [
      'witness line before the log',
      (b) => {
        b.log.checkpoint = swapLines(b.log.checkpoint);
      },
      'checkpoint',
    ],
    [
      'a witness line twice',
      (b) => {
        b.log.checkpoint += `${b.log.checkpoint.split('\n').at(-2)}\n`;
      },
      'checkpoint',
    ],
    [
      'no witness',
      (b) => {
        b.log.checkpoint = b.log.checkpoint.replace(/— a-witness.*\n/, '');
      },
      'witnesses',
    ],
    [
      'version',
      (b) => {
        b.version = 2;
      },
      'format',
    ],
    [
      'an impossible day',
      (b) => {
        b.issued = '2026-02-30T00:00:00Z';
      },
      'format',
    ],
    [
      'a number for a decimal',
      (b) => {
        b.document.price = 1;
      },
      'signature.0',
    ],
  ])('refuses: %s', async (_, change, id) => {
    const report = await verifyBundle(edit(issued.bytes, change), issued.trust);
    expect(report.ok).toBe(false);
    expect(failed(report)).toContain(id);
  });

  it('refuses other white space and member order', async () => {
    const text = Buffer.from(issued.bytes).toString('utf8');
    const loose = JSON.stringify(JSON.parse(text), null, 1);
    const { attachments, ...rest } = JSON.parse(text);
    for (const bad of [loose, `${text}\n`, ` ${text}`, `\ufeff${text}`, JSON.stringify({ ...rest, attachments })]) {
      expect(failed(await verifyBundle(Buffer.from(bad), issued.trust))).toEqual(['format']);
    }
  });

  it('refuses a perfect bundle of a log that nobody trusts', async () => {
    const other = await issue(name, form);
    const report = await verifyBundle(issued.bytes, { ...issued.trust, logs: other.trust.logs });
    expect(failed(report)).toContain('checkpoint');
    const elsewhere: Trust = { ...issued.trust, logs: [{ ...other.trust.logs[0]!, origin: 'elsewhere.example' }] };
    expect(failed(await verifyBundle(issued.bytes, elsewhere))).toContain('log.known');
  });

  it('refuses witnesses that it does not know, rather than ignore their bytes', async () => {
    const report = await verifyBundle(issued.bytes, { ...issued.trust, witnesses: [], quorum: 0 });
    expect(failed(report)).toEqual(['checkpoint']);
  });

  it('holds signers to the trust file', async () => {
    const [key] = issued.trust.keys!;
    const withKey = (change: object): Trust => ({ ...issued.trust, keys: [{ ...key!, ...change }] });
    expect(failed(await verifyBundle(issued.bytes, withKey({ roles: ['operator'] })))).toEqual(['signer.0']);
    expect(failed(await verifyBundle(issued.bytes, withKey({ notAfter: '2026-11-21T07:59:59Z' })))).toEqual([
      'signer.0',
    ]);
    expect(failed(await verifyBundle(issued.bytes, withKey({ notAfter: '2026-11-21T16:00:00+08:00' })))).toEqual([]);
    expect(failed(await verifyBundle(issued.bytes, { ...issued.trust, keys: [] }))).toEqual(['signer.known']);
    const { keys: _, ...noKeys } = issued.trust;
    expect((await verifyBundle(issued.bytes, noKeys)).ok).toBe(true);
  });

  it('compares the files it is given', async () => {
    const verify = (files: [string, Uint8Array][]) =>
      verifyBundle(issued.bytes, issued.trust, { files: new Map(files) });
    expect((await verify([])).attachments).toEqual([{ name: '协议.txt', compared: false }]);
    expect(failed(await verify([['协议.txt', new Uint8Array(12)]]))).toEqual(['attachment.0']);
    expect(
      failed(
        await verify([
          ['协议.txt', fileBytes],
          ['更多.txt', fileBytes],
        ]),
      ),
    ).toEqual(['attachment.unknown']);
  });

  it('refuses a checkpoint that only a witness has signed', async () => {
    const { core, entry, salt, trust, witness } = issued;
    const placed = await sequence(name, entry, [witnessSigner('a-witness.example', witness.signer, 1_795_000_000)]);
    const bytes = buildBundle({ core, suite: name, index: 2, entry, salt, ...placed });
    expect(failed(await verifyBundle(bytes, trust))).toEqual(['checkpoint']);
  });

  it('can be renewed with a later checkpoint', async () => {
    const { core, entry, salt, trust, log } = issued;
    const { hash } = suite(name);
    const files = new Map<string, Uint8Array>();
    const store = { read: async (path: string) => files.get(path) };
    const grown = await appendEntries({ hash, store, oldSize: 0, entries: [entryBytes(entry), new Uint8Array(3)] });
    for (const [path, bytes] of grown.tiles) files.set(path, bytes);
    const proof = await inclusionProof({ hash, store, index: 0, size: 2 });
    const checkpoint = await signNote(formatCheckpoint({ origin, ...grown }), [checkpointSigner(origin, log.signer)]);
    const bytes = buildBundle({ core, suite: name, index: 0, entry, salt, proof, checkpoint });
    expect((await verifyBundle(bytes, { ...trust, quorum: 0 })).ok).toBe(true);
    expect(failed(await verifyBundle(bytes, trust))).toEqual(['witnesses']);
  });
});

function drop(bundle: Editable) {
  bundle.keys = bundle.keys.filter((key) => key.keyId === bundle.signatures[0]!.keyId);
}
function swapLines(note: string) {
  const lines = note.trimEnd().split('\n');
  return `${[...lines.slice(0, -2), lines.at(-1), lines.at(-2)].join('\n')}\n`;
}

describe('issuing', () => {
  it('refuses to publish what the document does not hold', async () => {
    const { core } = await issue('intl', 'clear');
    expect(() => bundleEntry(core, { suite: 'intl', form: 'clear', publish: ['nothing'] })).toThrow(/no such member/);
  });

  it('refuses a clear entry that publishes something else than the document says', async () => {
    const { core, log, trust } = await issue('intl', 'clear');
    const signers = [checkpointSigner(origin, log.signer)];
    const verifyWith = async (body: Record<string, Json>) => {
      const entry = clearEntry(core.kind, { bundle: digestText('intl', canonicalBytes(core)), ...body });
      const bytes = buildBundle({ core, suite: 'intl', index: 2, entry, ...(await sequence('intl', entry, signers)) });
      return failed(await verifyBundle(bytes, { ...trust, quorum: 0 }));
    };
    expect(await verifyWith({ document: { number: 'DR-2026-1' } })).toEqual([]);
    expect(await verifyWith({ document: { number: 'DR-2026-2' } })).toEqual(['log.entry']);
    expect(await verifyWith({ document: { other: 1 } })).toEqual(['log.entry']);
    expect(await verifyWith({ document: {}, more: 1 })).toEqual(['log.entry']);
    expect(await verifyWith({ document: null })).toEqual(['log.entry']);
    expect(await verifyWith({})).toEqual(['log.entry']);
  });

  it('holds its limits of attachments, signatures and trust', async () => {
    const { statement, core, trust } = await issue('intl', 'clear');
    const attachments = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...statement.attachments[0]!, name: `${i}` }));
    expect(readStatement({ ...statement, attachments: attachments(256) }).attachments).toHaveLength(256);
    expect(() => readStatement({ ...statement, attachments: attachments(257) })).toThrow(/256/);
    expect(() => readCore({ ...core, signatures: new Array(33).fill(core.signatures[0]) })).toThrow(/32/);
    expect(() => trustFrom({ logs: new Array(65).fill(trust.logs[0]) })).toThrow(/64/);
    expect(() => parseTrust(new Uint8Array(1_048_577))).toThrow(/too large/);
  });

  it('shows nothing of a commitment, not what it is of, and not whether it is of anything', async () => {
    const { entry, core } = await issue('sm', 'commitment');
    expect(core.kind).not.toBe('undisclosed');
    const { entry: other } = commitmentEntry({ suite: 'intl', kind: 'order', record: { n: 1 } });
    for (const one of [entry, other, paddingEntry()]) {
      expect(one).toEqual({ v: 1, kind: 'undisclosed', form: 'commitment', commitment: expect.any(String) });
      expect(entryBytes(one).length).toBe(entryBytes(entry).length);
    }
  });

  it.each<[string, Record<string, Json>]>([
    ['a kind with spaces', { kind: 'a b' }],
    ['a time without zone', { issued: '2026-01-01T00:00:00' }],
    [
      'a path for a file name',
      { attachments: [{ name: '../x', mediaType: 'text/plain', size: 1, digest: `sm3:${'0'.repeat(64)}` }] },
    ],
    ['a digest of no suite', { attachments: [{ name: 'x', mediaType: 'text/plain', size: 1, digest: 'md5:00' }] }],
    ['a title that turns direction', { title: { zh: 'a\u202eb', en: 'a' } }],
  ])('refuses %s', (_, change) => {
    const right = {
      kind: 'a',
      title: { zh: '一', en: 'a' },
      issued: '2026-01-01T00:00:00Z',
      node: 'n',
      document: null,
    };
    expect(() => draftStatement(right)).not.toThrow();
    expect(() => draftStatement({ ...right, ...change } as never)).toThrow();
  });

  it("refuses an attachment's digest from another suite than the log's", async () => {
    const { statement, issuer, ...rest } = await issue('intl', 'clear');
    const attachments = [attachmentOf('sm', { name: 'a', mediaType: 'text/plain', bytes: fileBytes })];
    const foreign = { ...statement, attachments };
    const core = assembleCore(foreign, [await signStatement(foreign, issuer.signer, 'registrar')]);
    expect(() => buildBundle({ ...rest, core, suite: 'intl', index: 2 })).toThrow(/suite/);
  });

  it('refuses a document too large for a file', async () => {
    const { statement, issuer } = await issue('intl', 'clear');
    const large = { ...statement, document: 'x'.repeat(4_194_304) };
    await expect(signStatement(large, issuer.signer, 'registrar')).rejects.toMatchObject({
      code: 'evidence.too-large',
    });
    const report = await verifyBundle(new Uint8Array(4_194_305), trustFrom((await issue('intl', 'clear')).trust));
    expect(failed(report)).toEqual(['format']);
  });
});

describe('trust file', () => {
  it('round-trips, and takes the white space of people', async () => {
    const { trust } = await issue('sm', 'clear');
    expect(parseTrust(formatTrust(trust))).toEqual(trust);
    const loose = JSON.stringify({ logs: trust.logs, version: 1, format: 'shugu-trust' }, null, 2);
    expect(parseTrust(Buffer.from(loose))).toEqual({ logs: trust.logs, witnesses: [], quorum: 0 });
  });

  it('refuses keys that do not belong', async () => {
    const { trust } = await issue('sm', 'clear');
    const [log] = trust.logs;
    const [witness] = trust.witnesses;
    for (const bad of [
      { logs: [] },
      { logs: [{ ...log!, origin: 'other' }] },
      { logs: [{ ...log!, suite: 'intl' as const }] },
      { logs: [{ ...log!, vkey: witness!.vkey }] },
      { logs: [{ ...log!, vkey: 'x' }] },
      { logs: trust.logs, witnesses: [{ vkey: log!.vkey }] },
      { logs: trust.logs, witnesses: [witness!, witness!] },
      { logs: trust.logs, quorum: 1 },
      { logs: trust.logs, keys: [{ keyId: 'x', holder: 'y', roles: [] }] },
      { logs: trust.logs, other: 1 },
    ]) {
      expect(() => trustFrom(bad)).toThrow(expect.objectContaining({ code: 'evidence.trust-malformed' }));
    }
  });
});

it('keeps a log readable by RFC 6962 alone', async () => {
  const { bytes, checkpoint } = await issue('intl', 'clear');
  const { log } = JSON.parse(Buffer.from(bytes).toString('utf8'));
  const root = Buffer.from(parseNote(checkpoint).text.split('\n')[2]!, 'base64');
  const { hash } = suite('intl');
  const leaf = hash.digest(Uint8Array.of(0), canonicalBytes(log.entry));
  const proof = log.inclusion.proof.map((text: string) => new Uint8Array(Buffer.from(text, 'base64')));
  expect(verifyInclusion({ hash, index: 2, size: 5, leaf, proof, root })).toBe(true);
});
