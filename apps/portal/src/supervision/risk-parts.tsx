/** Small things that the list of warnings and the page of one have in common. */
import type { readRisk, severities } from '@shugu/wire/supervision-risk';
import { Link } from '@tanstack/react-router';
import { Tag } from 'antd';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { DataTable } from '../ui/data-table.tsx';

type Risk = Reply<typeof readRisk>;

const colours = { high: 'error', medium: 'warning', low: undefined } as const;
export const SeverityTag = ({ severity }: { severity: (typeof severities)[number] }) => {
  const { w } = useWords();
  return <Tag color={colours[severity]}>{w('severity', severity)}</Tag>;
};

/** Pages that the regulator opens; a difference, a report and a grant have none for it. */
const pageOf: Partial<Record<Risk['target']['kind'], (id: string) => string>> = {
  organisation: paths.member,
  order: paths.order,
  case: paths.case,
  directive: () => paths.directives,
};

export const RiskTarget = ({ target }: { target: Risk['target'] }) => {
  const { w } = useWords();
  const page = target.kind === 'certificate' ? paths.verifyCode(target.name) : pageOf[target.kind]?.(target.id);
  return (
    <>
      {w('riskTarget', target.kind)} {page ? <Link to={page}>{target.name}</Link> : target.name}
    </>
  );
};

export const Figures = ({ figures }: { figures: Risk['figures'] }) => {
  const { t, b, w } = useWords();
  if (figures.length === 0) return <p className="quiet">{t('risk.noFigures')}</p>;
  return (
    <DataTable
      label={t('risk.figures')}
      pagination={false}
      rowKey={(row) => row.title.zh}
      dataSource={figures}
      columns={[
        { title: t('risk.figure'), render: (_, row) => <div className="wrapped narrow">{b(row.title)}</div> },
        {
          title: t('risk.value'),
          align: 'right',
          render: (_, row) => (
            <>
              {row.value} {w('ruleUnit', row.unit)} {row.confirmed ? null : <Tag>{t('risk.unconfirmed')}</Tag>}
            </>
          ),
        },
        { title: t('risk.source'), render: (_, row) => <div className="wrapped">{row.source}</div> },
      ]}
    />
  );
};
