/** 产权登记 from application to certificate, on the statutory clocks. */
import type { CallOutput } from '@shugu/wire';
import * as registryWire from '@shugu/wire/registry';
import { attach, fileCase, look, move } from './cases.ts';
import { inCast } from './cast.ts';
import { type Resource, until } from './resource.ts';
import type { Stage } from './stage.ts';

export type Certificate = CallOutput<typeof registryWire.getCertificate>;

export interface RightClaim {
  /** Key in the cast. */
  holder: string;
  right: 'hold' | 'use' | 'operate';
  limits?: string;
}

const day = 86_400_000;

const applicationOf = (stage: Stage, resource: Resource, holders: string[], claims: RightClaim[]) => ({
  applicants: holders.map((key) => {
    const one = inCast(stage.cast, key);
    return {
      name: one.name,
      kind: 'legal',
      number: one.creditCode,
      contact: one.people[0]!.displayName,
      phone: one.people[0]!.phone,
      address: '湖南省长沙市（样例地址）',
      business: '数据加工与服务',
    };
  }),
  objectKind: 'resource',
  dataName: resource.name,
  dataSummary: resource.summary,
  industry: resource.industry,
  dataSource: resource.source,
  ...(resource.source === 'derived' ? { sourceUseRight: true } : {}),
  regionScope: resource.regionScope,
  regionName: resource.region ?? '',
  timeFrom: resource.timeFrom,
  ...(resource.timeUntil ? { timeTo: resource.timeUntil } : {}),
  updateFrequency: resource.updateFrequency,
  rows: resource.content?.rowCount ?? 0,
  dataForm: resource.forms,
  structure: resource.structure,
  limits: resource.limits,
  rights: claims.map((claim) => {
    const one = inCast(stage.cast, claim.holder);
    return {
      holder: one.name,
      code: one.creditCode,
      right: claim.right,
      limits: claim.limits ?? '无',
      proof: '共同采集协议（样张）',
    };
  }),
});

/** Files the application as the first holder; the clock of acceptance begins. */
export const applyForRegistration = async (
  stage: Stage,
  login: string,
  resource: Resource,
  holders: string[],
  claims: RightClaim[],
): Promise<string> => {
  const client = await stage.as(login);
  const registrar = await stage.organisation('registrar');
  const caseId = await fileCase(client, {
    procedure: 'registration.first',
    handler: registrar,
    subject: resource.id,
    title: `数据产权登记：${resource.name}`,
    data: applicationOf(stage, resource, holders, claims),
  });
  await attach(client, caseId, 'identity', 'identity.pdf', ['Business licence of the applicants']);
  await attach(client, caseId, 'sourceProof', 'source.pdf', ['Joint collection agreement']);
  await attach(client, caseId, 'sample', 'sample.pdf', ['Sample of ten rows']);
  await move(client, caseId, 'submit');
  return caseId;
};

/** Two people of the registrar accept, review and publish. */
export const reviewRegistration = async (stage: Stage, caseId: string): Promise<void> => {
  const clerk = await stage.as('registrar.clerk');
  const reviewer = await stage.as('registrar.reviewer');
  const second = await stage.as('registrar.reviewer2');
  await move(clerk, caseId, 'accept');
  await move(reviewer, caseId, 'concludeReview', {
    description: 'met',
    source: 'met',
    rights: 'met',
    opinion: '数据描述准确、来源合规、产权明确。',
  });
  await move(second, caseId, 'publish');
};

/** Lets the five working days of the public notice pass; the evidence is deposited by itself, the clerk issues the certificate. */
export const passNotice = async (
  stage: Stage,
  login: string,
  caseId: string,
  dataName: string,
): Promise<Certificate> => {
  const client = await stage.as(login);
  const seen = await look(client, caseId);
  const notice = seen.clocks.find((clock) => clock.clock === 'notice');
  const end = new Date(notice?.dueAt ?? (await stage.now()).getTime() + 9 * day);
  await stage.moveClock(new Date(end.getTime() + 3_600_000));
  const again = await stage.as(login);
  await until('the evidence', async () => {
    const { state } = await look(again, caseId);
    if (['refused', 'terminated', 'objection'].includes(state)) throw new Error(`the registration ended as ${state}`);
    return state === 'registered';
  });
  const own = async () => (await again.call(registryWire.ownCertificates, { query: { limit: 100 } })).items;
  // The same data may have been registered before.
  const before = new Set((await own()).map(({ id }) => id));
  await move(await stage.as('registrar.clerk'), caseId, 'certify');
  return until('the certificate', async () =>
    (await own()).find(
      (one) => !before.has(one.id) && one.dataName === dataName && one.paper !== null && one.state === 'valid',
    ),
  );
};
