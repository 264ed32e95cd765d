import { cases } from '@shugu/wire/cases';
import { Link } from '@tanstack/react-router';
import { useRead } from '../api.ts';
import { FieldValue } from '../case/data.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Due, When } from '../ui/now.tsx';
import { OrganisationName } from '../ui/organisations.tsx';
import { useId } from '../ui/route.ts';
import { NextStep, StateTag } from '../ui/step.tsx';

export default function PublicNotice() {
  const { t, b } = useWords();
  const me = useMe();
  const id = useId();
  const read = useRead(cases.publicNotice, { params: { case: id } });
  const procedure = useRead(
    cases.procedure,
    { params: { procedure: read.data?.procedure ?? '' } },
    { enabled: !!read.data },
  );
  return (
    <Loaded of={read}>
      {(one) => (
        <Page title={one.title} lead={b(one.procedureTitle)}>
          <NextStep
            who={one.objectionOpen ? t('turn.public') : undefined}
            text={one.objectionOpen ? t('notices.objectionOpen') : b(one.stateTitle)}
            done={!one.objectionOpen}
          >
            {one.objectionOpen ? (
              <Link to={me ? paths.case(one.case) : paths.signIn}>{t('notices.object')}</Link>
            ) : null}
          </NextStep>
          <Sheet>
            <Facts
              items={[
                [t('case.state'), <StateTag key="s" state={one.state} text={b(one.stateTitle)} />],
                [t('turn.handler'), <OrganisationName key="h" id={one.handler} />],
                [t('notices.published'), <When key="p" at={one.publishedAt} />],
                [t('notices.until'), <Due key="u" at={one.until} />],
                ...one.fields.map((shown) => {
                  const known = procedure.data?.form.find((entry) => entry.id === shown.id);
                  return [
                    b(shown.title),
                    known ? (
                      <FieldValue key={shown.id} one={known} value={shown.value} />
                    ) : typeof shown.value === 'string' ? (
                      shown.value
                    ) : (
                      JSON.stringify(shown.value)
                    ),
                  ] as [string, React.ReactNode];
                }),
              ]}
            />
          </Sheet>
        </Page>
      )}
    </Loaded>
  );
}
