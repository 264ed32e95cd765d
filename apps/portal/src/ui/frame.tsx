/** A page: title, what it is for, its actions; and the small blocks every page is set with. */
import { Button, Spin } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { useWords } from '../i18n/index.ts';
import { ProblemNote } from './problem.tsx';

export interface PageProps {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  /** The page shows its own first heading. */
  hideTitle?: boolean;
  children: ReactNode;
}

export const Page = ({ title, lead, actions, hideTitle, children }: PageProps) => {
  const { t } = useWords();
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
  return (
    <article>
      {hideTitle ? null : (
        <header className="page-head">
          <div className="row">
            <h1>{title}</h1>
            {actions ? <div className="row">{actions}</div> : null}
          </div>
          {lead ? <p className="lead">{lead}</p> : null}
        </header>
      )}
      {children}
    </article>
  );
};

export const Sheet = ({ title, extra, children }: { title?: string; extra?: ReactNode; children: ReactNode }) => (
  <section className="sheet">
    {title && extra ? (
      <div className="row between" style={{ marginBottom: 10 }}>
        <h2 style={{ fontSize: 18 }}>{title}</h2>
        <div className="row">{extra}</div>
      </div>
    ) : title ? (
      <h2>{title}</h2>
    ) : null}
    {children}
  </section>
);

export type Fact = [label: string, value: ReactNode] | null | false | undefined | '';
export const Facts = ({ items }: { items: Fact[] }) => (
  <dl className="facts">
    {items.map((item) =>
      item ? (
        <div key={item[0]} style={{ display: 'contents' }}>
          <dt>{item[0]}</dt>
          <dd>{item[1] === '' || item[1] == null ? '—' : item[1]}</dd>
        </div>
      ) : null,
    )}
  </dl>
);

export const Figure = ({ label, value, note }: { label: ReactNode; value: ReactNode; note?: ReactNode }) => (
  <div className="tile figure">
    <span className="quiet">{label}</span>
    <b>{value}</b>
    {note ? <span className="small quiet">{note}</span> : null}
  </div>
);

interface Loadable<T> {
  data: T | undefined;
  error: Error | null;
  isPending: boolean;
  refetch: () => unknown;
}

export const Wait = () => {
  const { t } = useWords();
  return (
    <div className="teach" role="status" aria-live="polite">
      <Spin />
      <p>{t('app.loading')}</p>
    </div>
  );
};

/** Shows the answer, the wait or the fault of a read. */
export function Loaded<T>({ of, children }: { of: Loadable<T>; children: (data: T) => ReactNode }) {
  const { t } = useWords();
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error)
    return <ProblemNote error={of.error} action={<Button onClick={() => of.refetch()}>{t('do.again')}</Button>} />;
  return <Wait />;
}
