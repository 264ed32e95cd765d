/** The papers of a case: what is asked for, what is there, adding one. Each download is recorded. */
import { caseLimits, cases } from '@shugu/wire/cases';
import { Tag } from 'antd';
import { addressOf, client, type Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { bytes } from '../ui/format.ts';
import { When } from '../ui/now.tsx';
import { SendFileOf } from '../ui/send-file.tsx';
import type { CaseView } from './panel.tsx';

export const CasePapers = ({ one, procedure }: { one: CaseView; procedure: Reply<typeof cases.procedure> }) => {
  const { t, b } = useWords();
  const send = (file: File, kind: string) =>
    client.raw(
      cases.addPaper,
      { params: { case: one.id }, query: { kind, name: file.name, ...(file.type ? { mediaType: file.type } : {}) } },
      { rawBody: file, headers: { 'content-type': 'application/octet-stream' } },
    );
  return (
    <>
      <ul className="card-list" style={{ marginBottom: 16 }}>
        {procedure.papers.map((wanted) => {
          const there = one.papers.filter((paper) => paper.kind === wanted.id);
          return (
            <li key={wanted.id}>
              <div className="row between">
                <b>{b(wanted.title)}</b>
                <span>
                  {wanted.required ? (
                    <Tag color={there.length ? 'success' : 'warning'}>
                      {there.length ? t('case.paperThere') : t('case.paperRequired')}
                    </Tag>
                  ) : (
                    <Tag>{t('case.paperOptional')}</Tag>
                  )}
                  {wanted.sensitive ? <Tag>{t('case.paperSensitive')}</Tag> : null}
                </span>
              </div>
              {there.map((paper) => (
                <div key={paper.id} className="small">
                  <a href={addressOf(cases.getPaper.path, { case: one.id, paper: paper.id })} download={paper.name}>
                    {paper.name}
                  </a>{' '}
                  <span className="quiet">
                    {bytes(paper.bytes)} · <When at={paper.at} /> ·{' '}
                    <span className="mono">{paper.digest.slice(0, 22)}…</span>
                  </span>
                </div>
              ))}
            </li>
          );
        })}
      </ul>
      {procedure.papers.length && one.seen === 'whole' && !one.endedAt ? (
        <SendFileOf
          label={t('case.addPaper')}
          bytesMax={caseLimits.paperBytesMax}
          send={send}
          kindLabel={t('case.paperKind')}
          kinds={procedure.papers.map((paper) => ({ value: paper.id, label: b(paper.title) }))}
        />
      ) : null}
    </>
  );
};
