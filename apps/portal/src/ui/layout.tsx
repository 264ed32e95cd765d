/** The frame of every page: the doors open to everyone on top, the seat's own pages at the side. */

import { BellOutlined, MenuOutlined, UserOutlined } from '@ant-design/icons';
import { cases } from '@shugu/wire/cases';
import { clock } from '@shugu/wire/kernel';
import { signOut } from '@shugu/wire/members';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { Badge, Button, Drawer, Dropdown, Menu } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { client, useRead } from '../api.ts';
import { listMark, setLanguage, useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { type Me, useMe } from '../session.ts';
import { dayOf } from './format.ts';
import { openDoors, seatMenu } from './menu.ts';

export const Mark = () => (
  <svg viewBox="0 0 64 64" aria-hidden="true">
    <g fill="none" strokeLinecap="round">
      <path d="M6 16c10 0 14 33 26 33s16-33 26-33" stroke="#f4efe3" strokeWidth="5" />
      <path d="M15 13c6 0 10 25 17 25s11-25 17-25" stroke="#d9b36c" strokeWidth="4" />
      <path d="M24 10c3 0 5 16 8 16s5-16 8-16" stroke="#8fb8ad" strokeWidth="3" />
    </g>
  </svg>
);

const SimulatedClock = () => {
  const { t } = useWords();
  const read = useRead(clock, {}, { every: 60_000 });
  if (!read.data?.simulated) return null;
  return (
    <span className="clock wide-only" title={t('frame.simulatedHint')}>
      {t('frame.simulated', { day: dayOf(read.data.now) })}
    </span>
  );
};

const Inbox = () => {
  const { t } = useWords();
  const unread = useRead(cases.notices, { query: { unread: 'true' as never, limit: 99 } }, { every: 60_000 });
  const count = unread.data?.items.length ?? 0;
  return (
    <Link to={paths.inbox} aria-label={t('frame.inbox', { count })}>
      <Badge count={count} size="small" color="#a8291f" offset={[-8, 8]}>
        <Button type="text" icon={<BellOutlined />} tabIndex={-1} aria-hidden />
      </Badge>
    </Link>
  );
};

const Account = ({ me }: { me: Me }) => {
  const { t, w } = useWords();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const leave = async () => {
    await client.call(signOut, {}).catch(() => undefined);
    cache.clear();
    await navigate({ to: paths.home });
  };
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          {
            key: 'who',
            type: 'group',
            label: (
              <>
                {me.organisation.name}
                <br />
                {me.seats.map((seat) => w('seat', seat)).join(listMark())}
              </>
            ),
          },
          { key: 'me', label: <Link to={paths.me}>{t('menu.me')}</Link> },
          { key: 'organisation', label: <Link to={paths.organisation}>{t('menu.organisation')}</Link> },
          { key: 'out', label: t('frame.signOut'), onClick: leave },
        ],
      }}
    >
      <Button type="text" icon={<UserOutlined />} aria-label={t('frame.account', { name: me.name })}>
        <span className="wide-only">{me.name}</span>
      </Button>
    </Dropdown>
  );
};

const useMenu = (me: Me | null | undefined) => {
  const { t } = useWords();
  const { pathname } = useLocation();
  const link = (path: string, label: string) => ({ key: path, label: <Link to={path}>{label}</Link> });
  const groups = me ? seatMenu(me) : [];
  const all = [...openDoors.map(([path]) => path), ...groups.flatMap((group) => group.items.map(([path]) => path))];
  const here = all
    .filter((path) => pathname === path || pathname.startsWith(`${path}/`))
    .sort((a, b) => b.length - a.length)[0];
  return {
    here,
    doors: openDoors.map(([path, key]) => ({ path, label: t(key) })),
    open: openDoors.map(([path, key]) => link(path, t(key))),
    side: groups.map((group) => ({
      type: 'group' as const,
      key: group.key,
      label: t(group.key),
      children: group.items.map(([path, key]) => link(path, t(key))),
    })),
  };
};

export const Layout = () => {
  const { t, language } = useWords();
  const me = useMe();
  const { pathname } = useLocation();
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const menu = useMenu(me);
  const first = useRef(true);
  useEffect(() => {
    setOpen(false);
    // A screen reader learns of the new page when focus goes to it; the first load keeps the browser's own focus.
    if (!first.current && pathname) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [pathname]);
  const selected = menu.here ? [menu.here] : [];
  return (
    <>
      <a href="#main" className="skip">
        {t('frame.skip')}
      </a>
      <header className="top">
        <div className="top-row">
          <Button
            className="menu-button"
            type="text"
            icon={<MenuOutlined />}
            aria-label={t('frame.menu')}
            onClick={() => setOpen(true)}
          />
          <Link to={paths.home} className="brand">
            <Mark />
            <span>{language === 'en' ? 'Shugu' : '数谷'}</span>
            <small>{t('app.tagline')}</small>
          </Link>
          <nav aria-label={t('frame.doors')}>
            {menu.doors.map(({ path, label }) => (
              <Link key={path} to={path} aria-current={menu.here === path ? 'page' : undefined}>
                {label}
              </Link>
            ))}
          </nav>
          <div className="top-tools">
            <SimulatedClock />
            <Button
              type="text"
              onClick={() => setLanguage(language === 'zh' ? 'en' : 'zh')}
              lang={language === 'zh' ? 'en' : 'zh-CN'}
            >
              {language === 'zh' ? 'English' : '中文'}
            </Button>
            {me ? <Inbox /> : null}
            {me ? <Account me={me} /> : null}
            {me === null ? (
              <Link to={paths.signIn} className="ant-btn-link">
                <Button type="text" tabIndex={-1}>
                  {t('frame.signIn')}
                </Button>
              </Link>
            ) : null}
          </div>
        </div>
      </header>
      <Drawer open={open} onClose={() => setOpen(false)} placement="left" size={280} title={t('app.name')}>
        <Menu mode="inline" selectedKeys={selected} items={[...menu.open, ...menu.side]} />
      </Drawer>
      <div className="shell">
        {me ? (
          <nav className="side" aria-label={t('frame.seatMenu')}>
            <Menu mode="inline" inlineIndent={12} selectedKeys={selected} items={menu.side} />
          </nav>
        ) : null}
        <main id="main" ref={main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <footer className="foot">
        <p className="row" style={{ justifyContent: 'center' }}>
          <Link to={paths.procedures}>{t('home.guide')}</Link>
          <Link to={paths.complaint}>{t('menu.complaint')}</Link>
          <a href="/api/openapi.json">OpenAPI</a>
        </p>
        {t('frame.foot')}
      </footer>
    </>
  );
};
