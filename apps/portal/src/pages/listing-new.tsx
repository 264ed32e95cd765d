import { contractKinds } from '@shugu/wire/agreements';
import { deliveryModes } from '@shugu/wire/catalogue';
import { createListing, listReports } from '@shugu/wire/market';
import { listSpaces } from '@shugu/wire/spaces';
import { useNavigate } from '@tanstack/react-router';
import { Form } from 'antd';
import { useMemo } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { type PlanValues, planForm, planOf, rateOf } from '../market/plan-fields.ts';
import { PolicyPreview, policyOf, type Terms, termsForm } from '../market/policy.tsx';
import { paths } from '../paths.ts';
import { choicesOf } from '../registry/fields.ts';
import { SendForm } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { dayOf } from '../ui/format.ts';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useId } from '../ui/route.ts';

interface ListingValues {
  plans?: PlanValues[];
  terms?: Terms;
  deliveryModes: string[];
  acceptanceDays: number;
  trialCalls?: number;
  trialDays?: number;
  reports: string[];
  contractKind?: (typeof contractKinds)[number];
  personalBasis?: string;
  securityStatement: string;
  sourceStatement: string;
}

const Preview = ({ names }: { names: Record<string, string> }) => {
  const terms = Form.useWatch('terms') as Terms | undefined;
  return <PolicyPreview terms={terms ?? {}} names={names} />;
};

/** Data spaces to whose members the organisation may offer. */
const useSpaces = () => {
  const { b } = useWords();
  const found = useRead(listSpaces, { query: { mine: 'true', limit: 100 } });
  const mine = (found.data?.items ?? []).filter(
    ({ state, yours }) =>
      state === 'active' && yours?.standing && yours.roles.some((role) => role === 'provider' || role === 'operator'),
  );
  const names = Object.fromEntries(mine.map(({ id, name }) => [id, b(name)]));
  // The same as long as nothing has changed, so that the preview is not asked for again.
  const text = JSON.stringify(names);
  return {
    names: useMemo(() => JSON.parse(text) as Record<string, string>, [text]),
    choices: mine.map(({ id, name }) => [id, name.zh, name.en] as const),
  };
};

export default function NewListing() {
  const { t, w } = useWords();
  const version = useId();
  const navigate = useNavigate();
  const spaces = useSpaces();
  const reports = useRead(listReports, { query: { version, limit: 50 } });
  return (
    <Page title={t('listing.new')} lead={t('listing.newLead')}>
      <Loaded of={reports}>
        {({ items }) => (
          <Sheet>
            <SendForm
              endpoint={createListing}
              label={t('listing.apply')}
              blocked={items.length ? null : t('listing.reportFirst')}
              initial={{
                plans: [{ kind: 'perCall', taxPercent: 6, settlementWays: ['custody'] }],
                terms: { actions: ['use', 'read'], prohibitDistribution: true },
                deliveryModes: ['api'],
                acceptanceDays: 5,
                reports: items.map((one) => one.id),
              }}
              fields={[
                field('plans', 'records', ['价格方案', 'Price plans'], {
                  required: true,
                  itemsMax: 10,
                  fields: planForm,
                }),
                ...termsForm,
                ...(spaces.choices.length
                  ? [
                      field('terms.memberOf', 'choice', ['仅供数据空间成员', 'For members of a data space only'], {
                        choices: spaces.choices,
                        help: {
                          zh: '不选即向所有人供应；选定后，成员以外的人看不到、搜不到、也订不了',
                          en: 'None: for everybody. Else nobody but its members sees, finds or orders it',
                        },
                      }),
                    ]
                  : []),
                field('deliveryModes', 'choices', ['交付方式', 'Delivery'], {
                  required: true,
                  choices: choicesOf('deliveryMode', deliveryModes),
                }),
                field('acceptanceDays', 'number', ['验收期（工作日）', 'Acceptance (working days)'], {
                  required: true,
                  min: 1,
                  max: 60,
                }),
                field('trialCalls', 'number', ['试用次数', 'Trial calls'], { min: 1 }),
                field('trialDays', 'number', ['试用天数', 'Trial days'], { min: 1, max: 90 }),
                field('reports', 'choices', ['合规评估报告', 'Compliance reports'], {
                  required: true,
                  choices: items.map((one) => {
                    const label = `${one.number} ${one.body.name} ${w('conclusion', one.conclusion)} ${dayOf(one.validUntil)}`;
                    return [one.id, label, label] as const;
                  }),
                }),
                field('contractKind', 'choice', ['合同范本', 'Contract template'], {
                  choices: choicesOf('contractKind', contractKinds),
                  help: {
                    zh: '不选则按产品类型由运营方确定',
                    en: 'None: as the operator provides for the kind of product',
                  },
                }),
                field('personalBasis', 'longText', ['个人信息处理依据', 'Basis for personal data'], {
                  help: {
                    zh: '含个人信息的产品必填：同意或去标识化',
                    en: 'With personal data: consent or de-identification',
                  },
                }),
                field(
                  'sourceStatement',
                  'longText',
                  ['数据来源说明（数据安全法第三十三条）', 'Where the data comes from (DSL art. 33)'],
                  { required: true },
                ),
                field('securityStatement', 'longText', ['安全措施说明', 'Security measures'], { required: true }),
              ]}
              input={(raw) => {
                const values = raw as unknown as ListingValues;
                return {
                  body: {
                    version,
                    policy: policyOf(values.terms ?? {}),
                    plans: (values.plans ?? []).map((plan) => ({
                      title: plan.title,
                      plan: planOf(plan),
                      settlementWays: plan.settlementWays,
                      taxRate: rateOf(plan.taxPercent),
                    })),
                    deliveryModes: values.deliveryModes as never,
                    acceptanceDays: values.acceptanceDays,
                    trial: values.trialCalls ? { calls: values.trialCalls, days: values.trialDays ?? 7 } : null,
                    purposes: values.terms?.purposes ?? [],
                    reports: values.reports,
                    ...(values.contractKind ? { contractKind: values.contractKind } : {}),
                    personalBasis: values.personalBasis ?? '',
                    securityStatement: values.securityStatement,
                    sourceStatement: values.sourceStatement,
                  },
                };
              }}
              after={(reply) => navigate({ to: paths.listing(reply.id) })}
            >
              <Preview names={spaces.names} />
            </SendForm>
          </Sheet>
        )}
      </Loaded>
    </Page>
  );
}
