import { cases } from '@shugu/wire/cases';
import { Link } from '@tanstack/react-router';
import { Button, Tag } from 'antd';
import { useRead } from '../api.ts';
import { Drawing } from '../case/drawing.tsx';
import { listMark, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { useId } from '../ui/route.ts';

/** Listing reviews and trade reviews begin from the product or the order, not from an empty form. */
const startsElsewhere = new Set(['listing.review', 'trade.review', 'member.admission', 'member.roles']);

export default function Procedure() {
  const { t, b, w } = useWords();
  const me = useMe();
  const id = useId();
  const read = useRead(cases.procedure, { params: { procedure: id } });
  return (
    <Loaded of={read}>
      {(one) => (
        <Page
          title={b(one.title)}
          lead={b(one.summary)}
          actions={
            me && !startsElsewhere.has(one.id) ? (
              <Link to={paths.newCase(one.id)}>
                <Button type="primary" tabIndex={-1}>
                  {t('procedures.file')}
                </Button>
              </Link>
            ) : null
          }
        >
          <div className="columns">
            <div>
              <Sheet title={t('case.drawing')}>
                <Drawing procedure={one.id} />
              </Sheet>
              <Sheet title={t('procedures.states')}>
                <Facts
                  items={one.states.map((state) => [
                    b(state.title),
                    <>
                      {state.turn === 'nobody' ? null : (
                        <Tag>
                          {state.turn.startsWith('party:') ? t('turn.party') : t(`turn.${state.turn as 'applicant'}`)}
                        </Tag>
                      )}{' '}
                      {b(state.next)}
                    </>,
                  ])}
                />
              </Sheet>
            </div>
            <div>
              <Sheet title={t('case.about')}>
                <Facts
                  items={[
                    [t('turn.handler'), w('role', one.handlerRole)],
                    [
                      t('procedures.applicants'),
                      one.applicantRoles.length
                        ? one.applicantRoles.map((role) => w('role', role)).join(listMark())
                        : t('procedures.anyMember'),
                    ],
                    [
                      t('case.pack'),
                      <span key="p" className="mono">
                        {one.pack}
                      </span>,
                    ],
                  ]}
                />
              </Sheet>
              <Sheet title={t('case.clocks')}>
                {one.clocks.length ? (
                  <ul style={{ margin: 0, paddingLeft: '1.2em' }}>
                    {one.clocks.map((clock) => (
                      <li key={clock.id}>{b(clock.title)}</li>
                    ))}
                  </ul>
                ) : (
                  t('app.none')
                )}
              </Sheet>
              <Sheet title={t('case.papers')}>
                {one.papers.length ? (
                  <ul style={{ margin: 0, paddingLeft: '1.2em' }}>
                    {one.papers.map((paper) => (
                      <li key={paper.id}>
                        {b(paper.title)} {paper.required ? <Tag color="warning">{t('case.paperRequired')}</Tag> : null}
                      </li>
                    ))}
                  </ul>
                ) : (
                  t('app.none')
                )}
              </Sheet>
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}
