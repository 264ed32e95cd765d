import { listContracts } from '@shugu/wire/agreements';
import { cases } from '@shugu/wire/cases';
import { listComputations } from '@shugu/wire/compute';
import { listHeldOutputs } from '@shugu/wire/compute-modules';
import { listProcesses } from '@shugu/wire/federation';
import { listOrders } from '@shugu/wire/market';
import { listSpaces } from '@shugu/wire/spaces';
import { Link } from '@tanstack/react-router';
import { Alert, Button } from 'antd';
import type { ReactNode } from 'react';
import { useRead } from '../api.ts';
import { CaseQueue } from '../case/queue.tsx';
import { Failures } from '../delivery/failures.tsx';
import { ProcessState } from '../federation/state.tsx';
import { useWords } from '../i18n/index.ts';
import { NodeSteps } from '../nodes/steps.tsx';
import { paths } from '../paths.ts';
import { hasRole, isBuyer, isSupplier, type Me, may, useMe } from '../session.ts';
import { Empty } from '../ui/empty.tsx';
import { Figure, Page, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';

/** The first page is enough to say "waits": beyond it the figure reads "20+". */
const many = (reply: { items: unknown[]; next: string | null } | undefined): string =>
  reply ? `${reply.items.length}${reply.next ? '+' : ''}` : '…';

const Figures = () => {
  const { t } = useWords();
  const waiting = useRead(cases.queue, { query: { view: 'waiting', limit: 20 } }, { every: 30_000 });
  const overdue = useRead(cases.queue, { query: { view: 'overdue', limit: 20 } }, { every: 30_000 });
  const mine = useRead(cases.queue, { query: { view: 'mine', open: 'true' as never, limit: 20 } });
  const notices = useRead(cases.notices, { query: { unread: 'true' as never, limit: 20 } });
  const late = (overdue.data?.items.length ?? 0) > 0;
  return (
    <div className="grid section" style={{ '--least': '180px' } as never}>
      <Link className="plain" to={`${paths.cases}`} search={{ view: 'waiting' } as never}>
        <Figure label={t('desk.waiting')} value={many(waiting.data)} />
      </Link>
      <Link className="plain" to={`${paths.cases}`} search={{ view: 'overdue' } as never}>
        <Figure
          label={t('desk.overdue')}
          value={<span className={late ? 'late' : undefined}>{many(overdue.data)}</span>}
        />
      </Link>
      <Link className="plain" to={`${paths.cases}`} search={{ view: 'mine' } as never}>
        <Figure label={t('desk.mine')} value={many(mine.data)} />
      </Link>
      <Link className="plain" to={paths.inbox}>
        <Figure label={t('desk.notices')} value={many(notices.data)} />
      </Link>
    </div>
  );
};

const OpenOrders = ({ me }: { me: Me }) => {
  const { t, b } = useWords();
  const read = useRead(listOrders, { query: { limit: 20 } }, { every: 30_000 });
  const open = (read.data?.items ?? []).filter((one) => one.next.who !== 'nobody').slice(0, 8);
  if (!open.length) return null;
  const side = (one: (typeof open)[number]) =>
    one.buyer.id === me.organisation.id ? 'buyer' : one.supplier.id === me.organisation.id ? 'supplier' : 'operator';
  return (
    <Sheet title={t('desk.orders')} extra={<Link to={paths.orders}>{t('app.more')}</Link>}>
      <ul className="card-list">
        {open.map((one) => (
          <li key={one.id}>
            <div className="row between">
              <Link to={paths.order(one.id)}>
                <b>{one.productName}</b> <span className="mono small">{one.number}</span>
              </Link>
              <StateTag list="orderState" state={one.state} />
            </div>
            <div className={one.next.who === side(one) ? 'soon' : 'quiet'}>
              {one.next.who === side(one) ? t('step.mine') : `${t('step.next')} · ${t(`who.${one.next.who}`)}`} —{' '}
              {b(one.next)}
            </div>
          </li>
        ))}
      </ul>
    </Sheet>
  );
};

const ContractsToSign = ({ me }: { me: Me }) => {
  const { t, w } = useWords();
  const pending = useRead(listContracts, { query: { state: 'pendingSignature', limit: 20 } });
  const talks = useRead(listContracts, { query: { state: 'draft', limit: 20 } });
  const items = [...(pending.data?.items ?? []), ...(talks.data?.items ?? [])].filter(
    (one) => one.supplier.participant === me.organisation.id || one.buyer.participant === me.organisation.id,
  );
  if (!items.length) return null;
  return (
    <Sheet title={t('desk.contracts')}>
      <ul className="card-list">
        {items.map((one) => (
          <li key={one.id} className="row between">
            <Link to={paths.contract(one.id)}>{one.productName}</Link>
            <span>{w('contractState', one.state)}</span>
          </li>
        ))}
      </ul>
    </Sheet>
  );
};

const ComputationsToSign = () => {
  const { t } = useWords();
  const read = useRead(listComputations, { query: { waiting: 'true', limit: 20 } }, { every: 30_000 });
  const items = read.data?.items ?? [];
  if (!items.length) return null;
  return (
    <Sheet title={t('desk.computations')} extra={<Link to={paths.computations}>{t('app.more')}</Link>}>
      <ul className="card-list">
        {items.map((one) => (
          <li key={one.id} className="row between">
            <Link to={paths.computation(one.id)}>{one.title}</Link>
            <StateTag list="computeState" state={one.state} />
          </li>
        ))}
      </ul>
    </Sheet>
  );
};

const SpacesToSign = () => {
  const { t, b } = useWords();
  const read = useRead(listSpaces, { query: { waiting: 'true', limit: 20 } }, { every: 30_000 });
  const items = read.data?.items ?? [];
  if (!items.length) return null;
  return (
    <Sheet title={t('desk.spaces')} extra={<Link to={paths.spaces}>{t('app.more')}</Link>}>
      <ul className="card-list">
        {items.map((one) => (
          <li key={one.id} className="row between">
            <Link to={paths.space(one.id)}>{b(one.name)}</Link>
            {one.yours ? <StateTag list="spaceMember" state={one.yours.state} /> : null}
          </li>
        ))}
      </ul>
    </Sheet>
  );
};

const ProcessesToAnswer = () => {
  const { t } = useWords();
  const read = useRead(listProcesses, { query: { held: 'true', limit: 20 } }, { every: 30_000 });
  const items = read.data?.items ?? [];
  if (!items.length) return null;
  return (
    <Sheet title={t('queue.title')} extra={<Link to={paths.queue}>{t('app.more')}</Link>}>
      <ul className="card-list">
        {items.map((one) => (
          <li key={one.id} className="row between">
            <Link to={paths.process(one.id)}>{one.title ?? one.dataset ?? one.subject}</Link>
            <ProcessState of={one} />
          </li>
        ))}
      </ul>
    </Sheet>
  );
};

const OutputsToAnswer = () => {
  const { t } = useWords();
  const read = useRead(listHeldOutputs, { query: { limit: 20 } }, { every: 30_000 });
  const items = read.data?.items ?? [];
  if (!items.length) return null;
  return (
    <Sheet title={t('desk.outputs')}>
      <ul className="card-list">
        {items.map((one) => (
          <li key={one.use} className="row between">
            <Link to={paths.computation(one.contract)}>
              {one.title} · {t('compute.number')} {one.number}
            </Link>
            <When at={one.until} />
          </li>
        ))}
      </ul>
    </Sheet>
  );
};

const Starters = ({ me }: { me: Me }) => {
  const { t } = useWords();
  const to = (path: string, label: string): ReactNode => (
    <Link key={path} to={path}>
      <Button tabIndex={-1}>{label}</Button>
    </Link>
  );
  const doors = [
    ...(isSupplier(me)
      ? [
          to(paths.newResource, t('desk.newResource')),
          to(paths.newProduct, t('desk.newProduct')),
          to(paths.newCase('registration.first'), t('desk.register')),
        ]
      : []),
    ...(isBuyer(me) ? [to(paths.products, t('desk.choose')), to(paths.scenarios, t('menu.scenarios'))] : []),
    ...(hasRole(me, 'serviceBody') && !isSupplier(me) ? [to(paths.reports, t('menu.reports'))] : []),
    ...(hasRole(me, 'registrar') ? [to(paths.rights, t('menu.rightsRegistered'))] : []),
    ...(hasRole(me, 'operator') && may(me, 'members.organisation.read') ? [to(paths.members, t('menu.members'))] : []),
    ...(hasRole(me, 'operator') && may(me, 'settlement.desk.read') ? [to(paths.clearing, t('menu.clearing'))] : []),
    ...(hasRole(me, 'regulator') ? [to(paths.supervision, t('menu.supervision'))] : []),
  ];
  return doors.length ? <div className="row section">{doors}</div> : null;
};

export default function Desk() {
  const { t } = useWords();
  const me = useMe();
  if (!me)
    return (
      <Page title={t('menu.desk')}>
        <Empty
          title={me === null ? t('app.signInFirst') : t('app.loading')}
          action={me === null ? <Link to={paths.signIn}>{t('frame.signIn')}</Link> : null}
        />
      </Page>
    );
  const trader = isBuyer(me) || may(me, 'market.order.supervise');
  return (
    <Page title={t('desk.hello', { name: me.name })} lead={me.organisation.name}>
      {me.organisation.status !== 'active' ? (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 16 }}
          title={t(`desk.status.${me.organisation.status as 'applying'}`)}
        />
      ) : !me.rulesAccepted && isBuyer(me) ? (
        <Alert
          type="info"
          showIcon
          style={{ marginBottom: 16 }}
          title={t('desk.rules')}
          action={<Link to={paths.rules}>{t('menu.rules')}</Link>}
        />
      ) : null}
      <Figures />
      <Starters me={me} />
      {may(me, 'nodes.uplink.read') ? <NodeSteps open /> : null}
      <Failures me={me} />
      <Sheet title={t('desk.queue')} extra={<Link to={paths.cases}>{t('app.more')}</Link>}>
        <CaseQueue view="waiting" empty={<Empty title={t('cases.waitingEmpty')}>{t('desk.queueEmpty')}</Empty>} />
      </Sheet>
      {trader ? <OpenOrders me={me} /> : null}
      {may(me, 'agreements.contract.read') ? <ContractsToSign me={me} /> : null}
      {may(me, 'compute.contract.sign') ? <ComputationsToSign /> : null}
      {may(me, 'federation.write') ? <ProcessesToAnswer /> : null}
      {may(me, 'spaces.member.join') ? <SpacesToSign /> : null}
      {may(me, 'compute.output.answer') ? <OutputsToAnswer /> : null}
    </Page>
  );
}
