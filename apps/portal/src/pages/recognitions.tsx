import { listRecognitions, recognise, recognitionFileCharactersMax } from '@shugu/wire/nodes';
import { Alert } from 'antd';
import { useState } from 'react';
import { type Reply, useWrite } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Empty } from '../ui/empty.tsx';
import { Facts, Page, Sheet } from '../ui/frame.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { PagedTable } from '../ui/table.tsx';
import { TextFile } from '../ui/text-file.tsx';

type Recognition = Reply<typeof recognise>;

const Verdict = ({ of }: { of: Recognition }) => {
  const { t, w, language } = useWords();
  const holds = of.outcome === 'recognised';
  return (
    <>
      <Alert
        type={holds ? 'success' : 'error'}
        showIcon
        title={w('recognition', of.outcome)}
        description={t(`recognitions.why.${of.outcome}`)}
      />
      <div style={{ margin: '14px 0' }}>
        <Facts
          items={[
            of.number && [
              t('recognitions.number'),
              <span key="number" className="mono">
                {of.number}
              </span>,
            ],
            of.dataName && [t('recognitions.data'), of.dataName],
            of.registrar && [t('recognitions.registrar'), of.registrar],
            of.lastDay && [t('recognitions.lastDay'), of.lastDay],
            of.peer && [t('recognitions.peer'), `${of.peer.name} · ${w('nodeKind', of.peer.kind)}`],
            of.peer && [
              t('recognitions.log'),
              <span key="log" className="mono small">
                {of.peer.origin}
              </span>,
            ],
            of.witnesses.length > 0 && [t('recognitions.witnesses'), of.witnesses.join(' · ')],
          ]}
        />
      </div>
      <ol>
        {of.checks.map((one) => (
          <li key={one.id}>
            <b className={one.ok ? undefined : 'late'}>{one.ok ? '✓' : '✗'}</b> {one[language]}
          </li>
        ))}
      </ol>
      <p className="quiet small">{t('recognitions.later')}</p>
    </>
  );
};

const HandIn = () => {
  const { t } = useWords();
  const [unfit, setUnfit] = useState(false);
  const check = useWrite(recognise);
  const take = (text: string | undefined) => {
    check.reset();
    setUnfit(!text);
    if (text) check.mutate({ body: { file: text } });
  };
  return (
    <Sheet title={t('recognitions.check')}>
      <p className="quiet">{t('recognitions.checkText')}</p>
      <TextFile charactersMax={recognitionFileCharactersMax} loading={check.isPending} onText={take} />
      <div style={{ marginTop: 16 }}>
        {unfit ? <Alert type="warning" showIcon title={t('recognitions.unfit')} /> : null}
        {check.error ? <ProblemNote error={check.error} /> : null}
        {check.data ? <Verdict of={check.data} /> : null}
      </div>
    </Sheet>
  );
};

/** Certificates of other nodes: checked by the proof of their log, and what was found. */
export default function Recognitions() {
  const { t } = useWords();
  return (
    <Page title={t('menu.recognitions')} lead={t('recognitions.lead')}>
      <HandIn />
      <PagedTable
        endpoint={listRecognitions}
        label={t('recognitions.before')}
        rowKey={(row) => row.id}
        empty={<Empty title={t('recognitions.none')}>{t('recognitions.noneText')}</Empty>}
        columns={[
          { key: 'outcome', title: t('recognitions.outcome'), words: 'recognition', state: (row) => row.outcome },
          {
            key: 'number',
            title: t('recognitions.number'),
            show: (row) => <span className="mono small">{row.number ?? '—'}</span>,
          },
          { key: 'data', title: t('recognitions.data'), show: (row) => row.dataName ?? '—' },
          { key: 'peer', title: t('recognitions.peer'), show: (row) => row.peer?.name ?? '—' },
          { key: 'at', title: t('recognitions.at'), when: (row) => row.at },
        ]}
      />
    </Page>
  );
}
