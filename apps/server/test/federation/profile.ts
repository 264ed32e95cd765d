/**
 * What the conformance kit (dsp-tck) expects of a connector: its data sets, its agreements, and how it reacts in each case, as
 * one set of our rules. A test profile: no start-up of the server knows it.
 */
import type { Dataset } from '@shugu/dataspace';
import { type ReactionRule, reactionRule } from '@shugu/wire/federation';
import type { Exchange } from '../../src/app.ts';
import { serviceOf } from '../../src/federation/index.ts';
import { seedAgreement } from '../../src/federation/testing.ts';
import type { Actor } from '../../src/kernel/db/db.ts';

export const kitParticipant = 'TCK_PARTICIPANT';
export const ourName = 'CONNECTOR_UNDER_TEST';
export const kitToken = 'the fixed token of the kit';
export const ourToken = 'the fixed token of the connector';
/** Of the connector under test: no organisation of the market is needed for it. */
export const participant = 'org_01tckpart1c1pantundertest0';
export const format = 'HttpData-PULL';

const series = (prefix: string, ...counts: number[]): string[] =>
  counts.flatMap((count, group) => Array.from({ length: count }, (_, place) => `${prefix}0${group + 1}0${place + 1}`));

export const offerIdOf = (dataset: string): string => `CD123:${dataset}:456`;
export const providerDatasets = ['CAT0101', 'CAT0102', ...series('ACN', 4, 7, 4)];
export const providerAgreements = series('ATP', 5, 5, 6);
export const consumerAgreements = series('ATPC', 5, 5, 6);

export const datasetOf = (id: string, accessService: string): Dataset => ({
  '@id': id,
  '@type': 'Dataset',
  hasPolicy: [{ '@id': offerIdOf(id), '@type': 'Offer', permission: [{ action: 'use' }] }],
  distribution: [{ '@type': 'Distribution', format, accessService }],
});

/** subject, on, reaction, more. After our own acts (`by: 'self'`) the next follows with a pause. */
type Line = [subjects: string, on: string, reaction: string, more?: Partial<ReactionRule>];
const own = { by: 'self' as const };

const provider: Line[] = [
  ['ACN0101 ACN0102 ACN0103 ACN0204 ACN0205 ACN0206 ACN0302 ACN0303 ACN0304', 'request', 'offer', { timesMax: 1 }],
  ['ACN0102', 'request', 'terminate'],
  ['ACN0104 ACN0203 ACN0207 ACN0301', 'request', 'agree'],
  ['ACN0201', 'request', 'terminate'],
  ['ACN0205', 'offer', 'terminate', own],
  ['ACN0103', 'accept', 'agree'],
  ['ACN0206', 'accept', 'terminate'],
  ['ACN0103 ACN0104 ACN0301', 'verify', 'finalize'],
  ['ACN0207', 'verify', 'terminate'],
];
const consumer: Line[] = [
  ['ACNC0101 ACNC0205 ACNC0304 ACNC0305 ACNC0306', 'offer', 'accept'],
  ['ACNC0102', 'offer', 'request'],
  ['ACNC0103', 'offer', 'terminate'],
  ['ACNC0202', 'request', 'terminate', own],
  ['ACNC0203', 'agree', 'terminate'],
  ['ACNC0101 ACNC0104 ACNC0206', 'agree', 'verify'],
];
const transferProvider: Line[] = [
  [
    'ATP0101 ATP0102 ATP0103 ATP0104 ATP0201 ATP0202 ATP0203 ATP0204 ATP0303 ATP0304 ATP0305 ATP0306',
    'request',
    'start',
  ],
  ['ATP0105', 'request', 'terminate'],
  ['ATP0101', 'start', 'terminate', own],
  ['ATP0102', 'start', 'complete', own],
  ['ATP0103', 'start', 'suspend', own],
  ['ATP0103', 'suspend', 'terminate', own],
  ['ATP0104', 'start', 'suspend', { ...own, timesMax: 1 }],
  ['ATP0104', 'suspend', 'start', own],
  ['ATP0104', 'start', 'complete', own],
];
const transferConsumer: Line[] = [
  ['ATPC0201', 'start', 'terminate'],
  ['ATPC0202', 'start', 'complete'],
  ['ATPC0203 ATPC0204', 'start', 'suspend', { timesMax: 1 }],
  ['ATPC0203', 'suspend', 'terminate', own],
  ['ATPC0204', 'suspend', 'start', own],
  ['ATPC0204', 'start', 'complete', own],
  ['ATPC0205', 'request', 'terminate', own],
];

const ruled = (kind: ReactionRule['kind'], side: ReactionRule['side'], lines: Line[], pause: number): ReactionRule[] =>
  lines.flatMap(([subjects, on, reaction, more]) =>
    subjects
      .split(' ')
      .map((subject) => reactionRule.parse({ kind, side, subject, on, reaction, pauseMilliseconds: pause, ...more })),
  );

/** What no line names stays passive. `pause`: the kit opens its handlers a moment after it has sent. */
export const kitRules = (pause: number): ReactionRule[] => [
  ...ruled('negotiation', 'provider', provider, pause),
  ...ruled('negotiation', 'consumer', consumer, pause),
  ...ruled('transfer', 'provider', transferProvider, pause),
  ...ruled('transfer', 'consumer', transferConsumer, pause),
];

export const actor: Actor = { kind: 'system', id: 'system:test', participant };

/** The connector under test, with all that the cases ask for; its root. */
export const seedKit = async ({ kernel, rooms: { federation } }: Exchange, pause: number): Promise<string> => {
  const root = `${kernel.publicUrl()}/dsp/${participant}`;
  await kernel.database.tx(actor, async (tx) => {
    await federation.open(tx, ourName);
    await federation.setRules(tx, kitRules(pause));
    for (const id of providerDatasets) await federation.publish(tx, participant, datasetOf(id, serviceOf(participant)));
    const agreed = { own: ourName, counterparty: kitParticipant, dataset: 'CAT0101' };
    for (const id of providerAgreements) await seedAgreement(tx, { id, side: 'provider', ...agreed });
    for (const id of consumerAgreements) await seedAgreement(tx, { id, side: 'consumer', ...agreed });
  });
  return root;
};
