import { cases } from '@shugu/wire/cases';
import { listRulebook } from '@shugu/wire/members';
import { Link } from '@tanstack/react-router';
import { Collapse, Tag } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';

export default function Rules() {
  const { t, b } = useWords();
  const rulebook = useRead(listRulebook, {});
  const packs = useRead(cases.rulePacks, {});
  return (
    <Page
      title={t('rules.title')}
      lead={t('rules.lead')}
      actions={<Link to={paths.procedures}>{t('home.guide')}</Link>}
    >
      <Sheet title={t('rules.documents')}>
        <Loaded of={rulebook}>
          {({ items }) =>
            items.length ? (
              <ul className="card-list">
                {items.map((one) => (
                  <li key={one.id} className="row between">
                    <Link to={paths.rule(one.id)}>
                      <b>{b(one.title)}</b>
                    </Link>
                    <span>
                      {one.mandatory ? (
                        <Tag color="warning">{t('rules.mandatory')}</Tag>
                      ) : (
                        <Tag>{t('rules.optional')}</Tag>
                      )}
                      {one.current ? (
                        <span className="quiet">
                          {t('rules.version', { number: one.current.number, day: one.current.effectiveOn ?? '—' })}
                        </span>
                      ) : (
                        <span className="quiet">{t('rules.notInForce')}</span>
                      )}
                    </span>
                  </li>
                ))}
              </ul>
            ) : (
              <Empty title={t('rules.empty')}>{t('rules.emptyText')}</Empty>
            )
          }
        </Loaded>
      </Sheet>
      <Sheet title={t('rules.packs')}>
        <p className="quiet">{t('rules.packsLead')}</p>
        <Loaded of={packs}>
          {({ items }) => (
            <Collapse
              items={items.map((pack) => ({
                key: `${pack.id}@${pack.version}`,
                label: `${b(pack.title)}（${pack.id}@${pack.version}，${pack.validFrom}）`,
                children: (
                  <ul className="card-list">
                    {pack.rules.map((rule) => (
                      <li key={rule.id}>
                        <div className="row between">
                          <b>{b(rule.title)}</b>
                          <span>
                            <Tag color={rule.force === 'law' ? 'processing' : undefined}>
                              {t(`rules.force.${rule.force}`)}
                            </Tag>
                            {rule.confirmed ? null : <Tag color="warning">{t('rules.unconfirmed')}</Tag>}
                          </span>
                        </div>
                        <div>{b(rule.text)}</div>
                        <div className="small quiet">
                          {rule.source.instrument} {rule.source.article}
                        </div>
                      </li>
                    ))}
                  </ul>
                ),
              }))}
            />
          )}
        </Loaded>
      </Sheet>
    </Page>
  );
}
