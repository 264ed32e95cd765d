/** What goes with a node's application: technical particulars and attachments, from its file, from its page, and by hand. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as casesWire from '@shugu/wire/cases';
import * as wire from '@shugu/wire/nodes';
import { applicationLimits } from '@shugu/wire/nodes-application';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import { type TestExchange, testExchange } from '../../test/support/exchange.ts';
import { refusal } from '../market/testing.ts';
import { requireType, sha256Of } from './attachments.ts';
import { sealWords } from './envelope.ts';
import type { Attachment } from './model.ts';
import { handsAt, said } from './testing.ts';

const nothing = 'kernel.unknown';
const sbom = Buffer.from(JSON.stringify({ bomFormat: 'CycloneDX', components: [] }));
const report = Buffer.from('%PDF-1.7 等保结果');
let hub: TestExchange;
let city: TestExchange;
let folder: string;
let hands: ReturnType<typeof handsAt>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-application-'));
  await writeFile(join(folder, 'sbom.json'), sbom);
  const file = join(folder, 'application.json');
  await writeFile(
    file,
    JSON.stringify({
      connectorType: 1,
      technical: { accessWay: 'dedicated', addresses: ['203.0.113.7', '2001:db8::7'], vendor: '样例连接器公司' },
      attachments: [{ kind: 'sbom', file: 'sbom.json', mediaType: 'application/json' }],
    }),
  );
  hub = await testExchange({ config: { nodeKind: 'hub', heartbeatSeconds: 1, privateNodes: ['127.0.0.1'] } });
  hands = handsAt(hub, (await hub.anyone.call(wire.readSelf, {})).keyId);
  // Copies of one prepared database share its keys; another suite has another.
  city = await testExchange({
    config: { suite: 'sm', privateNodes: ['127.0.0.1'], hubUrl: hub.url, nodeApplication: file },
  });
}, 240_000);
afterAll(async () => {
  await city?.end();
  await hub?.end();
  await rm(folder, { recursive: true, force: true });
});

const soon = { timeout: 60_000, interval: 100 };
const uplink = async () => (await city.as('operator.system')).call(wire.readUplink, {});
const sent = async () =>
  (await uplink()).attachments.map(({ kind, named, sentAt, fault }) => [kind, named, sentAt !== null, fault]);
const newest = async () => (await hands.applications())[0]!;
const caseOf = async (id: string, login = 'operator.reviewer') =>
  (await hub.as(login)).call(casesWire.cases.get, { params: { case: id } });
const contentOf = async (id: string, paper: string, login = 'operator.reviewer') =>
  Buffer.from(
    await (await (await hub.as(login)).raw(casesWire.cases.getPaper, { params: { case: id, paper } })).arrayBuffer(),
  );
const hold = async (
  content: Buffer,
  query: { kind: 'classifiedProtection' | 'audit'; name: string; mediaType: 'application/pdf' | 'text/plain' },
  login = 'operator.system',
) =>
  (await city.as(login)).raw(
    wire.holdAttachment,
    { query },
    { rawBody: new Uint8Array(content), headers: { 'content-type': 'application/octet-stream' } },
  );

describe('a node’s application', { timeout: 180_000 }, () => {
  test('takes what its file says along; who reviews has it all in the case', async () => {
    await expect.poll(sent, soon).toEqual([['sbom', true, true, '']]);
    const { case: id } = await newest();
    const seen = await caseOf(id);
    expect(seen.data).toMatchObject({
      accessWay: 'dedicated',
      addresses: '203.0.113.7；2001:db8::7',
      vendor: '样例连接器公司',
      attachments: `sbom sbom.json ${sbom.length} ${sha256Of(sbom)}`,
    });
    expect(seen.papers).toMatchObject([
      { kind: 'sbom', name: 'sbom.json', bytes: sbom.length, digest: sha256Of(sbom) },
    ]);
    expect(await contentOf(id, seen.papers[0]!.id)).toEqual(sbom);
    // The hub's case is nobody else's, and no paper of it.
    expect(await refusal(caseOf(id, 'xingsha.trader'))).toBe(nothing);
    expect(await refusal(contentOf(id, seen.papers[0]!.id, 'xingsha.trader'))).toBe(nothing);
    const [held] = (await uplink()).attachments;
    const drop = async (which: string) =>
      (await city.as('operator.system')).call(wire.dropAttachment, { params: { id: which }, body: {} });
    expect(await refusal(drop(held!.id))).toBe('nodes.attachmentHeld');
    expect(await refusal(drop('nat_01zzzzzzzzzzzzzzzzzzzzzzzz'))).toBe(nothing);
  });

  test('takes what was entered and uploaded on the page along', async () => {
    const pdf = { kind: 'classifiedProtection', name: '等保结果.pdf', mediaType: 'application/pdf' } as const;
    for (const login of ['operator.reviewer', 'xingsha.admin'])
      await expect(hold(report, pdf, login)).rejects.toThrow();
    expect(await refusal(hold(Buffer.from('<html>'), pdf))).toMatch(/^nodes.attachmentUnfit/);
    expect(await refusal(hold(Buffer.alloc(0), pdf))).toMatch(/^nodes.attachmentUnfit/);
    const large = Buffer.alloc(applicationLimits.attachmentBytesMax + 1, 'a');
    expect(await refusal(hold(large, { ...pdf, mediaType: 'text/plain' }))).toBe('nodes.attachmentTooLarge');
    await hold(report, pdf);
    expect(await refusal(hold(report, { ...pdf, kind: 'audit' }))).toBe('nodes.attachmentHeld');
    expect((await sent()).map(([kind, named]) => [kind, named])).toEqual([
      ['sbom', true],
      ['classifiedProtection', false],
    ]);

    // It was refused, and applies anew: both go along.
    const before = await newest();
    await move(await hub.as('operator.approver'), before.case, 'refuse', { reason: '等保结果缺失' });
    await expect.poll(async () => (await uplink()).uplink!.state, soon).toBe('refused');
    const apply = async (technical: object) =>
      (await city.as('operator.system')).call(wire.join, { body: { technical } as never });
    expect(await refusal(apply({ macAddresses: ['00-1A'] }))).toMatch(/^kernel.invalid/);
    expect(await refusal(apply({ colour: 'red' }))).toMatch(/^kernel.invalid/);
    await apply({ serialNumber: 'SN-0001', contact: '0731-00000000' });
    await expect.poll(sent, soon).toEqual([
      ['sbom', true, true, ''],
      ['classifiedProtection', true, true, ''],
    ]);
    const { case: id } = await newest();
    const seen = await caseOf(id);
    expect(seen.data).toMatchObject({ serialNumber: 'SN-0001', contact: '0731-00000000' });
    expect(seen.papers.map(({ kind }) => kind)).toEqual(['sbom', 'classifiedProtection']);
    expect(await contentOf(id, seen.papers[1]!.id)).toEqual(report);
  });
});

describe('what the hub takes in', { timeout: 120_000 }, () => {
  const term = (content: Buffer, more: Partial<Attachment> = {}): Attachment => ({
    ...{ kind: 'audit', name: '审计报告.pdf', mediaType: 'application/pdf', bytes: content.length },
    sha256: sha256Of(content),
    ...more,
  });
  const applied = async (attachments: Attachment[]) => {
    const one = hands.byHand();
    const words = one.application({ origin: 'log.example/by-hand', url: 'https://by-hand.example', attachments });
    const { node } = said(await hands.register(await sealWords(one.signer, words)));
    const { case: id } = (await hands.applications()).find((each) => each.id === node)!;
    return { node, case: id };
  };
  const send = (node: string, content: Buffer, named = content) =>
    hub.anyone.raw(
      wire.sendAttachment,
      { params: { node, hash: sha256Of(named).replace('sha256:', '') } },
      { rawBody: new Uint8Array(content), headers: { 'content-type': 'application/octet-stream' } },
    );

  test('is what the application signed for, once, and before it is decided', async () => {
    const odd = Buffer.from('no pdf at all');
    const { node, case: id } = await applied([term(report), term(odd)]);
    expect(await refusal(send('nod_01zzzzzzzzzzzzzzzzzzzzzzzz', report))).toBe(nothing);
    expect(await refusal(send(node, sbom))).toBe(nothing);
    const other = Buffer.from(report);
    other[other.length - 1] = 0x20;
    expect(await refusal(send(node, other, report))).toBe('nodes.attachmentDiffers');
    expect(await refusal(send(node, report.subarray(1), report))).toBe('nodes.attachmentDiffers');
    expect(await refusal(send(node, Buffer.concat([report, report]), report))).toBe('nodes.attachmentTooLarge');
    expect(await refusal(send(node, odd))).toMatch(/^nodes.attachmentUnfit/);
    expect((await caseOf(id)).papers).toEqual([]);
    await Promise.all([send(node, report), send(node, report)]);
    await send(node, report);
    expect((await caseOf(id)).papers.map(({ digest }) => digest)).toEqual([sha256Of(report)]);
    await move(await hub.as('operator.approver'), id, 'refuse', { reason: '主体无法核实' });
    expect(await refusal(send(node, report)), 'it is decided').toBe(nothing);
  });

  test('has its limits: how many, how large, of which kind', async () => {
    const many = Array.from({ length: applicationLimits.attachmentsMax + 1 }, (_, place) =>
      term(Buffer.from(`${place}`)),
    );
    expect(await refusal(applied(many))).toBe('nodes.messageInvalid');
    expect(await refusal(applied([term(report, { bytes: applicationLimits.attachmentBytesMax + 1 })]))).toBe(
      'nodes.messageInvalid',
    );
    expect(await refusal(applied([term(report, { mediaType: 'text/html' as never })]))).toBe('nodes.messageInvalid');
    expect(await refusal(applied([term(report, { name: '' })]))).toBe('nodes.messageInvalid');
  });
});

test('a file is of its kind by what it begins with', () => {
  const fits = (type: Attachment['mediaType'], content: Buffer) => {
    try {
      requireType(content, type, 'body');
      return true;
    } catch {
      return false;
    }
  };
  const png = Buffer.from('89504e470d0a1a0a00', 'hex');
  const samples: [Attachment['mediaType'], Buffer][] = [
    ['application/pdf', report],
    ['image/png', png],
    ['image/jpeg', Buffer.from('ffd8ffe000', 'hex')],
    ['application/zip', Buffer.from('504b030400', 'hex')],
    ['application/json', sbom],
    ['application/xml', Buffer.from('<?xml version="1.0"?><bom/>')],
    ['text/plain', Buffer.from('漏洞均已修复')],
  ];
  for (const [type, content] of samples) expect(fits(type, content), type).toBe(true);
  const binary = samples.slice(0, 4);
  for (const [type] of binary)
    for (const [other, content] of samples)
      if (other !== type) expect(fits(type, content), `${other} as ${type}`).toBe(false);
  for (const type of ['application/json', 'application/xml', 'text/plain'] as const)
    expect(fits(type, png), type).toBe(false);
});
