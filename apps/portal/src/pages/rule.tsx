import { acceptRuleVersion, readRuleDocument, readRuleVersion } from '@shugu/wire/members';
import { Select, Tag } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useId } from '../ui/route.ts';
import { StateTag } from '../ui/step.tsx';

export default function Rule() {
  const { t, b } = useWords();
  const me = useMe();
  const id = useId();
  const read = useRead(readRuleDocument, { params: { id } });
  const [picked, setPicked] = useState<string>();
  const version = picked ?? read.data?.current?.id ?? read.data?.versions[0]?.id;
  const text = useRead(readRuleVersion, { params: { id: version ?? '' } }, { enabled: !!version });
  return (
    <Loaded of={read}>
      {(one) => (
        <Page
          title={b(one.title)}
          actions={
            <>
              <Select
                aria-label={t('rules.versions')}
                value={version}
                onChange={setPicked}
                style={{ minWidth: 220 }}
                options={one.versions.map((each) => ({
                  value: each.id,
                  label: t('rules.version', { number: each.number, day: each.effectiveOn ?? '—' }),
                }))}
              />
              {me && version ? (
                <Action
                  endpoint={acceptRuleVersion}
                  label={t('rules.accept')}
                  explain={t('rules.acceptExplain', { organisation: me.organisation.name })}
                  input={() => ({ params: { id: version }, body: {} })}
                />
              ) : null}
            </>
          }
        >
          {version ? (
            <Loaded of={text}>
              {(full) => (
                <Sheet>
                  <p>
                    <StateTag list="ruleState" state={full.status} />{' '}
                    {one.mandatory ? <Tag color="warning">{t('rules.mandatory')}</Tag> : null}
                    <span className="quiet">
                      {full.effectiveOn ? t('rules.effectiveOn', { day: full.effectiveOn }) : null}
                    </span>
                  </p>
                  <div className="prose">{b(full.text)}</div>
                  <p className="small quiet mono" style={{ marginTop: 18 }}>
                    {full.digest}
                  </p>
                </Sheet>
              )}
            </Loaded>
          ) : (
            <Empty title={t('rules.notInForce')} />
          )}
        </Page>
      )}
    </Loaded>
  );
}
