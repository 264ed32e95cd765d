import { cases } from '@shugu/wire/cases';
import { turnover } from '@shugu/wire/market';
import { Link, useNavigate } from '@tanstack/react-router';
import { Button, Input } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { ProductTiles } from '../market/tiles.tsx';
import { paths } from '../paths.ts';
import { useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { count, money } from '../ui/format.ts';
import { Figure, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';

const lines = Array.from({ length: 15 }, (_, line) => line);

/** Contour lines of a valley: the sign of the house. */
const Valley = () => (
  <svg viewBox="0 0 1200 360" preserveAspectRatio="xMaxYMid slice" aria-hidden="true">
    <g fill="none" stroke="#8fb8ad" strokeWidth="1">
      {lines.map((line) => (
        <path
          key={line}
          d={`M${520 + line * 14} ${-30 - line * 4}C${680 + line * 8} ${-10 + line * 6},${770 + line * 5} ${430 - line * 17},${900} ${420 - line * 18}S${1130 - line * 6} ${20 + line * 4},${1320 - line * 16} ${-40 - line * 3}`}
          opacity={0.18 + line * 0.045}
          stroke={line % 5 === 4 ? '#d9b36c' : undefined}
        />
      ))}
    </g>
  </svg>
);

const Turnover = () => {
  const { t } = useWords();
  const read = useRead(turnover, { query: { months: 12 } });
  const totals = read.data?.totals;
  return (
    <section className="section" aria-label={t('home.figures')}>
      <div className="grid" style={{ '--least': '160px' } as never}>
        <Figure
          label={t('home.listings')}
          value={count(totals?.listings)}
          note={t('home.suppliers', { count: totals?.suppliers ?? 0 })}
        />
        <Figure label={t('board.signed')} value={money(totals?.signed)} note={t('home.signedNote')} />
        <Figure label={t('board.settled')} value={money(totals?.settled)} note={t('home.settledNote')} />
        <Figure label={t('board.filed')} value={money(totals?.filed)} note={t('home.filedNote')} />
      </div>
    </section>
  );
};

const Notices = () => {
  const { t, b } = useWords();
  const read = useRead(cases.publicNotices, { query: { limit: 5 } });
  const items = read.data?.items ?? [];
  return (
    <Sheet title={t('menu.publicNotices')} extra={<Link to={paths.publicNotices}>{t('app.more')}</Link>}>
      {items.length ? (
        <ul style={{ margin: 0, paddingLeft: '1.2em' }}>
          {items.map((one) => (
            <li key={one.case}>
              <Link to={paths.publicNotice(one.case)}>{one.title}</Link>{' '}
              <span className="quiet small">
                {b(one.stateTitle)} · <When at={one.publishedAt} />
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p className="quiet">{t('home.noNotices')}</p>
      )}
    </Sheet>
  );
};

export default function Home() {
  const { t } = useWords();
  const me = useMe();
  const navigate = useNavigate();
  const search = (text: string) => navigate({ to: paths.products, search: { q: text || undefined } as never });
  return (
    <Page title={t('home.title')} hideTitle>
      <section className="hero">
        <Valley />
        <h1>{t('home.slogan')}</h1>
        <p>{t('home.lead')}</p>
        <Input.Search
          size="large"
          style={{ maxWidth: 620 }}
          placeholder={t('shop.placeholder')}
          aria-label={t('shop.placeholder')}
          enterButton={t('do.search')}
          onSearch={search}
        />
        <p style={{ margin: '16px 0 0' }} className="row">
          <Link to={paths.procedures}>{t('home.guide')}</Link>
          <Link to={paths.verify}>{t('menu.verify')}</Link>
          <Link to={paths.node}>{t('menu.node')}</Link>
          {me ? <Link to={paths.desk}>{t('menu.desk')}</Link> : <Link to={paths.join}>{t('home.join')}</Link>}
        </p>
      </section>
      <Turnover />
      <div className="columns">
        <section className="section">
          <div className="row between" style={{ marginBottom: 12 }}>
            <h2 style={{ margin: 0 }}>{t('home.newest')}</h2>
            <Link to={paths.products}>{t('app.more')}</Link>
          </div>
          <ProductTiles
            query={{ limit: 6 }}
            empty={
              <Empty
                title={t('shop.empty')}
                action={
                  <Link to={paths.procedures}>
                    <Button>{t('home.guide')}</Button>
                  </Link>
                }
              >
                {t('shop.emptyText')}
              </Empty>
            }
          />
        </section>
        <div>
          <Notices />
          <Sheet title={t('home.how')}>
            <ol style={{ margin: 0, paddingLeft: '1.3em' }}>
              {(['home.how1', 'home.how2', 'home.how3', 'home.how4', 'home.how5'] as const).map((key) => (
                <li key={key}>{t(key)}</li>
              ))}
            </ol>
          </Sheet>
        </div>
      </div>
    </Page>
  );
}
