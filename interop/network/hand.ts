/** A node that is nothing but its key and speaks by hand, to say what no node of this program would. */
import { randomBytes } from 'node:crypto';
import { checkpointSigner, generateKey, publicJwk, type Signer, softwareSigner } from '@shugu/evidence';
import { emptyRoot, formatCheckpoint, sha256, signNote } from '@shugu/tlog';
import { ProblemError } from '@shugu/wire';
import * as wire from '@shugu/wire/nodes';
import type { z } from 'zod';
import type { RunningNode } from '../../apps/cli/src/network/network.ts';
import { letIn } from '../../apps/cli/src/network/network.ts';
import { digestOf, type Envelope, sealWords } from '../../apps/server/src/nodes/envelope.ts';

type Change = z.output<typeof wire.change>;
type Answer = z.output<typeof wire.answer>;

export const refusalOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'taken',
    (error) => {
      if (error instanceof ProblemError) return error.problem.code;
      throw error;
    },
  );

export interface HandNode {
  signer: Signer;
  application: Envelope;
  register(sent: Envelope): Promise<Answer>;
  tell(sent: Envelope): Promise<Answer>;
  changes(first: number, entries: Change[]): Promise<Envelope>;
  /** Its next words of those that carry a number. */
  next(words: object): Promise<Envelope>;
}

export const entryOf = (subject: string, title: string): Change => {
  const content = {
    version: '1',
    title,
    summary: '',
    price: { zh: '面议', en: 'by quotation' },
    by: '',
    industry: 'G54',
    path: '/products/x',
  };
  return { kind: 'listing', subject, content, digest: digestOf('intl', content) };
};

/** Registered, certified by a checkpoint of its own log, and active. `forged`: what the hub says to a checkpoint of another log. */
export const handNode = async (hub: RunningNode, name: string): Promise<HandNode & { forged: string }> => {
  const { anyone } = hub.stage;
  const signer = softwareSigner(generateKey('intl'), { level: 'platform' });
  const to = (await anyone.call(wire.readSelf, {})).keyId;
  const origin = 'log.example/hand';
  const said = (envelope: Envelope) => JSON.parse(envelope.payload) as Answer;
  const register = async (sent: Envelope) => said(await anyone.call(wire.register, { body: sent }));
  const tell = async (sent: Envelope) => said(await anyone.call(wire.tell, { body: sent }));
  const application = await sealWords(signer, {
    kind: 'application',
    to,
    nonce: randomBytes(16).toString('base64url'),
    key: publicJwk(signer.publicKey),
    origin,
    name,
    nodeKind: 'industry',
    connectorType: 1,
    operator: { name, creditCode: '91430000MA4L00000X' },
    url: 'https://industry.example',
  });
  let number = 0;
  const next = (words: object) => sealWords(signer, { to, number: ++number, ...words });
  await register(application);
  // It is let in by the same two people; in between it answers as a node does.
  const opened = letIn(hub.stage, name);
  opened.catch(() => undefined);
  const state = async (wanted: Answer['state']) => {
    const beat = { kind: 'heartbeat', generation: 0, last: 0, url: 'https://industry.example', demands: 0 };
    while ((await tell(await next(beat))).state !== wanted) await new Promise((done) => setTimeout(done, 100));
  };
  await state('certifying');
  const foreign = await (await fetch(`${hub.url}/log/checkpoint`)).text();
  const forged = await refusalOf(tell(await next({ kind: 'certification', software: '1', checkpoint: foreign })));
  const checkpoint = await signNote(formatCheckpoint({ origin, size: 0, root: emptyRoot(sha256) }), [
    checkpointSigner(origin, signer),
  ]);
  await tell(await next({ kind: 'certification', software: '1', checkpoint }));
  await state('activating');
  await tell(await next({ kind: 'activation' }));
  await opened;
  const changes = (first: number, entries: Change[]) =>
    sealWords(signer, { kind: 'changes', to, generation: 1, first, changes: entries });
  return { signer, application, register, tell, changes, next, forged };
};
