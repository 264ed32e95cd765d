import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkMessage } from './check.ts';
import { MESSAGE_LIMITS } from './limits.ts';
import type { MessageType } from './messages.ts';
import { CONTEXT_URL } from './protocol.ts';
import { validatorOf } from './schemas.ts';
import { protocolBase, versionDocument } from './version.ts';

/** The specification's own examples. */
const folder = join(import.meta.dirname, '../schemas');
type Example = Record<string, unknown> & { '@type': MessageType };
const examples = ['catalog', 'negotiation', 'transfer'].flatMap((room) =>
  readdirSync(join(folder, room, 'example')).map((name) => ({
    name: `${room}/${name}`,
    text: readFileSync(join(folder, room, 'example', name), 'utf8'),
  })),
);
const parsed = (text: string) => JSON.parse(text) as Example;
const example = (name: string) => parsed(examples.find((one) => one.name === name)!.text);
const codeOf = (type: MessageType, value: unknown) => {
  const checked = checkMessage(type, value);
  return checked.ok ? 'ok' : `${checked.fault.code} ${checked.fault.path}`;
};

/** A GET without a body carries it in the HTTP binding, so nobody takes it. */
const unused = ['catalog/dataset-request-message.json'];

test.each(examples.filter(({ name }) => !unused.includes(name)))(
  'the example $name is taken as what it is',
  ({ text }) => {
    const message = parsed(text);
    expect(checkMessage(message['@type'], message)).toEqual({ ok: true, message });
  },
);

test('the context may be one text, and a member that nobody knows is let pass', () => {
  const message = { ...example('negotiation/contract-request-message.json'), '@context': CONTEXT_URL, 'x:more': [1] };
  expect(checkMessage('ContractRequestMessage', message)).toEqual({
    ok: true,
    message: { ...message, '@context': [CONTEXT_URL] },
  });
  expect(
    codeOf('ContractRequestMessage', { ...message, '@context': 'https://w3id.org/dspace/2024/1/context.json' }),
  ).toBe('schemaViolated /@context');
});

test('what changes the meaning is refused, with the place', () => {
  const request = example('negotiation/contract-request-message.json');
  const agreement = example('negotiation/contract-agreement-message.json') as Example & { agreement: object };
  const offer = request.offer as { permission: { action: string; constraint: object[] }[] };
  const withOperand = (rightOperand: unknown) => ({
    ...request,
    offer: {
      ...offer,
      permission: [{ action: 'use', constraint: [{ leftOperand: 'count', operator: 'lteq', rightOperand }] }],
    },
  });
  const dataset = example('catalog/dataset.json') as Example & { hasPolicy: object[] };
  const cases: [MessageType, unknown, string][] = [
    ['ContractRequestMessage', null, 'notAnObject '],
    ['ContractRequestMessage', [request], 'notAnObject '],
    ['ContractOfferMessage', request, 'typeWrong /@type'],
    ['ContractRequestMessage', { ...request, consumerPid: '' }, 'idEmpty /consumerPid'],
    ['ContractRequestMessage', { ...request, consumerPid: 'x'.repeat(2049) }, 'tooLong /consumerPid'],
    ['ContractRequestMessage', { ...request, callbackAddress: 'https://a.example' }, 'schemaViolated '],
    ['ContractRequestMessage', { ...request, offer: { ...offer, target: undefined } }, 'targetMissing /offer/target'],
    ['ContractRequestMessage', withOperand('5'), 'ok'],
    ['ContractRequestMessage', withOperand(5), 'schemaViolated /offer/permission/0/constraint/0'],
    [
      'ContractAgreementMessage',
      { ...agreement, agreement: { ...agreement.agreement, timestamp: undefined } },
      'timestampMissing /agreement/timestamp',
    ],
    ['Dataset', { ...dataset, hasPolicy: [{ ...dataset.hasPolicy[0], target: 'x' }] }, 'schemaViolated /hasPolicy/0'],
    ['Dataset', { ...dataset, hasPolicy: [] }, 'schemaViolated /hasPolicy'],
  ];
  for (const [type, value, expected] of cases) expect(codeOf(type, value), JSON.stringify(value)).toBe(expected);
});

test.each([
  'ftp://a.example',
  'https://user@a.example',
  'https://a.example/#x',
  'a.example',
  'javascript:alert(1)',
  '',
])('a call-back address %j is refused', (callbackAddress) => {
  const message = { ...example('negotiation/contract-request-message_initial.json'), callbackAddress };
  expect(codeOf('ContractRequestMessage', message)).toBe('callbackInvalid /callbackAddress');
});

test('a message that is nested without end is refused before it is looked at', () => {
  let constraint: object = { leftOperand: 'count', operator: 'lteq', rightOperand: '5' };
  for (let level = 0; level < MESSAGE_LIMITS.depthMax; level++) constraint = { and: [constraint] };
  const request = example('negotiation/contract-request-message.json');
  const offer = { ...(request.offer as object), permission: [{ action: 'use', constraint: [constraint] }] };
  expect(codeOf('ContractRequestMessage', { ...request, offer })).toBe('tooDeep ');
});

test('no JSON makes the check throw, and nothing that the schema refuses is taken', () => {
  const types = [...new Set(examples.map(({ text }) => parsed(text)['@type']))].filter(
    (type) => (type as string) !== 'DatasetRequestMessage',
  );
  const mutated = fc
    .tuple(fc.constantFrom(...examples), fc.nat(), fc.jsonValue({ maxDepth: 3 }))
    .map(([{ text }, at, put]) => {
      const message = parsed(text);
      const names = Object.keys(message);
      return { ...message, [names[at % names.length]!]: put } as unknown;
    });
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.oneof(mutated, fc.jsonValue()), (type, value) => {
      const checked = checkMessage(type, value);
      if (checked.ok) expect(validatorOf(type)(checked.message)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('a participant is found by its version document, below a sub-path too', () => {
  const document = JSON.parse(readFileSync(join(folder, 'common/example/protocol-version.json'), 'utf8')) as unknown;
  expect(protocolBase('https://a.example', document)).toBe('https://a.example/some/path/2025-1');
  // By whom we are: another identifier, or another protocol of tokens than an entry asks for.
  const auth = { protocol: 'dcp', version: '1.0.1', profile: ['vc20-bssl/jwt', 'vc11-sl2021/jwt'] };
  expect(protocolBase('https://a.example/x', document, { identifierType: 'BPN', auth })).toBe(
    'https://a.example/x/different/path/2025-1',
  );
  for (const wrong of [{ protocol: 'OAuth' }, { version: '2' }, { profile: ['another'] }])
    expect(
      protocolBase('https://a.example', document, { identifierType: 'BPN', auth: { ...auth, ...wrong } }),
    ).toBeNull();
  for (const path of ['/dsp?tenant=', '/dsp#a'])
    expect(protocolBase('https://a.example', versionDocument(path))).toBeNull();
  expect(protocolBase('https://a.example', { protocolVersions: [] })).toBeNull();
  const own = versionDocument('/dsp', { identifierType: 'did:web' });
  expect(validatorOf('VersionDocument')(own)).toBe(true);
  expect(protocolBase('https://a.example', own)).toBe('https://a.example/dsp');
});
