import { getProcess } from '@shugu/wire/federation';
import { Link } from '@tanstack/react-router';
import { useRead } from '../api.ts';
import { Next } from '../federation/acts.tsx';
import { Beside } from '../federation/beside.tsx';
import { Lanes } from '../federation/lanes.tsx';
import type { Told } from '../federation/process.ts';
import { Records } from '../federation/records.tsx';
import { ProcessState } from '../federation/state.tsx';
import { TermsBeside } from '../federation/terms.tsx';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { Facts, Loaded, Page, Sheet } from '../ui/frame.tsx';
import { Long } from '../ui/long.tsx';
import { When } from '../ui/now.tsx';
import { useId } from '../ui/route.ts';

const every = 2_000;
/** Drawn in full; older ones are linked. */
const transfersDrawnMax = 3;

const Drawn = ({ title, told }: { title: string; told: Told }) => (
  <Sheet title={title} extra={<ProcessState of={told.process} />}>
    <Lanes of={told} />
  </Sheet>
);

const Transfer = ({ id, number }: { id: string; number: number }) => {
  const { t } = useWords();
  const read = useRead(getProcess, { params: { id } }, { every });
  return <Loaded of={read}>{(told) => <Drawn title={t('process.transferTitle', { number })} told={told} />}</Loaded>;
};

/** What came of an agreement, oldest first. */
const Transfers = ({ of: { process, transfers }, shown }: { of: Told; shown: string }) => {
  const { t } = useWords();
  if (transfers.length === 0)
    return (
      <Sheet title={t('processKind.transfer')}>
        <Empty title={t('process.noTransfers')}>
          {t(process.state === 'FINALIZED' ? 'process.noTransfersText' : 'process.noAgreement')}
        </Empty>
      </Sheet>
    );
  return transfers
    .map((one, place) => {
      const { id } = one;
      const number = transfers.length - place;
      if (place < transfersDrawnMax || id === shown) return <Transfer key={id} id={id} number={number} />;
      return (
        <p key={id}>
          <Link to={paths.process(id)}>{t('process.transferTitle', { number })}</Link> <ProcessState of={one} />
        </p>
      );
    })
    .reverse();
};

const About = ({ process, renewal }: Pick<Told, 'process' | 'renewal'>) => {
  const { t, w } = useWords();
  const { endpoint } = (process.dataAddress ?? {}) as { endpoint?: string };
  return (
    <Sheet title={t('process.facts')}>
      <Facts
        items={[
          [t('process.kind'), w('processKind', process.kind)],
          [t('process.side'), w('processSide', process.side)],
          [t('process.counterparty'), <Long key="who" text={process.counterparty} copyable />],
          [t('process.address'), <Long key="address" text={process.address} />],
          [
            t('process.dataset'),
            process.side === 'provider' && process.dataset ? (
              <Link key="dataset" to={paths.product(process.dataset)}>
                {process.title ?? process.dataset}
              </Link>
            ) : (
              <>
                {process.title ? <div>{process.title}</div> : null}
                <Long key="dataset" text={process.dataset ?? '—'} />
              </>
            ),
          ],
          process.kind === 'transfer' && [t('process.agreement'), <Long key="agreement" text={process.subject} />],
          process.format && [t('process.format'), process.format],
          [t('process.id'), <Long key="id" text={process.id} />],
          [t('process.theirPid'), process.theirPid ? <Long key="their" text={process.theirPid} /> : '—'],
          [t('process.began'), <When key="began" at={process.createdAt} />],
          [t('process.changed'), <When key="changed" at={process.changedAt} />],
          endpoint && process.side === 'consumer' && process.state === 'STARTED'
            ? [
                t('process.endpoint'),
                <div key="endpoint">
                  <Long text={endpoint} copyable />
                  <div className="small quiet">{t('process.endpointText')}</div>
                </div>,
              ]
            : null,
          renewal && [
            t('process.renewal'),
            <div key="renewal">
              <When at={renewal.expiresAt} />
              <div className="small quiet">{renewal.fault ?? t('process.renewalText')}</div>
            </div>,
          ],
        ]}
      />
    </Sheet>
  );
};

/** The negotiation, whatever came of it, and what the exchange did beside it; `told` is the one that the address names. */
const Trade = ({ told }: { told: Told }) => {
  const { t } = useWords();
  const { process, negotiation } = told;
  const whole = useRead(
    getProcess,
    { params: { id: negotiation?.id ?? '' } },
    { enabled: negotiation !== null, every },
  );
  const root = process.kind === 'negotiation' ? told : whole.data;
  return (
    <Page title={process.title ?? t('process.title')} lead={t('process.lead')} actions={<ProcessState of={process} />}>
      <p>
        <Link to={paths.connector}>{t('menu.connector')}</Link> › {t('process.title')}
      </p>
      <Next of={told} />
      {process.proposed ? (
        <Sheet title={t('terms.title')}>
          <TermsBeside process={process} />
        </Sheet>
      ) : null}
      {root ? (
        <>
          <Drawn title={t('processKind.negotiation')} told={root} />
          <Transfers of={root} shown={process.id} />
        </>
      ) : (
        <Drawn title={t('processKind.transfer')} told={told} />
      )}
      <Beside order={process.order} side={process.side} />
      {root?.process.side === 'consumer' && root.process.state === 'FINALIZED' ? (
        <Records id={root.process.id} />
      ) : null}
      <About process={process} renewal={told.renewal} />
    </Page>
  );
};

/** A trade over the Dataspace Protocol, message by message. */
export default function ProcessPage() {
  const id = useId();
  const read = useRead(getProcess, { params: { id } }, { every });
  return <Loaded of={read}>{(told) => <Trade told={told} />}</Loaded>;
}
