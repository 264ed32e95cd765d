/** Parties that lie, keep silent or die: a clear reason for everybody, and nothing opened. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateIdentity, proofOf } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { dial, listen } from '../channel/meet.ts';
import { scanTable } from '../table/records.ts';
import { agree, inputMessage } from './agree.ts';
import { help } from './merge.ts';
import { helloBytes, kind, nothing } from './messages.ts';
import { ownWithHelper } from './owner.ts';
import { type AgreedInputs, inputCommitment, requireTerms, type Terms, termsDigest } from './terms.ts';
import { type Cast, castOf, codeOf, type Folder, host, makeFolder, meetAtHelper } from './testing.ts';

let folder: Folder;
let path: string;
beforeAll(async () => {
  folder = await makeFolder();
  path = await folder.table('a.csv', ['p1,x', 'p2,y', 'p3,z']);
});
afterAll(() => folder.remove());

const salt = Buffer.alloc(32, 5);
type Second = (link: Link, cast: Cast) => Promise<void>;
let runs = 0;

/** An honest first owner and helper with a second owner that does as it likes; what the two honest ones say of it. */
const against = async (second: Second, { silenceMs, keysMax }: { silenceMs?: number; keysMax?: number } = {}) => {
  const cast = castOf('helper', 'both', keysMax ?? 3);
  const links = await meetAtHelper(cast, silenceMs);
  const out = join(folder.path, `out-${runs++}.csv`);
  const input = { path, column: 'id', salt, folder: folder.path };
  const first = ownWithHelper(links.first, cast.terms, 'first', cast.identities.first, input, out);
  const codes = Promise.all([codeOf(first), codeOf(help(links.helper, cast.terms))]);
  await second(links.second, cast).catch(() => undefined);
  await links.second.next().catch(() => undefined);
  const [atFirst, atHelper] = await codes;
  await Promise.all([links.first.close(), links.second.close()]);
  const opened = await Promise.all(
    [out, `${out}.part`].map((one) =>
      access(one).then(
        () => true,
        () => false,
      ),
    ),
  );
  expect(opened).toEqual([false, false]);
  return { atFirst, atHelper };
};

/** Behaves up to the tags, then sends these frames. */
const sending =
  (count: number, ...frames: [number, Buffer][]): Second =>
  async (link, { terms, identities }) => {
    const { proofKey } = await agree(link, terms, 'second', identities.second, generateIdentity());
    await link.send(kind.input, inputMessage(proofKey, 'second', count, Buffer.alloc(32, 1)));
    for (const [type, body] of frames) await link.send(type, body);
  };
const tags = (...firsts: number[]): Buffer =>
  Buffer.concat(firsts.map((one) => Buffer.from([0, 0, 0, one, ...Buffer.alloc(8)])));
const done: [number, Buffer] = [kind.done, nothing];

test('the harness sees a second owner that behaves', async () => {
  const seen = await against(sending(2, [kind.items, tags(1, 2)], done)).catch((error: Error) => error.message);
  // It opens: the honest owner writes its (empty) result, which `against` tells us.
  expect(seen).toContain('false');
});

test.each<[string, Second]>([
  ['descending tags', sending(2, [kind.items, tags(2, 1)], done)],
  ['the same tag twice', sending(2, [kind.items, tags(1, 1)], done)],
  ['the same tag over two frames', sending(2, [kind.items, tags(1)], [kind.items, tags(1)], done)],
  ['more tags than announced', sending(1, [kind.items, tags(1, 2)], done)],
  ['fewer tags than announced', sending(3, [kind.items, tags(1, 2)], done)],
  ['half a tag', sending(3, [kind.items, tags(1, 2).subarray(1)], done)],
  ['no tag in a frame', sending(3, [kind.items, nothing], done)],
  ['a message of another kind', sending(3, [kind.size, Buffer.alloc(4)])],
  ['an unknown kind', sending(3, [77, Buffer.alloc(4)])],
  [
    'a key of small order',
    async (link, { terms }) => {
      await link.send(kind.hello, Buffer.concat([termsDigest(terms), Buffer.alloc(32)]));
      await link.receive(kind.peerKey);
      await link.receive(kind.proof);
    },
  ],
])('%s', async (_, second) => {
  expect(await against(second)).toEqual({ atFirst: 'compute.peerMalformed', atHelper: 'compute.peerMalformed' });
});

test('more keys than the terms allow, announced or held', async () => {
  expect(await against(sending(4))).toEqual({ atFirst: 'compute.sizeCap', atHelper: 'compute.sizeCap' });
  expect((await against(sending(1, [kind.items, tags(1)], done), { keysMax: 2 })).atFirst).toBe('compute.sizeCap');
});

test('other terms', async () => {
  const second: Second = async (link, { terms, identities }) =>
    void (await agree(link, { ...terms, reveal: 'size' }, 'second', identities.second, generateIdentity()));
  expect(await against(second)).toEqual({ atFirst: 'compute.termsDiffer', atHelper: 'compute.termsDiffer' });
});

test('somebody who dies in the middle', async () => {
  const second: Second = async (link, cast) => {
    await sending(3, [kind.items, tags(1)])(link, cast);
    link.drop();
  };
  expect(await against(second)).toEqual({ atFirst: 'compute.peerGone', atHelper: 'compute.peerGone' });
});

test('somebody who hangs: not even a beat comes', async () => {
  const cast = castOf('helper', 'both');
  const job = termsDigest(cast.terms);
  const { first, second, helper } = cast.identities;
  const door = await listen({ own: helper, job, peers: [first.publicKey, second.publicKey], host, silenceMs: 400 });
  const meeting = { job, peer: helper.publicKey, host, port: door.port };
  const honest = await dial({ ...meeting, own: first, silenceMs: 400 });
  const hanging = await dial({ ...meeting, own: second, silenceMs: 60_000 });
  const [a, b] = await door.met;
  const input = { path, column: 'id', salt, folder: folder.path };
  const codes = await Promise.all([
    codeOf(ownWithHelper(honest, cast.terms, 'first', first, input, undefined)),
    codeOf(help([a!, b!], cast.terms)),
  ]);
  expect(codes).toEqual(['compute.peerSilent', 'compute.peerSilent']);
  await Promise.all([honest.close(), hanging.close()]);
});

test('somebody slow who beats is waited for, also by who cannot send on', async () => {
  const cast = castOf('helper', 'both');
  const links = await meetAtHelper(cast, 1000);
  const [slow] = links.helper;
  const frame = Buffer.alloc(1 << 20, 7);
  const sent = (async () => {
    for (let n = 0; n < 24; n++) await links.first.send(77, frame);
  })();
  await new Promise((done) => setTimeout(done, 2500));
  for (let n = 0; n < 24; n++) expect((await slow.receive(77)).equals(frame)).toBe(true);
  await sent;
  await Promise.all([links.first, links.second, ...links.helper].map((link) => link.close()));
});

test('a helper that puts its own keys in between is found out before a tag is sent', async () => {
  const cast = castOf('helper', 'both');
  const links = await meetAtHelper(cast);
  const input = { path, column: 'id', salt, folder: folder.path };
  const victim = codeOf(ownWithHelper(links.first, cast.terms, 'first', cast.identities.first, input, undefined));
  const [toFirst] = links.helper;
  await toFirst.receive(kind.hello, helloBytes);
  await toFirst.send(kind.peerKey, generateIdentity().publicKey);
  await toFirst.receive(kind.proof, 32);
  await toFirst.send(kind.proof, proofOf(Buffer.alloc(32), 'agreed', 'second'));
  expect(await victim).toBe('compute.keyDiffers');
  await links.first.close();
  // The next that comes is the reason, no tag.
  expect(await codeOf(toFirst.next())).toBe('compute.keyDiffers');
  await Promise.all([links.second.close(), ...links.helper.map((link) => link.close())]);
});

test.each<[string, (bits: Buffer) => Buffer]>([
  ['too many', (bits) => Buffer.concat([bits, Buffer.alloc(1)])],
  ['none', () => nothing],
  ['some for keys that nobody has', (bits) => Buffer.from(bits.map((byte) => byte | 0x80))],
])('a helper that tells %s of the bits is found out by both, and nothing is written', async (_, lying) => {
  const cast = castOf('helper', 'both');
  const links = await meetAtHelper(cast);
  for (const link of links.helper) {
    const send = link.send.bind(link);
    link.send = (type, body) => send(type, type === kind.bits ? lying(Buffer.from(body)) : body);
  }
  const outs = (['first', 'second'] as const).map((role) => [role, join(folder.path, `lied-${runs++}.csv`)] as const);
  const owners = outs.map(([role, out]) =>
    ownWithHelper(
      links[role],
      cast.terms,
      role,
      cast.identities[role],
      { path, column: 'id', salt, folder: folder.path },
      out,
    ),
  );
  const helping = help(links.helper, cast.terms).catch(() => undefined);
  expect(await Promise.all(owners.map(codeOf))).toEqual(Array(2).fill('compute.peerMalformed'));
  await helping;
  for (const [, out] of outs) await expect(access(out)).rejects.toThrow();
  await Promise.all([links.first, links.second, ...links.helper].map((link) => link.close()));
});

test('a helper that tells a number greater than what an owner has is found out, and nothing is written', async () => {
  const cast = castOf('helper', 'size');
  const links = await meetAtHelper(cast);
  for (const link of links.helper) {
    const send = link.send.bind(link);
    link.send = (type, body) => send(type, type === kind.size ? Buffer.of(4, 0, 0, 0) : body);
  }
  const input = { path, column: 'id', salt, folder: folder.path };
  const owners = (['first', 'second'] as const).map((role) =>
    codeOf(ownWithHelper(links[role], cast.terms, role, cast.identities[role], input, undefined)),
  );
  const helping = help(links.helper, cast.terms).catch(() => undefined);
  expect(await Promise.all(owners)).toEqual(Array(2).fill('compute.peerMalformed'));
  await helping;
  await Promise.all([links.first, links.second, ...links.helper].map((link) => link.close()));
});

test('strangers do not get in, at either end, and do not disturb', async () => {
  const cast = castOf('helper', 'both');
  const job = termsDigest(cast.terms);
  const { first, second, helper } = cast.identities;
  const door = await listen({ own: helper, job, peers: [first.publicKey, second.publicKey], host });
  const knock = (own = first, peer = helper.publicKey, forJob = job) =>
    codeOf(dial({ own, job: forJob, peer, host, port: door.port }).then((link) => link.close()));
  expect(await knock(generateIdentity())).toBe('compute.peerUnproven');
  expect(await knock(first, generateIdentity().publicKey)).toBe('compute.peerUnproven');
  expect(await knock(first, helper.publicKey, Buffer.alloc(32))).toBe('compute.peerUnproven');
  const met = await Promise.all(
    [first, second].map((own) => dial({ own, job, peer: helper.publicKey, host, port: door.port })),
  );
  await Promise.all([...(await door.met), ...met].map((link) => link.close()));
  expect(await knock()).toBe('compute.peerGone');
});

test('a party that does not come', async () => {
  const cast = castOf('helper', 'both');
  const job = termsDigest(cast.terms);
  const { first, second, helper } = cast.identities;
  const door = await listen({ own: helper, job, peers: [first.publicKey, second.publicKey], host, meetMs: 300 });
  const early = await dial({ own: first, job, peer: helper.publicKey, host, port: door.port });
  expect(await codeOf(door.met)).toBe('compute.peerGone');
  expect(await codeOf(early.next())).toBe('compute.peerGone');
  await early.close();
});

test('terms that cannot be meant', () => {
  const { terms } = castOf('helper', 'both');
  expect(() => requireTerms(terms)).not.toThrow();
  const wrong = [
    { ...terms, keysMax: 0 },
    { ...terms, keysMax: 2 ** 29 },
    { ...terms, mode: 'ecdh' as const, keysMax: 2_000_000 },
    { ...terms, mode: 'magic' as 'ecdh' },
    { ...terms, mode: 'kkrt' as const, reveal: 'size' as const, keysMax: 3 },
    { ...terms, mode: 'kkrt' as const, keysMax: 2 ** 24 + 1 },
    { ...terms, reveal: 'all' as 'both' },
    { ...terms, helper: null },
    { ...terms, second: terms.first },
    { ...terms, job: 'x' },
    // Rows tell how many they are, and in a pair each works the number out.
    { ...terms, atLeast: 3 },
    { ...castOf('ecdh', 'size').terms, atLeast: 3 },
    { ...castOf('sm2', 'size').terms, atLeast: 3 },
    { ...castOf('helper', 'size').terms, atLeast: 0 },
    { ...castOf('helper', 'size').terms, atLeast: 2.5 },
  ];
  for (const one of wrong) expect(() => requireTerms(one)).toThrow('cannot be used');
});

/** What both owners say where so many of three keys are common and three, or another number, were agreed on; and what the helper tells. */
const counted = async (common: number, atLeast: number, told?: number) => {
  const cast = castOf('helper', 'size', 3);
  const terms = { ...cast.terms, atLeast };
  const links = await meetAtHelper({ ...cast, terms });
  const rows = ['p1,x', 'p2,y', 'p3,z'].map((row, at) => (at < common ? row : `q${row}`));
  const second = await folder.table(`counted-${runs++}.csv`, rows);
  const ends = (['first', 'second'] as const).map((role) => {
    const input = { path: role === 'first' ? path : second, column: 'id', salt, folder: folder.path };
    return ownWithHelper(links[role], terms, role, cast.identities[role], input, undefined).then(
      (report) => `${report.common}`,
      (error: Error & { code: string }) => `${error.code} ${error.message}`,
    );
  });
  // A helper that lies compares by terms without the number, whose digest it passes off as the agreed one.
  const helper = told === undefined ? help(links.helper, terms) : lyingHelper(links.helper, terms);
  const [said, code] = await Promise.all([Promise.all(ends), codeOf(helper)]);
  await Promise.all([links.first.close(), links.second.close()]);
  return { said, code };
};

/** Forgets the least number once the owners' terms have been compared. */
const lyingHelper = (links: Parameters<typeof help>[0], terms: Terms) => {
  let looks = 0;
  return help(
    links,
    new Proxy(terms, {
      get: (of, name) => (name === 'atLeast' && looks++ > 0 ? undefined : Reflect.get(of, name)),
    }),
  );
};

test('a number below the least opens to nobody, and whatever it is the owners hear the same', async () => {
  const few = await Promise.all([0, 1, 2].map((common) => counted(common, 3)));
  for (const { said, code } of few) {
    expect(code).toBe('compute.tooFew');
    expect(said).toEqual(few[0]!.said);
    for (const one of said)
      expect(one).toMatch(/^compute\.tooFew .*fewer keys are common than the 3 that were agreed on$/);
  }
  expect(await counted(3, 3)).toMatchObject({ said: ['3', '3'] });
  expect(await counted(2, 2)).toMatchObject({ said: ['2', '2'] });
});

test('a helper that tells it all the same is found out by both owners', async () => {
  const { said } = await counted(2, 3, 2);
  for (const one of said) expect(one).toContain('compute.peerMalformed');
});

test('another table than a contract names is compared by nobody: each party looks for itself', async () => {
  const hexOf = async (column: string) => {
    const { digest } = await scanTable(path, [], () => {});
    return inputCommitment(salt, digest, column).toString('hex');
  };
  const own = await hexOf('id');
  const other = '0'.repeat(64);
  const played = async (agreed: { first: AgreedInputs; second: AgreedInputs; helper?: AgreedInputs }) => {
    const { terms, identities } = castOf('helper', 'both', 3);
    const links = await meetAtHelper({ terms, identities });
    const owner = (role: 'first' | 'second') =>
      ownWithHelper(
        links[role],
        terms,
        role,
        identities[role],
        { path, column: 'id', salt, folder: folder.path, agreed: agreed[role] },
        undefined,
      );
    const codes = await Promise.all(
      [owner('first'), owner('second'), help(links.helper, terms, undefined, agreed.helper)].map(codeOf),
    );
    await Promise.all([links.first.close(), links.second.close()]);
    return codes;
  };
  const sound = { own, peer: own };
  expect(await played({ first: sound, second: sound, helper: sound })).toEqual(Array(3).fill('went well'));
  for (const wrong of [
    { first: { own: other, peer: own }, second: sound },
    { first: { own, peer: other }, second: sound },
    { first: sound, second: sound, helper: { own, peer: other } },
  ])
    expect(await played(wrong)).toContain('compute.inputChanged');
});
