/** Entries of other catalogues: always with their mark, never with a way to order. */
import { type foreignNotice, listForeignEntries } from '@shugu/wire/catalogue';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Facts, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';

export type ForeignEntry = Reply<typeof listForeignEntries>['items'][number];
export type Notice = typeof foreignNotice;

const Outside = ({ to, children }: { to: string; children: string }) => (
  <a href={to} target="_blank" rel="noopener noreferrer nofollow ugc">
    {children}
  </a>
);

export const ForeignCard = ({ one }: { one: ForeignEntry }) => {
  const { t } = useWords();
  const { content } = one;
  return (
    <div className="tile" style={{ borderStyle: 'dashed' }}>
      <div className="tags" style={{ marginBottom: 6 }}>
        <Tag color="warning">{t('foreign.tag')}</Tag>
        {one.withdrawnAt ? <Tag color="error">{t('foreign.withdrawn')}</Tag> : null}
        {content.distributions
          .flatMap(({ format }) => format ?? [])
          .filter((format, at, all) => all.indexOf(format) === at)
          .slice(0, 6)
          .map((format) => (
            <Tag key={format}>{format}</Tag>
          ))}
      </div>
      <h3 style={{ overflowWrap: 'anywhere' }}>{content.title}</h3>
      <p className="quiet clamp" style={{ overflowWrap: 'anywhere' }}>
        {content.summary}
      </p>
      <Facts
        items={[
          [t('foreign.from'), one.source.name],
          content.publisher && [t('foreign.publisher'), content.publisher.name],
          content.licence && [t('foreign.licence'), content.licence.title],
          content.modified && [t('foreign.modified'), <When key="at" at={content.modified} />],
        ]}
      />
      {content.page ? <Outside to={content.page}>{t('foreign.open')}</Outside> : null}
    </div>
  );
};

const besideMax = 3;

/** Below what a search found here: what other catalogues have under the same words, apart and marked. */
export const ForeignBeside = ({ words }: { words: string }) => {
  const { t, b } = useWords();
  const read = useRead(listForeignEntries, { query: { search: words.slice(0, 200), limit: besideMax } });
  const items = read.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <section style={{ marginTop: 28 }} aria-label={t('foreign.beside')}>
      <Sheet title={t('foreign.beside')} extra={<Link to={paths.foreignEntries}>{t('foreign.all')}</Link>}>
        <p className="small quiet">{b(items[0]!.notice)}</p>
        <div className="grid fill">
          {items.map((one) => (
            <ForeignCard key={one.id} one={one} />
          ))}
        </div>
      </Sheet>
    </section>
  );
};
