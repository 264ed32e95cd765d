import type { getComputation } from '@shugu/wire/compute';
import { approveOutput, getHeldOutput, getModule, refuseOutput } from '@shugu/wire/compute-modules';
import { addressOf, type Reply, useRead } from '../api.ts';
import { listMark, useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { field } from '../ui/fields.tsx';
import { count } from '../ui/format.ts';
import { Facts, Loaded, Sheet } from '../ui/frame.tsx';
import { When } from '../ui/now.tsx';

type Computation = Reply<typeof getComputation>;
type Use = Computation['history'][number];

const Output = ({ use, me }: { use: Use; me: string | undefined }) => {
  const { t, b } = useWords();
  const read = useRead(getHeldOutput, { params: { id: use.id } });
  const answered = use.answers.some(({ by }) => by.id === me);
  return (
    <Loaded of={read}>
      {({ trust, columns, rows, digest, until }) => (
        <>
          <DataTable
            label={t('compute.held', { number: use.number })}
            pagination={rows.length > 20 ? { pageSize: 20 } : false}
            rowKey="key"
            dataSource={rows.map((row, key) => ({ key, row }))}
            columns={columns.map(({ name }, at) => ({
              title: name,
              key: name,
              render: (_: unknown, { row }: { row: (typeof rows)[number] }) => {
                const cell = row[at];
                return typeof cell === 'number' ? count(cell) : String(cell ?? '—');
              },
            }))}
          />
          <p className="small quiet">{b(trust)}</p>
          <p className="mono small" style={{ overflowWrap: 'anywhere' }}>
            {digest}
          </p>
          <p>
            {t('compute.heldUntil')} <When at={until} />
          </p>
          {answered ? (
            <p>{t('compute.answered')}</p>
          ) : (
            <span className="row">
              <Action
                endpoint={approveOutput}
                label={t('compute.approve')}
                primary
                explain={<p>{t('compute.approveExplain')}</p>}
                input={() => ({ params: { id: use.id }, body: { digest } })}
              />
              <Action
                endpoint={refuseOutput}
                label={t('compute.refuse')}
                danger
                explain={<p>{t('compute.refuseExplain')}</p>}
                fields={[field('reason', 'longText', ['理由', 'Reason'], { required: true })]}
                input={(values) => ({ params: { id: use.id }, body: values as never })}
              />
            </span>
          )}
        </>
      )}
    </Loaded>
  );
};

/** Outputs that owners look at before anybody else gets them; recipients see for whom they wait. */
export const Held = ({ of, me }: { of: Computation; me: string | undefined }) => {
  const { t } = useWords();
  return of.history
    .filter(({ state }) => state === 'held')
    .map((use) => {
      const open = of.owners.filter(({ id }) => !use.answers.some(({ by }) => by.id === id)).map(({ name }) => name);
      return (
        <Sheet key={use.id} title={t('compute.held', { number: use.number })}>
          <p>{t('compute.heldFor', { names: open.join(listMark()) })}</p>
          {of.yours.owner ? <Output use={use} me={me} /> : null}
        </Sheet>
      );
    });
};

/** Columns that no rule keeps from any recipient. */
const readBy = ({ dataSets, recipients }: Computation): string => {
  const open = ({ rule, except = [] }: Computation['dataSets'][number]['columns'][number]) =>
    recipients.every(({ id }) => (except.find(({ party }) => party === id)?.rule ?? rule) === 'open');
  return dataSets
    .flatMap(({ table, columns }) => columns.filter(open).map(({ name }) => `${table}.${name}`))
    .join(listMark());
};

/** The program that runs in the place of a query, for whoever wants to look at it before signing. */
export const Module = ({ of }: { of: Computation }) => {
  const { t } = useWords();
  if (!of.module) return null;
  const { name, bytes, memoryMB, seconds, outputBytes, release } = of.module;
  return (
    <Sheet title={t('compute.module')}>
      <Facts
        items={[
          [t('compute.moduleName'), name],
          [t('compute.moduleBytes'), count(bytes)],
          [
            t('compute.moduleDigest'),
            <span key="d" className="mono small" style={{ overflowWrap: 'anywhere' }}>
              {of.query.digest}
            </span>,
          ],
          [t('compute.moduleLimits'), t('compute.moduleLimitsText', { seconds, memoryMB, bytes: count(outputBytes) })],
          [t('compute.moduleReads'), readBy(of)],
          [t('compute.moduleRelease'), t(`moduleRelease.${release}`)],
        ]}
      />
      <a href={addressOf(getModule.path, { id: of.id })}>{t('compute.moduleDownload')}</a>
    </Sheet>
  );
};
