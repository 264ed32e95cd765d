/** What the provider's exchange does beside the messages: order and price, review, contract, hold, access, uses, statement. */
import { getContract } from '@shugu/wire/agreements';
import { listGrants } from '@shugu/wire/delivery';
import { readOrder } from '@shugu/wire/market';
import { getBalance } from '@shugu/wire/metering';
import { readOrderMoney } from '@shugu/wire/settlement';
import { Link } from '@tanstack/react-router';
import { Alert } from 'antd';
import type { ReactNode } from 'react';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { planText } from '../market/price.ts';
import { paths } from '../paths.ts';
import { may, useMe } from '../session.ts';
import { bytes, count, money } from '../ui/format.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';
import { homeOf } from './process.ts';

type Order = Reply<typeof readOrder>;

type Progress = 'notYet' | 'underWay' | 'done';

interface StationProps {
  title: string;
  progress: Progress;
  /** When by the protocol it has to be. */
  when: string;
  children?: ReactNode;
}

const Station = ({ title, progress, when, children }: StationProps) => {
  const { t } = useWords();
  return (
    <li className={`station ${progress}`}>
      <h3>{title}</h3>
      <div className="small quiet">{when}</div>
      <div className="station-state">{t(`beside.${progress}`)}</div>
      {children}
    </li>
  );
};

const every = 5_000;

const Placed = ({ order }: { order: Order }) => {
  const { t, language } = useWords();
  const reviewed = order.contract !== null;
  const refused = order.state === 'refused' || order.state === 'cancelled';
  return (
    <>
      <Station title={t('beside.price')} progress="done" when={t('beside.beforeAgree')}>
        <div>{planText(order.plan, language)}</div>
        <div className="small">
          {t('beside.estimate', { quantity: count(order.quantity), estimate: money(order.estimate) })}
        </div>
        <Link to={paths.order(order.id)}>{order.number}</Link>
        <div className="small quiet">
          <When at={order.createdAt} />
        </div>
      </Station>
      <Station
        title={t('beside.review')}
        progress={reviewed || refused ? 'done' : 'underWay'}
        when={t('beside.beforeAgree')}
      >
        <div>{reviewed ? t('beside.passed') : refused ? null : t('beside.reviewing')}</div>
        <ul className="small">
          {order.review.findings.map((finding) => (
            <li key={finding.rule}>{finding[language]}</li>
          ))}
        </ul>
      </Station>
    </>
  );
};

const Contract = ({ id }: { id: string | null }) => {
  const { t } = useWords();
  const read = useRead(getContract, { params: { id: id ?? '' } }, { enabled: id !== null, every });
  const one = read.data;
  const version = one && (one.open ?? one.current);
  const nameOf = (participant: string) =>
    [one?.supplier, one?.buyer].find((party) => party?.participant === participant)?.name ?? participant;
  const progress = one?.effectiveAt ? 'done' : one ? 'underWay' : 'notYet';
  return (
    <Station title={t('beside.contract')} progress={progress} when={t('beside.beforeFinalize')}>
      {version?.signatures.map((signature) => (
        <div key={signature.participant} className="small wrapped">
          {t('beside.signed', { party: homeOf(nameOf(signature.participant)) })}
        </div>
      ))}
      {one ? <Link to={paths.contract(one.id)}>{one.number ?? t('do.open')}</Link> : null}
      {one?.effectiveAt ? (
        <div className="small quiet">
          <When at={one.effectiveAt} />
        </div>
      ) : null}
    </Station>
  );
};

/** The hold and, in the end, the statements. */
const Money = ({ order, between }: { order: Order; between: ReactNode }) => {
  const { t } = useWords();
  const allowed = may(useMe(), 'settlement.account.read');
  const known = order.contract !== null && order.state !== 'contracting';
  const read = useRead(readOrderMoney, { params: { order: order.id } }, { enabled: allowed && known, every });
  const one = read.data;
  const free = order.estimate === '0';
  const hold =
    one && one.state !== 'open' ? 'done' : one?.waiting ? 'underWay' : one && one.held !== '0' ? 'done' : undefined;
  const closed = allowed ? null : <div className="small quiet">{t('beside.noSeat')}</div>;
  return (
    <>
      <Station
        title={t('beside.money')}
        progress={hold ?? (one && free ? 'done' : one ? 'underWay' : 'notYet')}
        when={t('beside.beforeStart')}
      >
        {closed}
        {one ? (
          <div>
            {one.waiting
              ? t('beside.holdWaits')
              : free
                ? t('beside.nothingHeld')
                : t('beside.held', { amount: money(one.held) })}
          </div>
        ) : null}
      </Station>
      {between}
      <Station
        title={t('beside.statement')}
        progress={one?.statements.length ? 'done' : 'notYet'}
        when={t('beside.atCycle')}
      >
        {closed}
        {one?.statements.map((each) => (
          <div key={each.id}>
            <Link to={paths.statement(each.id)}>
              {t('beside.statementOf', { number: each.number, total: money(each.total) })}
            </Link>
          </div>
        ))}
      </Station>
    </>
  );
};

const Use = ({ contract }: { contract: string | null }) => {
  const { t, w } = useWords();
  const read = useRead(listGrants, { query: { contract: contract ?? '' } }, { enabled: contract !== null, every });
  const grant = read.data?.items[0];
  const balance = useRead(getBalance, { params: { id: grant?.id ?? '' } }, { enabled: grant !== undefined, every });
  const used = balance.data?.used;
  const opened = grant && grant.state !== 'opening';
  return (
    <>
      <Station
        title={t('beside.access')}
        progress={opened ? 'done' : grant ? 'underWay' : 'notYet'}
        when={t('beside.beforeStart')}
      >
        {grant ? (
          <>
            <Link to={paths.grant(grant.id)}>{w('state', grant.state)}</Link>
            <div className="small quiet">
              <When at={grant.createdAt} />
            </div>
          </>
        ) : null}
      </Station>
      <Station title={t('beside.uses')} progress={used?.calls ? 'done' : 'notYet'} when={t('beside.whileStarted')}>
        {used?.calls ? (
          <div>{t('beside.used', { calls: count(used.calls), rows: count(used.rows), bytes: bytes(used.bytes) })}</div>
        ) : null}
        {used?.calls && balance.data ? (
          <div className="small quiet">
            <When at={balance.data.asOf} />
          </div>
        ) : null}
      </Station>
    </>
  );
};

const Stations = ({ order: id }: { order: string }) => {
  const { t } = useWords();
  const read = useRead(readOrder, { params: { id } }, { every });
  return (
    <Loaded of={read}>
      {(order) => (
        <ol className="stations" aria-label={t('beside.title')}>
          <Placed order={order} />
          <Contract id={order.contract} />
          <Money order={order} between={<Use contract={order.contract} />} />
        </ol>
      )}
    </Loaded>
  );
};

/** `order`: behind the process, at the provider's alone. */
export const Beside = ({ order, side }: { order: string | null; side: 'consumer' | 'provider' }) => {
  const { t } = useWords();
  return (
    <Sheet title={t('beside.title')}>
      <p className="quiet">{t('beside.lead')}</p>
      {order ? (
        <Stations order={order} />
      ) : (
        <Alert type="info" showIcon title={t(side === 'consumer' ? 'beside.elsewhere' : 'beside.noOrder')} />
      )}
    </Sheet>
  );
};
