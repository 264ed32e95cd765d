import { listTraces, runTrace, traceLimits } from '@shugu/wire/delivery';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Alert, Progress } from 'antd';
import { useState } from 'react';
import { client, type Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { Empty } from '../ui/empty.tsx';
import { bytes, count } from '../ui/format.ts';
import { Page, Sheet } from '../ui/frame.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { PickFile } from '../ui/send-file.tsx';
import { PagedTable } from '../ui/table.tsx';

type Trace = Reply<typeof runTrace>;

/** Of a chance only its order of magnitude is worth reading; rounded up, so never promising more than was found. */
const power = (log: number): string =>
  log > -3
    ? `${Math.ceil(1000 * 10 ** log) / 10} %`
    : `10⁻${[...`${-Math.ceil(log)}`].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('')}`;

const Result = ({ of }: { of: Trace }) => {
  const { t } = useWords();
  if (of.named.length === 0) return <span className="quiet">{t('traces.none')}</span>;
  return of.named.map((one) => (
    <div key={one.grant + one.table}>
      <b>{t('traces.named', { buyer: one.buyer.name })}</b>{' '}
      {one.contract ? <Link to={paths.contract(one.contract)}>{one.contract}</Link> : t('traces.trial')}
      <div className="small">
        {one.productName} · {one.table} ·{' '}
        {t(`traces.${one.method}`, { tested: count(one.tested), matched: count(one.matched) })}
      </div>
      <div className="small">{t('traces.chance', { chance: power(one.logChanceOfAny) })}</div>
    </div>
  ));
};

const Verdict = ({ of }: { of: Trace }) => {
  const { t } = useWords();
  const found = of.named.length > 0;
  return (
    <Alert
      type={found ? 'error' : 'info'}
      showIcon
      title={found ? <Result of={of} /> : t('traces.none')}
      description={
        <>
          {found ? null : <div>{t('traces.noneText', { chance: power(Math.log10(of.chanceMax)) })}</div>}
          <div className="small">
            {t('traces.compared', {
              rows: count(of.file.rowsRead),
              columns: count(of.file.columns.length),
              copies: count(of.copies),
            })}
          </div>
        </>
      }
    />
  );
};

const HandIn = () => {
  const { t } = useWords();
  const cache = useQueryClient();
  const [large, setLarge] = useState(false);
  const trace = useMutation({
    mutationFn: (file: File) =>
      client.call(
        runTrace,
        { query: { name: file.name } },
        { rawBody: file, headers: { 'content-type': 'application/octet-stream' } },
      ),
    onSuccess: () => cache.invalidateQueries(),
  });
  const take = (file: File) => {
    const tooLarge = file.size > traceLimits.fileBytesMax;
    setLarge(tooLarge);
    trace.reset();
    if (!tooLarge) trace.mutate(file);
  };
  return (
    <Sheet>
      <p className="quiet">{t('traces.forms', { size: bytes(traceLimits.fileBytesMax) })}</p>
      <PickFile primary label={t('traces.pick')} loading={trace.isPending} onFile={take} />
      <div style={{ marginTop: 16 }} aria-live="polite">
        {trace.isPending ? (
          <>
            <Progress percent={100} status="active" showInfo={false} />
            <span className="quiet small">{t('traces.running')}</span>
          </>
        ) : null}
        {large ? <Alert type="warning" showIcon title={t('traces.large')} /> : null}
        {trace.error ? <ProblemNote error={trace.error} /> : null}
        {trace.data ? <Verdict of={trace.data} /> : null}
      </div>
    </Sheet>
  );
};

/** Leaked files compared with the copies that were marked for buyers. */
export default function Traces() {
  const { t } = useWords();
  return (
    <Page title={t('menu.traces')} lead={t('traces.lead')}>
      <HandIn />
      <PagedTable
        endpoint={listTraces}
        label={t('menu.traces')}
        exportName="traces"
        rowKey={(row) => row.id}
        empty={<Empty title={t('traces.empty')}>{t('traces.emptyText')}</Empty>}
        columns={[
          {
            key: 'file',
            title: t('traces.file'),
            show: (row) => (
              <>
                <b>{row.file.name}</b>
                <div className="small quiet">
                  {bytes(row.file.bytes)} · <span className="mono">{row.file.sha256.slice(0, 12)}…</span>
                </div>
              </>
            ),
            text: (row) => row.file.name,
            sort: (row) => row.file.name,
          },
          {
            key: 'digest',
            title: 'SHA-256',
            exportOnly: true,
            show: () => null,
            text: (row) => row.file.sha256,
          },
          {
            key: 'result',
            title: t('traces.result'),
            show: (row) => <Result of={row} />,
            text: (row) => row.named.map(({ buyer, contract }) => `${buyer.name} ${contract ?? ''}`.trim()).join('; '),
            sort: (row) => row.named.length,
          },
          { key: 'at', title: t('traces.at'), when: (row) => row.createdAt },
        ]}
      />
    </Page>
  );
}
