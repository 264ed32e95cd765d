/** A refusal of the server: what happened and what to do next, in the reader's language; fields go to their form items. */
import { Alert } from 'antd';
import type { ReactNode } from 'react';
import { ProblemError } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';

export const ProblemNote = ({ error, action }: { error: Error; action?: ReactNode }) => {
  const { t, language } = useWords();
  if (!(error instanceof ProblemError))
    return (
      <Alert
        type="error"
        showIcon
        role="alert"
        title={t('problem.network')}
        description={error.message}
        action={action}
      />
    );
  const { problem } = error;
  const text = problem[language];
  // Whoever came by an address of their own returns to it. A plain link: notifications stand outside the router.
  const here = window.location.pathname;
  const signIn =
    problem.status === 401 && here !== paths.signIn ? (
      <a href={`${paths.signIn}?next=${encodeURIComponent(here)}`}>{t('frame.signIn')}</a>
    ) : null;
  return (
    <Alert
      type={problem.status >= 500 ? 'error' : 'warning'}
      showIcon
      role="alert"
      title={text.title}
      action={signIn ?? action}
      description={
        <>
          {problem.detail && problem.detail !== problem.title ? <div>{problem.detail}</div> : null}
          {problem.errors?.length ? (
            <ul style={{ margin: '4px 0', paddingLeft: '1.3em' }}>
              {problem.errors.map((fault) => (
                <li key={`${fault.field}${fault.code}`}>
                  <span className="mono">{fault.field.replace(/^(body|query)\./, '')}</span> {fault.message}
                </li>
              ))}
            </ul>
          ) : null}
          <div>
            {t('problem.next')}
            {text.next}
          </div>
          <div className="small mono quiet">
            {problem.code}
            {problem.requestId ? ` · ${problem.requestId}` : ''}
          </div>
        </>
      }
    />
  );
};

type Faults = { name: (string | number)[]; errors: string[] }[];

/** The server's field faults as antd's form wants them; `prefix` is the part of the body that the form stands for. */
export const faultsOf = (error: unknown, prefix: string): Faults => {
  if (!(error instanceof ProblemError)) return [];
  return (error.problem.errors ?? []).map((fault) => {
    const path = fault.field.startsWith(`${prefix}.`)
      ? fault.field.slice(prefix.length + 1)
      : fault.field.replace(/^body\./, '');
    return { name: path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)), errors: [fault.message] };
  });
};
