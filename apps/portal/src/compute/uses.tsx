import { ProblemError } from '@shugu/wire';
import { type getComputation, getComputationEvidence, getComputationResult } from '@shugu/wire/compute';
import { proofOf } from '@shugu/wire/compute-proof';
import { Link } from '@tanstack/react-router';
import { App, Button, Modal } from 'antd';
import { useState } from 'react';
import { addressOf, client, type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { DataTable } from '../ui/data-table.tsx';
import { Empty } from '../ui/empty.tsx';
import { count, money } from '../ui/format.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { JobProgress } from '../ui/job.tsx';
import { When } from '../ui/now.tsx';
import { StateTag } from '../ui/step.tsx';
import { csvOf, download } from '../ui/table.tsx';

type Computation = Reply<typeof getComputation>;
type Use = Computation['history'][number];
type Told = Reply<typeof getComputationResult>;

const figure = (deviation: number): string => deviation.toPrecision(2);

const again = { everyMs: 2000, timesMax: 60 } as const;

/** Waited for while the log's batch that it stands in is not signed yet. */
const evidenceOf = async (id: string): Promise<unknown> => {
  for (let times = 1; ; times++) {
    try {
      return await (await client.raw(getComputationEvidence, { params: { id } })).json();
    } catch (error) {
      const early = error instanceof ProblemError && error.problem.code === 'papers.notReady';
      if (!early || times >= again.timesMax) throw error;
      await new Promise((done) => setTimeout(done, again.everyMs));
    }
  }
};

/** The figures for a spreadsheet, and in one file with what shows that they are those of the record. */
const Save = ({ use, told }: { use: Use; told: Told }) => {
  const { t } = useWords();
  const { notification } = App.useApp();
  const { columns, rows } = told;
  const name = `result-${use.id}`;
  const [waits, setWaits] = useState(false);
  const saveProof = async () => {
    setWaits(true);
    try {
      const evidence = await evidenceOf(use.id);
      download(`${name}.proof.json`, JSON.stringify(proofOf(told, evidence)), 'application/json');
    } catch (error) {
      notification.error({ title: t('table.exportFailed'), description: String(error) });
    } finally {
      setWaits(false);
    }
  };
  return (
    <>
      <p className="row">
        <Button
          size="small"
          onClick={() =>
            download(`${name}.csv`, csvOf([columns.map((one) => one.name), ...rows]), 'text/csv;charset=utf-8')
          }
        >
          {t('compute.saveCsv')}
        </Button>
        <Button size="small" disabled={!told.opening} loading={waits} onClick={() => void saveProof()}>
          {t('compute.saveProof')}
        </Button>
      </p>
      <p className="small quiet">{t(told.opening ? 'compute.saveProofText' : 'compute.noProof')}</p>
    </>
  );
};

/** What was released, with the sentence that it rests on: nobody reads the figures without it. */
const Result = ({ use, onClose }: { use: Use; onClose: () => void }) => {
  const { t, b } = useWords();
  const read = useRead(getComputationResult, { params: { id: use.id } });
  return (
    <Modal open title={t('compute.result', { number: use.number })} onCancel={onClose} footer={null} width={720}>
      <Loaded of={read}>
        {(told) => {
          const { trust, columns, rows } = told;
          return (
            <>
              {rows.length ? (
                <DataTable
                  label={t('compute.result', { number: use.number })}
                  pagination={rows.length > 20 ? { pageSize: 20 } : false}
                  rowKey="key"
                  dataSource={rows.map((row, key) => ({ key, row }))}
                  columns={columns.map(({ name, deviation }, at) => ({
                    title: deviation === null ? name : t('compute.noisy', { name, deviation: figure(deviation) }),
                    key: name,
                    render: (_: unknown, { row }: { row: (typeof rows)[number] }) => {
                      const cell = row[at];
                      return typeof cell === 'number' ? count(cell) : String(cell ?? '—');
                    },
                  }))}
                />
              ) : (
                <p>{t('compute.noRows')}</p>
              )}
              <p className="small quiet">{b(trust)}</p>
              {use.isolation ? <p className="small quiet">{t(`compute.isolation.${use.isolation}`)}</p> : null}
              <Save use={use} told={told} />
            </>
          );
        }}
      </Loaded>
    </Modal>
  );
};

/** Every use that was taken: what became of it, its result for recipients, its evidence for all parties. */
export const Uses = ({ of }: { of: Computation }) => {
  const { t, b } = useWords();
  const [shown, setShown] = useState<Use>();
  return (
    <Sheet title={t('compute.uses')}>
      {of.history.length ? (
        <DataTable
          label={t('compute.uses')}
          pagination={false}
          rowKey="id"
          dataSource={of.history}
          columns={[
            { title: t('compute.number'), dataIndex: 'number' },
            { title: t('compute.at'), render: (_, use) => <When at={use.at} /> },
            { title: t('compute.values'), render: (_, use) => Object.values(use.values).join(' ') || '—' },
            {
              title: t('case.state'),
              render: (_, use) => (
                <>
                  <StateTag list="useState" state={use.state} />
                  {use.reason ? <div className="small">{b(use.reason)}</div> : null}
                  {use.job && use.endedAt === null && of.yours.recipient ? <JobProgress id={use.job} /> : null}
                </>
              ),
            },
            {
              title: t('compute.money'),
              render: (_, { money: paid }) =>
                paid ? (
                  <>
                    {money(paid.fen)} <StateTag list="useMoney" state={paid.state} />
                    {paid.statement ? (
                      <div className="small">
                        <Link to={paths.statement(paid.statement)}>{t('compute.statement')}</Link>
                      </div>
                    ) : null}
                  </>
                ) : (
                  '—'
                ),
            },
            {
              title: t('jobs.act'),
              render: (_, use) => (
                <span className="row">
                  {use.state === 'released' && of.shares ? (
                    <span className="small">{t('compute.atOwners')}</span>
                  ) : null}
                  {use.state === 'released' && of.yours.recipient && !of.shares ? (
                    <Button size="small" onClick={() => setShown(use)}>
                      {t('compute.showResult')}
                    </Button>
                  ) : null}
                  {use.endedAt ? (
                    <a className="small" href={addressOf(getComputationEvidence.path, { id: use.id })}>
                      {t('compute.evidence')}
                    </a>
                  ) : null}
                </span>
              ),
            },
          ]}
        />
      ) : (
        <Empty title={t('compute.noUse')} />
      )}
      {shown ? <Result use={shown} onClose={() => setShown(undefined)} /> : null}
    </Sheet>
  );
};
