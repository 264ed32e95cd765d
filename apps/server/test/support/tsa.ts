/** A time stamping authority over HTTP, as RFC 3161 section 3.4 has it, that can be told to fail. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTestAuthority, type TestAuthorityOptions } from '@shugu/evidence/testing';

export interface AuthorityOnPort {
  url: string;
  /** PEM with the root. */
  certificates: string;
  /** What came in: the header Authorization of each request. */
  asked: (string | undefined)[];
  /** From now on; undefined is right again. */
  answerWith(answer: { status?: number; body?: Uint8Array; hang?: boolean } | undefined): void;
  end(): Promise<void>;
}

const pemOf = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

export const authorityOnPort = async (options: TestAuthorityOptions): Promise<AuthorityOnPort> => {
  const authority = makeTestAuthority(options);
  const folder = await mkdtemp(join(tmpdir(), 'shugu-tsa-'));
  const certificates = join(folder, 'authority.pem');
  await writeFile(certificates, `Specimen\n${pemOf(authority.certificates.root)}`);
  const asked: (string | undefined)[] = [];
  let other: { status?: number; body?: Uint8Array; hang?: boolean } | undefined;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push(request.headers.authorization);
    if (other?.hang) return;
    const right = request.method === 'POST' && request.headers['content-type'] === 'application/timestamp-query';
    if (!right) return void response.writeHead(400).end();
    const body = other?.body ?? (other?.status ? undefined : authority.answer(new Uint8Array(Buffer.concat(chunks))));
    response.writeHead(other?.status ?? 200, { 'content-type': 'application/timestamp-reply' }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`,
    certificates,
    asked,
    answerWith: (answer) => {
      other = answer;
    },
    end: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await rm(folder, { recursive: true, force: true });
    },
  };
};
