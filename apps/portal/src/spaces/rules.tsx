import { type getSpace, listSpaceRules, publishSpaceRules } from '@shugu/wire/spaces';
import { Select } from 'antd';
import { useState } from 'react';
import { type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { Facts, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';
import { rulesBody, rulesFields, signDaysField } from './fields.ts';

type Space = Reply<typeof getSpace>;

/** The text that members sign, and what of it the exchange holds by itself. */
export const SpaceRules = ({ of, operates }: { of: Space; operates: boolean }) => {
  const { t, b, w } = useWords();
  const all = useRead(listSpaceRules, { params: { id: of.id }, query: { limit: 100 } });
  const [picked, setPicked] = useState<number>();
  const versions = all.data?.items ?? [of.rules];
  const shown = versions.find(({ number }) => number === picked) ?? of.rules;
  const { terms } = shown;
  return (
    <Sheet
      title={t('spaces.rules')}
      extra={
        <>
          <Select
            aria-label={t('spaces.rulesEarlier')}
            value={shown.number}
            onChange={setPicked}
            style={{ minWidth: 120 }}
            options={versions.map(({ number }) => ({ value: number, label: t('spaces.rulesVersion', { number }) }))}
          />
          {operates && of.state === 'active' ? (
            <Action
              endpoint={publishSpaceRules}
              label={t('spaces.publish')}
              explain={<p>{t('spaces.publishExplain')}</p>}
              fields={[...rulesFields(), signDaysField]}
              initial={{ text: of.rules.text, terms: of.rules.terms }}
              width={760}
              input={(values) => ({ params: { id: of.id }, body: rulesBody(values) as never })}
            />
          ) : null}
        </>
      }
    >
      <div className="prose">{b(shown.text)}</div>
      <h3 style={{ margin: '20px 0 8px' }}>{t('spaces.rulesTerms')}</h3>
      <Facts
        items={[
          [t('spaces.audience'), w('spaceAudience', terms.catalogue)],
          [
            t('spaces.joinRoles'),
            terms.joinRoles.map((role) => w('role', role)).join(listMark()) || t('spaces.joinAny'),
          ],
          [
            t('spaces.demands'),
            (shown.number === of.rules.number ? of.demands : terms.policy)
              .map((demand) => w('spaceDemand', demand))
              .join(listMark()) || t('spaces.demandsNone'),
          ],
          [t('spaces.contracts'), w('spaceContracts', terms.contracts)],
          [t('spaces.rulesAt'), <When key="at" at={shown.publishedAt} />],
          [t('spaces.digest'), <Long key="digest" text={shown.digest} />],
        ]}
      />
    </Sheet>
  );
};
