/** For tests only: a node that is nothing but its key, and speaks to a hub by hand. */
import { randomBytes } from 'node:crypto';
import { checkpointSigner, generateKey, publicJwk, type Signer, softwareSigner } from '@shugu/evidence';
import { emptyRoot, formatCheckpoint, sha256, signNote } from '@shugu/tlog';
import * as wire from '@shugu/wire/nodes';
import { move } from '../../../cli/src/scenario/cases.ts';
import type { TestExchange } from '../../test/support/exchange.ts';
import { digestOf, type Envelope, sealWords } from './envelope.ts';
import type { Answer, Change, Content } from './model.ts';

export const said = (sent: Envelope) => JSON.parse(sent.payload) as Answer;

export const entryOf = (subject: string, title: string, more: Partial<Content> = {}): Change => {
  const content = {
    version: '1',
    title,
    summary: '',
    price: { zh: '面议', en: 'by quotation' },
    by: '',
    industry: 'G54',
    path: '/products/x',
    ...more,
  };
  return { kind: 'listing', subject: `prd_${subject.padEnd(26, '0')}`, content, digest: digestOf('intl', content) };
};

/** What stands at the hub under a node's signed feed, by hand. */
export const handsAt = (hub: TestExchange, hubKey: string) => {
  const byHand = () => {
    const signer: Signer = softwareSigner(generateKey('intl'), { level: 'platform' });
    const application = (more: object = {}) => ({
      kind: 'application',
      to: hubKey,
      nonce: randomBytes(16).toString('base64url'),
      key: publicJwk(signer.publicKey),
      origin: 'log.example/industry',
      name: '手工行业节点',
      nodeKind: 'industry',
      connectorType: 1,
      operator: { name: '样例行业公司', creditCode: '91430000MA4L00000X' },
      url: 'https://industry.example',
      ...more,
    });
    return { signer, application };
  };
  const register = (sent: Envelope) => hub.anyone.call(wire.register, { body: sent });
  const tell = (sent: Envelope) => hub.anyone.call(wire.tell, { body: sent });
  const applications = async () =>
    (await (await hub.as('operator.reviewer')).call(wire.listApplications, { query: {} })).items;
  const letIn = async (node: string) => {
    const { case: id } = (await applications()).find((one) => one.id === node)!;
    await move(await hub.as('operator.reviewer'), id, 'acceptRegistration');
    return id;
  };
  const entries = async (query: object = {}) => (await hub.anyone.call(wire.listEntries, { query })).items;
  /** A registered one: its log is one signed checkpoint. */
  const registered = async (more: object = {}) => {
    const one = byHand();
    const words = one.application(more);
    const { origin } = words;
    const { node } = said(await register(await sealWords(one.signer, words)));
    const id = await letIn(node);
    let number = 0;
    const speak = async (words: object) => tell(await sealWords(one.signer, { to: hubKey, ...words }));
    const next = (words: object) => speak({ number: ++number, ...words });
    const checkpoint = await signNote(formatCheckpoint({ origin, size: 0, root: emptyRoot(sha256) }), [
      checkpointSigner(origin, one.signer),
    ]);
    await next({ kind: 'certification', software: '1', checkpoint });
    await move(await hub.as('operator.approver'), id, 'acceptCertification');
    const { state } = said(await next({ kind: 'activation' }));
    if (state !== 'active') throw new Error(`the node is ${state}`);
    const changes = (first: number, entries: Change[], generation = 1) =>
      sealWords(one.signer, { kind: 'changes', to: hubKey, generation, first, changes: entries });
    const mine = async () => (await entries({ node })).map((entry) => entry.title).sort();
    return { ...one, node, case: id, speak, next, changes, mine };
  };
  return { byHand, register, tell, applications, letIn, entries, registered };
};
