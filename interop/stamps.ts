/**
 * Time stamps against OpenSSL: `openssl ts` answers our requests and we verify its tokens; it verifies the tokens that we keep and
 * serve; what one refuses, the other refuses too. A running exchange is stamped by it over HTTP.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  acceptStamp,
  certificatesInPem,
  parseTrust,
  type SuiteName,
  stampRequest,
  verifyBundle,
  verifyStamp,
} from '@shugu/evidence';
import { makeTestAuthority, type Wrong } from '@shugu/evidence/testing';
import * as kernelWire from '@shugu/wire/kernel';
import { startTemporary } from '../apps/cli/src/server.ts';
import { inFolder, type Outcome, runProgram, type Tally, tally, versionOf } from './check.ts';
import { listProduct, openMarket } from './exchange.ts';
import { type OpensslAuthority, opensslAccepts, opensslAuthority } from './tsa.ts';

export const about = 'time stamps, by openssl ts, both ways';

export const needs = async (): Promise<string | undefined> => {
  const version = await versionOf('openssl', 'version');
  if (!version) return 'openssl is not installed';
  return /^OpenSSL ([3-9]|\d\d)\./.test(version) ? undefined : `OpenSSL 3 is needed, this is ${version}`;
};

const bytes = new TextEncoder().encode('the bytes of a checkpoint');

const holds = (work: () => unknown): boolean => {
  try {
    work();
    return true;
  } catch {
    return false;
  }
};

const kinds = {
  rsa: { kind: 'rsa' },
  'rsa with SHA-1 in its ESSCertID': { kind: 'rsa', certificateIdHash: 'sha1' },
  'ec with SHA-512': { kind: 'ec', hash: 'sha512' },
} as const;

/** OpenSSL stamps, both verify. */
const checkTheirs = async (
  folder: string,
  counts: Tally,
  name: string,
  suite: SuiteName,
  authority: OpensslAuthority,
) => {
  const what = `${name}, suite ${suite}`;
  const nonce = new Uint8Array(randomBytes(16));
  const request = stampRequest({ suite, bytes, nonce });
  await writeFile(join(folder, 'request.tsq'), request);
  const shown = await runProgram('openssl', ['ts', '-query', '-in', join(folder, 'request.tsq'), '-text']);
  counts.expect(/Certificate required: yes/.test(shown.stdout), `${what}: openssl reads the request`);
  const authorities = certificatesInPem(authority.rootPem).map((certificate) => ({ certificate }));
  const response = await authority.answer(request);
  const { token } = acceptStamp(response, { bytes, nonce, authorities });
  const { rootFile, untrustedFile } = authority;
  counts.expect(await opensslAccepts(folder, { token, bytes, rootFile }), `${what}: openssl accepts what we keep`);
  const other = new TextEncoder().encode('the bytes of another');
  counts.expect(
    !(await opensslAccepts(folder, { token, bytes: other, rootFile })),
    `${what}: openssl took other bytes`,
  );
  counts.expect(!holds(() => verifyStamp(token, other, authorities)), `${what}: we took other bytes`);
  counts.expect(!holds(() => acceptStamp(response, { bytes, nonce: randomBytes(16), authorities })), `${what}: nonce`);
  const stranger = makeTestAuthority({ now: () => new Date() }).certificates.root;
  counts.expect(!holds(() => verifyStamp(token, bytes, [{ certificate: stranger }])), `${what}: we took another root`);
  const strange = await rootFileOf(folder, stranger);
  counts.expect(
    !(await opensslAccepts(folder, { token, bytes, rootFile: strange, untrustedFile })),
    `${what}: openssl took another root`,
  );
  let taken = 0;
  for (let place = 0; place < token.length; place++) {
    const changed = Uint8Array.from(token);
    changed[place]! ^= 1 << (place % 8);
    if (holds(() => verifyStamp(changed, bytes, authorities))) taken++;
  }
  counts.expect(taken === 0, `${what}: ${taken} of ${token.length} changed tokens were taken`);
};

const rootFileOf = async (folder: string, der: Uint8Array): Promise<string> => {
  const file = join(folder, 'stranger.pem');
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!;
  await writeFile(file, `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`);
  return file;
};

const wrongs: Record<string, Wrong> = {
  'no usage': { usage: 'none' },
  'another usage': { usage: 'codeSigning' },
  'a second usage': { usage: 'both' },
  'a usage that is not critical': { usage: 'notCritical' },
  'an issuer that is no authority': { intermediate: 'noAuthority' },
  'an issuer that may not certify': { intermediate: 'mayNotCertify' },
  'one authority too many': { rootPathLength: 0 },
  'a key to encipher with': { enciphers: true },
  'an unknown critical extension': { unknownExtension: true },
  'another imprint': { imprint: new Uint8Array(32) },
  'another key': { otherKey: true },
  'another certificate named': { otherCertificate: true },
};

/** The authority of our own tests stamps, as it should and wrongly: OpenSSL is of our opinion each time. */
const checkOurs = async (folder: string, counts: Tally) => {
  const nonce = new Uint8Array(randomBytes(16));
  const request = stampRequest({ suite: 'intl', bytes, nonce });
  const opinions = async (wrong: Wrong, kind: 'rsa' | 'ec') => {
    const authority = makeTestAuthority({ now: () => new Date(), kind, wrong });
    const authorities = [{ certificate: authority.certificates.root }];
    const response = authority.answer(request);
    const rootFile = await rootFileOf(folder, authority.certificates.root);
    const responseFile = join(folder, 'response.tsr');
    const dataFile = join(folder, 'response.data');
    await writeFile(responseFile, response);
    await writeFile(dataFile, bytes);
    const asked = ['ts', '-verify', '-data', dataFile, '-in', responseFile, '-CAfile', rootFile];
    const { code } = await runProgram('openssl', asked);
    return [holds(() => acceptStamp(response, { bytes, nonce, authorities })), code === 0];
  };
  for (const kind of ['rsa', 'ec'] as const)
    counts.expect(
      (await opinions({}, kind)).every(Boolean),
      `our test authority with ${kind} keys is accepted by both`,
    );
  for (const [name, wrong] of Object.entries(wrongs)) {
    const [ours, theirs] = await opinions(wrong, 'ec');
    counts.expect(!ours, `we took a stamp with ${name}`);
    counts.expect(!theirs, `openssl took a stamp with ${name}`);
  }
};

const serve = async (authority: OpensslAuthority) => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = await authority.answer(new Uint8Array(Buffer.concat(chunks))).catch(() => undefined);
    response.writeHead(answer ? 200 : 500, { 'content-type': 'application/timestamp-reply' }).end(answer);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    end: () => server.closeAllConnections() ?? server.close(),
  };
};

const patienceMilliseconds = 60_000;

/** An exchange whose log OpenSSL stamps: what it serves and what its papers carry. */
const checkExchange = async (folder: string, counts: Tally, suite: SuiteName, authority: OpensslAuthority) => {
  const { url, end: endAuthority } = await serve(authority);
  const { exchange, end } = await startTemporary({
    suite,
    tsaUrl: url,
    tsaCertificates: authority.rootFile,
    tsaSeconds: 1,
  });
  try {
    const stage = await openMarket(exchange);
    await listProduct(stage);
    const seller = await stage.as('xingsha.trader');
    const trust = parseTrust(
      new Uint8Array(await (await fetch(`${exchange.url}/.well-known/shugu-trust.json`)).arrayBuffer()),
    );
    const stampedPapers = async () => {
      const { items } = await seller.call(kernelWire.papers, { query: {} });
      const reports = [];
      for (const { id } of items.filter(({ ready }) => ready)) {
        const file = await seller.raw(kernelWire.paperBundle, { params: { id } });
        reports.push(await verifyBundle(new Uint8Array(await file.arrayBuffer()), trust));
      }
      return { all: items.length, reports };
    };
    let found = await stampedPapers();
    for (const endAt = Date.now() + patienceMilliseconds; Date.now() < endAt; found = await stampedPapers()) {
      if (found.reports.length === found.all && found.reports.every(({ stamp }) => stamp)) break;
      await sleep(1000);
    }
    counts.expect(found.all > 0, `suite ${suite}: the market left no paper`);
    for (const report of found.reports)
      counts.expect(
        report.ok && report.stamp !== undefined,
        `suite ${suite}: the bundle of ${report.kind} carries a stamp by openssl`,
      );
    const { items } = (await (await fetch(`${exchange.url}/log/stamps`)).json()) as { items: { size: number }[] };
    const get = async (path: string) =>
      new Uint8Array(await (await fetch(`${exchange.url}/log/stamp/${path}`)).arrayBuffer());
    for (const { size } of items.slice(0, 5)) {
      const [token, checkpoint] = [await get(`${size}.tst`), await get(`${size}.checkpoint`)];
      const { rootFile } = authority;
      counts.expect(
        await opensslAccepts(folder, { token, bytes: checkpoint, rootFile }),
        `suite ${suite}: served stamp of ${size}`,
      );
    }
    counts.note(
      `suite ${suite}: ${found.reports.length} papers and ${items.length} stamped checkpoints of a running exchange`,
    );
  } finally {
    await end();
    endAuthority();
  }
};

export const run = (): Promise<Outcome> =>
  inFolder(async (folder) => {
    const counts = tally();
    for (const [name, options] of Object.entries(kinds)) {
      const own = join(folder, name.replaceAll(' ', '-'));
      await mkdir(own);
      const authority = await opensslAuthority(own, options);
      for (const suite of ['intl', 'sm'] as const) await checkTheirs(own, counts, name, suite, authority);
    }
    await checkOurs(folder, counts);
    const own = join(folder, 'exchange');
    await mkdir(own);
    const authority = await opensslAuthority(own);
    for (const suite of ['intl', 'sm'] as const) await checkExchange(own, counts, suite, authority);
    return counts.outcome();
  });
